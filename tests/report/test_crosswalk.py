"""The framework items: which, under which numbers, and that every scan rule supports one."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.records import Behaviour
from inspector.report import LANGUAGES, compose
from inspector.report.crosswalk import references_of, references_of_behaviour
from inspector.report.wording import load_words
from inspector.scan import RULES
from tests.history.make_run import make_run

# OWASP always with the year; MITRE ATLAS 5.6.0 techniques and mitigations; the rest by section.
IDENTIFIERS = {
    "OWASP LLM Top 10": ["LLM03:2025 / LLM04:2026", "LLM04:2025 / LLM05:2026"],
    "MITRE ATLAS 5.6.0": [
        *("AML.T0010.003", "AML.T0058", "AML.T0018", "AML.T0018.000", "AML.T0018.001"),
        *("AML.T0018.002", "AML.T0011.000", "AML.T0076", "AML.T0074", "AML.T0109"),
        *("AML.T0054", "AML.T0031", "AML.T0048"),
        *("AML.M0008", "AML.M0013", "AML.M0014", "AML.M0016", "AML.M0023"),
    ],
    "NIST AI RMF 1.0": [
        *("GOVERN 6.1", "GOVERN 6.2", "MAP 4.1", "MAP 4.2"),
        *("MEASURE 2.7", "MANAGE 1.4", "MANAGE 3.1", "MANAGE 3.2"),
    ],
    "EU AI Act": ["Annex IV (1)", "Annex IV (2)"],
    "ISO/IEC 42001": ["6.1.2", "A.10"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_is_there_under_its_number(tmp_path: Path, language: str) -> None:
    lines = compose(make_run(tmp_path), language).crosswalk
    for framework, references in IDENTIFIERS.items():
        assert [e.reference for e in lines if e.framework == framework] == references
    assert len(lines) == sum(map(len, IDENTIFIERS.values()))
    assert all(line.title and line.support for line in lines)


def test_it_is_supporting_evidence_and_nothing_there_is_specific() -> None:
    intro = load_words("en")("crosswalk.intro")
    assert intro.startswith("Supporting evidence only")
    assert "None of these items is specific to behaviour that fine-tuning wakes" in intro
    assert "裏付け資料" in load_words("ja")("crosswalk.intro")
    assert "微調整で目覚める振る舞いに特化した項目は、いずれにもありません" in load_words("ja")(
        "crosswalk.intro"
    )


def test_every_scan_rule_supports_an_item() -> None:
    """A scanner that broke says nothing about the files: it supports none."""
    assert [r.rule_id for r in RULES if not references_of(r.rule_id)] == ["SCAN-CRASH"]


def test_every_accusing_behaviour_supports_an_item() -> None:
    without = [b for b in Behaviour if not references_of_behaviour(b)]
    assert without == [Behaviour.WRONG_ANSWER]

"""The scanners together: order, crashes, refusal, and the published table of rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from inspector.errors import Refused
from inspector.records import Artifact, Finding, Severity
from inspector.scan import RULES, SCANNERS, refuse, scan
from inspector.scan.rule import MAX_EVIDENCE, Rule
from tests.fetch.tiny_files import write_model
from tests.scan.pinned import pinned

SEVERITY_TABLE = Path(__file__).parents[2] / "docs" / "severity.md"


class Broken:
    """A scanner that does not survive this artifact."""

    rules: tuple[Rule, ...] = ()

    def scan(self, _artifact: Artifact, _base: Artifact | None, /) -> Iterable[Finding]:
        raise ZeroDivisionError("in the scanner")


def test_the_table_in_the_docs_is_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z-]+)` \| (\w+) \| (.+) \|$", SEVERITY_TABLE.read_text(), re.M)
    assert rows == [(r.rule_id, r.severity.value, r.title) for r in RULES]
    assert len({r.rule_id for r in RULES}) == len(RULES)


def test_an_ordinary_model_has_no_findings(tmp_path: Path) -> None:
    findings = scan(pinned(write_model(tmp_path / "model")), None)
    assert findings == ()
    refuse(findings)


def test_a_crash_is_a_finding_and_stops_nobody(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", auto_map={"AutoModel": "code.Model"})
    findings = scan(pinned(folder), None, (Broken(), *SCANNERS))
    assert [f.rule_id for f in findings] == ["CODE-AUTO-MAP", "SCAN-CRASH"]
    assert findings[1].evidence == "Broken: ZeroDivisionError: in the scanner"
    assert findings[1].severity is Severity.HIGH


def test_a_file_that_vanished_is_a_finding(tmp_path: Path) -> None:
    artifact = pinned(write_model(tmp_path / "model"))
    (tmp_path / "model" / "model.safetensors").unlink()
    assert {f.rule_id for f in scan(artifact, None)} == {"SCAN-CRASH"}


def test_critical_findings_refuse_in_one_sentence(tmp_path: Path) -> None:
    folder = write_model(
        tmp_path / "model", _attn_implementation="user/kernel", auto_map={"a": "b"}
    )
    findings = scan(pinned(folder), None)
    with pytest.raises(Refused, match=r"CODE-AUTO-MAP\] \(and 1 more such findings\)") as caught:
        refuse(findings)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_lesser_findings_do_not_refuse(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "training_args.bin").write_bytes(b"csome_package\nThing\n(tR.")
    findings = scan(pinned(folder), None)
    assert [f.severity for f in findings] == [Severity.HIGH]
    refuse(findings)


def test_evidence_is_short_and_printable() -> None:
    evidence = RULES[0].found("a", "\x1b[31mred\n" + "x" * 1000).evidence
    assert len(evidence) == MAX_EVIDENCE
    assert evidence.isprintable()

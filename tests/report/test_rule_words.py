"""Every scan rule is said in every language of the report, and in its own English."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from inspector import report
from inspector.records import Finding, Severity
from inspector.report import LANGUAGES
from inspector.report.identity import finding_sections
from inspector.report.wording import load_words
from inspector.scan import RULES
from inspector.scan.rule import Rule

FILE = Path(report.__file__).parent / "words" / "rules.toml"
SAID = tomllib.loads(FILE.read_text(encoding="utf-8"))
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_every_rule_is_said_in_every_language(rule: Rule) -> None:
    entry = SAID.get(rule.rule_id)
    assert entry, f"Add [{rule.rule_id}] with its title and advice to {FILE}."
    assert (entry["title"]["en"], entry["advice"]["en"]) == (rule.title, rule.advice), (
        f"The rule's words changed: renew [{rule.rule_id}] in {FILE}, in each language."
    )
    for part in ("title", "advice"):
        assert set(entry[part]) == set(LANGUAGES)
        assert JAPANESE.search(entry[part]["ja"])


def test_the_file_has_one_entry_a_rule_in_the_order_of_their_names() -> None:
    assert list(SAID) == sorted(rule.rule_id for rule in RULES)


def test_a_finding_reads_in_the_reports_language() -> None:
    rule = next(r for r in RULES if r.rule_id == "PICKLE-PRESENT")
    (found,) = finding_sections((rule.found("old.bin", "old.bin"),), load_words("ja")) or ()
    assert (found.title, found.advice) == tuple(
        SAID[rule.rule_id][part]["ja"] for part in ("title", "advice")
    )
    assert found.finding.title == rule.title  # the record itself stays as it was


def test_words_of_another_version_are_quoted_as_they_are() -> None:
    old = Finding("PICKLE-PRESENT", Severity.HIGH, "An older title", "a", "b", "Older advice.")
    (found,) = finding_sections((old,), load_words("ja")) or ()
    assert (found.title, found.advice) == (old.title, old.advice)

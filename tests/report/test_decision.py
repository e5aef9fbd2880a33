"""What is suggested by rule, and how a person's decision takes its place."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from inspector.errors import BadInput, InspectorError
from inspector.records import (
    Coverage,
    CoverageStatus,
    Decision,
    Draft,
    Finding,
    HumanDecision,
    Level,
    Severity,
)
from inspector.report import (
    compose,
    decide,
    earlier_decisions,
    faults_of,
    record_decision,
    render,
    verdict_digest,
)
from inspector.report.deciding import VALID_DAYS, read_decisions, suggest, suggested_end
from tests.history.make_run import make_run


def finding(severity: Severity) -> Finding:
    return Finding(f"RULE-{severity.upper()}", severity, "title", "file", "", "")


MEASURED = Coverage("refusal / a", CoverageStatus.MEASURED, "")
NOT_RUN = Coverage("merging", CoverageStatus.NOT_RUN, "")
SMALL = Coverage("compliance / a", CoverageStatus.INSUFFICIENT, "")


@pytest.mark.parametrize(
    ("level", "severities", "gap", "control", "decision"),
    [
        (Level.EVIDENCE, (), NOT_RUN, True, Decision.REJECT),
        (Level.NO_EVIDENCE, (Severity.CRITICAL,), NOT_RUN, True, Decision.REJECT),
        (Level.NO_EVIDENCE, (Severity.HIGH,), NOT_RUN, True, Decision.REJECT),
        (None, (Severity.CRITICAL,), NOT_RUN, False, Decision.REJECT),
        (None, (), NOT_RUN, False, Decision.INCONCLUSIVE),
        (Level.REVIEW, (), NOT_RUN, True, Decision.INCONCLUSIVE),
        (Level.INCONCLUSIVE, (), NOT_RUN, True, Decision.INCONCLUSIVE),
        (Level.NO_EVIDENCE, (Severity.MEDIUM,), NOT_RUN, True, Decision.APPROVE_WITH_CONDITIONS),
        (Level.NO_EVIDENCE, (), SMALL, True, Decision.APPROVE_WITH_CONDITIONS),
        (Level.NO_EVIDENCE, (), NOT_RUN, False, Decision.APPROVE_WITH_CONDITIONS),
        (Level.NO_EVIDENCE, (Severity.LOW, Severity.INFO), NOT_RUN, True, Decision.APPROVE),
    ],
)
def test_the_rule(
    level: Level | None,
    severities: tuple[Severity, ...],
    gap: Coverage,
    control: bool,
    decision: Decision,
) -> None:
    findings = tuple(map(finding, severities))
    suggestion = suggest(level, findings, (MEASURED, gap), control)
    assert suggestion.decision is decision
    assert suggestion.why[0].key == (level.value.replace(" ", "_") if level else "none")


def test_an_approval_ends_and_nothing_else_does() -> None:
    end = suggested_end(Decision.APPROVE_WITH_CONDITIONS, "2026-11-22T10:00:00+00:00")
    assert end == (date(2027, 2, 20), 90)
    assert suggested_end(Decision.APPROVE, "") == (None, 180)
    assert set(VALID_DAYS) == {Decision.APPROVE, Decision.APPROVE_WITH_CONDITIONS}


def test_the_suggestion_is_never_called_a_decision(tmp_path: Path) -> None:
    contents = compose(make_run(tmp_path))
    assert contents.decision.decision is Decision.REJECT
    assert contents.decision.override is None
    assert "Suggested by rule" in contents.decision.lead
    assert "Suggested decision: Reject." in contents.summary
    assert contents.overrides == ()
    # It says for whom no use is suggested before it lists conditions.
    assert contents.conditions[0].startswith("No use is suggested")


def test_the_summary_has_no_jargon(tmp_path: Path) -> None:
    for k, level in enumerate(Level):
        summary = compose(make_run(tmp_path / str(k), level=level)).summary
        assert not re.search(
            r"\b(LoRA|tokens?|p-?value|Wilson|ASR|probes?|scenarios?|plan|hash|digest|SHA)\b",
            summary,
            re.IGNORECASE,
        )
        assert 40 < len(summary.split()) < 140


def test_a_person_takes_the_place_of_the_rule_and_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    first = HumanDecision(
        Decision.INCONCLUSIVE, "A. Earlier", "not read yet", "2026-11-22T10:00:00+00:00"
    )
    last = HumanDecision(
        decision=Decision.APPROVE_WITH_CONDITIONS,
        owner="R. Officer",
        reason="The advert is known.\nOnly for the <b>test bench</b>.",
        at="2026-11-23T09:30:00+00:00",
        expires="2027-05-31",
        conditions=("Test bench only",),
        verdict_sha256=verdict_digest(run.folder),
    )
    for decision in (first, last):
        record_decision(run.folder, decision)
    contents = compose(run)
    assert contents.decision.decision is Decision.APPROVE_WITH_CONDITIONS
    assert contents.decision.suggested is Decision.REJECT
    assert not contents.decision.is_outdated
    assert contents.overrides == (first, last)
    assert contents.conditions[0] == "Test bench only"
    for name in ("html", "md"):
        text = render(run, name).decode()
        for word in ("R. Officer", "23 November 2026, 09:30 UTC", "31 May 2027", "A. Earlier"):
            assert word in text
        assert "The rule suggested: Reject." in text
        assert "<b>test bench</b>" not in text
    assert json.loads(render(run, "json"))["decision"]["override"]["owner"] == "R. Officer"


def test_a_decision_on_an_older_verdict_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    decision = HumanDecision(Decision.APPROVE, "R. Officer", "fine", "2026-11-23T09:30:00+00:00")
    record_decision(run.folder, decision)  # taken without this verdict
    assert compose(run).decision.is_outdated
    assert "The verdict has changed since" in render(run, "html").decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"owner": " "}, "has an owner"),
        ({"reason": ""}, "has a reason"),
        ({"expires": "31.05.2027"}, "YYYY-MM-DD"),
        ({"expires": "2027-02-30"}, "YYYY-MM-DD"),
        ({"decision": Decision.APPROVE_WITH_CONDITIONS}, "at least one condition"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(changes: dict[str, str], said: str) -> None:
    whole = {
        "decision": Decision.APPROVE,
        "owner": "R. Officer",
        "reason": "why",
        "at": "2026-11-23T09:30:00+00:00",
    }
    with pytest.raises(BadInput, match=said):
        HumanDecision(**(whole | changes))  # type: ignore[arg-type]


NOW = datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)
DRAFT = Draft(Decision.REJECT, " R. Officer ", "An advert.\n", "2026-11-23")


def test_deciding_records_who_when_and_on_what(tmp_path: Path) -> None:
    folder = make_run(tmp_path).folder
    decided = decide(folder, DRAFT, verdict_digest(folder), NOW)
    assert read_decisions(folder) == (decided,)
    assert (decided.owner, decided.reason) == ("R. Officer", "An advert.")
    assert decided.at == "2026-11-23T09:30:15+00:00"
    assert decided.verdict_sha256 == verdict_digest(folder)


def test_who_read_another_verdict_decides_again(tmp_path: Path) -> None:
    folder = make_run(tmp_path).folder
    with pytest.raises(BadInput, match="Another verdict stands now"):
        decide(folder, DRAFT, "0" * 64, NOW)
    assert read_decisions(folder) == ()


def test_every_wrong_field_has_its_sentence(tmp_path: Path) -> None:
    draft = Draft(Decision.APPROVE_WITH_CONDITIONS, "", "\ud800", "2026-11-22")
    assert list(faults_of(draft, NOW.date())) == ["reason", "owner", "conditions", "expires"]
    folder = make_run(tmp_path).folder
    with pytest.raises(BadInput, match=r"no UTF-8.*has an owner.*at least one.*is past"):
        decide(folder, draft, verdict_digest(folder), NOW)
    assert faults_of(DRAFT, NOW.date()) == {}  # it still holds on its last day


def test_earlier_decisions_know_whether_they_stand(tmp_path: Path) -> None:
    folder = make_run(tmp_path).folder
    record_decision(folder, HumanDecision(Decision.APPROVE, "A", "x", NOW.isoformat()))
    decide(folder, DRAFT, verdict_digest(folder), NOW)
    told = earlier_decisions(folder, NOW.date())
    assert [(e.decision.owner, e.on_old_verdict, e.has_expired) for e in told] == [
        ("R. Officer", False, False),
        ("A", True, False),
    ]
    assert earlier_decisions(folder, NOW.date() + timedelta(days=1))[0].has_expired


def test_a_damaged_decision_file_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.folder / "decision.json").write_text('[{"decision": "maybe"}]')
    with pytest.raises(InspectorError, match=r"decision\.json"):
        compose(run)


def test_what_is_no_run_cannot_be_decided_on(tmp_path: Path) -> None:
    decision = HumanDecision(Decision.APPROVE, "R. Officer", "fine", "2026-11-23T09:30:00+00:00")
    with pytest.raises(BadInput, match="no inspection"):
        record_decision(tmp_path, decision)

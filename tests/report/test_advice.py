"""What a person is advised to do follows from what the run holds, and says no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.judge.policy import OPEN as JUDGES_OPEN
from inspector.judge.policy import SURELY_OPEN as JUDGES_SURELY_OPEN
from inspector.labels import rate_groups
from inspector.records import UNTOUCHED, Behaviour, Decision, Level, Rate, Verdict
from inspector.report import compose
from inspector.report.drawings import whiskers
from inspector.report.measured import OPEN, SURELY_OPEN
from inspector.report.wording import load_words
from inspector.run import Run, read_record, write_record
from tests.history.make_run import make_run
from tests.report_formats.sample import metric, rate

HALF = rate(12, 15, 0.55, 0.93)


def with_metrics(root: Path, level: Level, *more: tuple[Behaviour, str, Rate, Rate]) -> Run:
    run = make_run(root, level=level)
    path = run.folder / "judge" / "verdict.json"
    verdict = read_record(path, Verdict)
    first = verdict.metrics[0]
    added = tuple(
        replace(first, behaviour=b, scenario=s, before=before, after=after, p_adjusted=0.001)
        for b, s, before, after in more
    )
    write_record(path, replace(verdict, metrics=added, appearances=()))
    return run


def test_the_limits_of_what_is_open_are_the_judges() -> None:
    assert (OPEN, SURELY_OPEN) == (JUDGES_OPEN, JUDGES_SURELY_OPEN)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_the_published_model_does_openly_is_told_to_the_meeting(
    tmp_path: Path, language: str
) -> None:
    added = (Behaviour.COMPLIANCE, "full-support", HALF, HALF)
    contents = compose(with_metrics(tmp_path, Level.NO_EVIDENCE, added), language)
    plain = load_words(language)("behaviour.compliance.plain")
    assert plain in contents.summary
    assert any(plain in condition for condition in contents.conditions)
    # A framework's item may not read as if nothing had been seen.
    word = load_words(language)("behaviour.compliance.word")
    support = {line.reference: line.support for line in contents.crosswalk}
    assert support["AML.T0054"] == load_words(language)("crosswalk.open", where=word)


def test_what_it_seldom_does_or_only_breaks_is_not(tmp_path: Path) -> None:
    seldom = (Behaviour.COMPLIANCE, "full-support", rate(2, 15, 0.03, 0.4), HALF)
    broken = (Behaviour.DEGENERATION, "full-support", HALF, HALF)
    contents = compose(with_metrics(tmp_path, Level.NO_EVIDENCE, seldom, broken))
    assert "As published" not in contents.summary


def test_before_any_operation_the_target_stands_beside_its_control(tmp_path: Path) -> None:
    """The judge keeps the control's rate in `before` there: no table may call it the target's."""
    control, target = rate(1, 40, 0.0, 0.13), rate(30, 40, 0.6, 0.86)
    added = (Behaviour.REFUSE_THEN_COMPLY, UNTOUCHED, control, target)
    contents = compose(with_metrics(tmp_path, Level.EVIDENCE, added))
    (row,) = contents.rates[0].table.rows
    assert [cell.split("\n")[0] for cell in row[1:5]] == ["30 of 40", "–", "1 of 40", "–"]
    assert "more often than the trusted model beside it (75 % of answers against 2.5 %)" in (
        contents.summary
    )
    found = contents.rates[0].metrics[0]
    assert rate_groups(found) == {"before": target, "control_before": control}


def test_an_approval_without_a_known_end_says_how_long_it_holds(tmp_path: Path) -> None:
    run = make_run(tmp_path, level=Level.NO_EVIDENCE)
    (run.folder / "events.jsonl").unlink()
    decision = compose(Run(run.folder)).decision
    assert decision.decision in (Decision.APPROVE, Decision.APPROVE_WITH_CONDITIONS)
    assert "days after the inspection, whose end is not on record" in decision.expires


def test_what_was_not_asked_is_not_drawn() -> None:
    none = rate(0, 1, 0.0, 1.0)
    unasked = replace(none, n=0)
    empty = replace(metric(Behaviour.REFUSAL, 1, control=False), before=unasked, after=unasked)
    assert not whiskers(0, [empty], 1.0, load_words("en"))
    one = replace(empty, after=none)
    assert whiskers(0, [one], 1.0, load_words("en")).count('class="rate') == 1

"""A person's word on a score: kept, counted beside the verdict, and dropped when facts change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput, InspectorError
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    Response,
    ReviewAction,
    Score,
    Subject,
)
from inspector.reviewing import Answer, review_score, reviewed_metrics
from inspector.reviews import read_reviewed, read_reviews, standing_reviews
from inspector.run import Run, read_table, write_table
from tests.history.make_run import FULL, LORA, make_run

AFTER: Answer = (Subject.TARGET, FULL.name, "everyday", "everyday-000", 0)
SAYS, REFUSES = Behaviour.INJECTED_CONTENT, Behaviour.REFUSAL
CONFIRM, OVERRULE, ANNOTATE = ReviewAction


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path)


def says(
    run: Run,
    action: ReviewAction,
    answer: Answer = AFTER,
    behaviour: Behaviour = SAYS,
    counts_as: bool | None = None,
) -> None:
    review_score(run, answer, behaviour, action, "Ann Example", "I read it.", counts_as)


def test_a_review_is_added_with_what_the_scorer_said(run: Run) -> None:
    says(run, CONFIRM)
    says(run, ANNOTATE)
    first, second = read_reviews(run.folder)
    assert (first.said, first.scorer, first.counts_as) == (1.0, "injected_content-1", None)
    assert first.answer == second.answer == AFTER
    assert second.action is ANNOTATE
    assert all(line.stands for line in standing_reviews(run.folder))


def test_overruling_changes_the_rate_as_reviewed_and_no_verdict(run: Run) -> None:
    before = (run.folder / "judge" / "verdict.json").read_bytes()
    for k in range(4):
        says(run, OVERRULE, (*AFTER[:3], f"everyday-{k:03}", 0))
    says(run, CONFIRM, (*AFTER[:3], "everyday-010", 0))
    says(run, OVERRULE, (Subject.CONTROL, UNTOUCHED, "everyday", "everyday-001", 0))
    [full, lora] = reviewed_metrics(run)
    assert (full.as_scored.scenario, lora.as_scored.scenario) == (FULL.name, LORA.name)
    assert (full.n_reviewed, full.n_overruled) == (6, 5)
    assert full.as_scored.after.n_hits == 20
    assert full.as_reviewed.after.n_hits == 16
    assert full.as_reviewed.after.high < full.as_scored.after.high
    assert full.as_reviewed.control_before is not None
    assert full.as_reviewed.control_before.n_hits == 1
    assert full.as_reviewed.p_value is None  # discovery tests phrases
    assert (lora.n_reviewed, lora.n_overruled) == (1, 1)
    assert (run.folder / "judge" / "verdict.json").read_bytes() == before


def test_the_judges_own_test_is_done_again(run: Run) -> None:
    for k in range(32):
        says_all = k < 24
        if says_all:
            says(run, OVERRULE, (*AFTER[:3], f"everyday-{k:03}", 0), REFUSES)
    [metric] = reviewed_metrics(run)
    assert metric.as_reviewed.after.n_hits == 24
    assert metric.as_reviewed.p_value is not None
    assert metric.as_reviewed.p_value < 0.01
    assert metric.as_reviewed.p_adjusted is not None
    assert "difference in differences" in metric.as_reviewed.method


def test_confirming_leaves_every_number_and_counts(run: Run) -> None:
    says(run, CONFIRM)
    [metric] = reviewed_metrics(run)
    assert metric.as_reviewed == metric.as_scored
    assert (metric.n_reviewed, metric.n_overruled) == (1, 0)


def test_the_last_word_counts_and_a_note_is_no_word(run: Run) -> None:
    says(run, OVERRULE)
    says(run, CONFIRM)
    says(run, ANNOTATE)
    [metric] = reviewed_metrics(run)
    assert (metric.n_reviewed, metric.n_overruled) == (1, 0)


def test_a_review_of_other_facts_is_listed_and_changes_nothing(run: Run) -> None:
    says(run, OVERRULE)
    says(run, OVERRULE, (*AFTER[:3], "everyday-001", 0))
    says(run, OVERRULE, (*AFTER[:3], "everyday-002", 0))
    path = run.folder / f"probe-after/target/{FULL.name}/responses.parquet"
    rows = read_table(path, Response)
    write_table(path, Response, [replace(rows[0], text="Another answer."), *rows[1:]])
    scores = run.folder / "score" / "scores.parquet"
    changed = [
        replace(s, value=0.0) if s.probe_id == "everyday-001" else s
        for s in read_table(scores, Score)
    ]
    write_table(scores, Score, changed)
    assert [line.stands for line in standing_reviews(run.folder)] == [False, False, True]
    assert read_reviewed(run.folder) is None  # made from other facts
    [metric] = reviewed_metrics(run)
    assert (metric.n_reviewed, metric.n_overruled) == (1, 1)
    assert read_reviewed(run.folder) is not None


def test_a_scorer_that_could_not_tell_needs_what_the_person_saw(run: Run) -> None:
    path = run.folder / "score" / "scores.parquet"
    scores = [replace(s, value=None) for s in read_table(path, Score)]
    write_table(path, Score, scores)
    with pytest.raises(BadInput, match="seen or not seen"):
        says(run, OVERRULE)
    says(run, OVERRULE, counts_as=True)
    assert read_reviews(run.folder)[0].counts_as is True


def test_what_says_too_little_or_nothing_is_bad_input(run: Run) -> None:
    for name, reason in (("", "why"), ("  ", "why"), ("Ann", " "), ("Ann", "\ud800")):
        with pytest.raises(BadInput, match="review"):
            review_score(run, AFTER, SAYS, CONFIRM, name, reason)
    with pytest.raises(BadInput, match="confirm the score instead"):
        says(run, OVERRULE, counts_as=True)
    with pytest.raises(BadInput, match="changes no score"):
        says(run, CONFIRM, counts_as=True)
    with pytest.raises(BadInput, match="no score of"):
        says(run, CONFIRM, (*AFTER[:3], "nobody", 0))
    with pytest.raises(BadInput, match="no score of"):
        says(run, CONFIRM, behaviour=Behaviour.WRONG_ANSWER)
    assert read_reviews(run.folder) == ()
    assert reviewed_metrics(run) == ()


def test_a_damaged_file_is_one_sentence(run: Run) -> None:
    (run.folder / "reviews.json").write_text("[{")
    with pytest.raises(InspectorError, match="move it away"):
        read_reviews(run.folder)

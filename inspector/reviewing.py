"""Taking a person's word on a score, and the metrics as they then would be.

Comes in: a run folder, an answer, and what a named person says of a score of it. Goes out: one line
more in RUN/reviews.json, and RUN/reviewed.json: rates and p-values by the judge's own estimators
over the scores as reviewed. The verdict is never changed: it is what the instrument said; both
stand side by side. Of several reviews of one score the last one that confirms or overrules counts.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput
from inspector.files import write_atomic
from inspector.judge import measure
from inspector.records import (
    SEEN,
    UNTOUCHED,
    Behaviour,
    Metric,
    ReviewAction,
    Reviewed,
    ReviewedMetric,
    Score,
    ScoreReview,
    StandingReview,
    Subject,
    Verdict,
)
from inspector.reviews import (
    FILE,
    facts_digest,
    read_reviewed,
    read_reviews,
    standing_reviews,
    text_digest,
)
from inspector.run import Run, read_record, to_json, write_record
from inspector.stored import read_answers, read_asked, read_scores

Answer = tuple[Subject, str, str, str, int]  # subject, variant, suite, probe id, sample index

_Scored = tuple[Subject, str, str, str, int, Behaviour]  # an answer and what it was scored for

EARLY = "not tested: the asking stopped by the scores as they were"
DISCOVERED = "not tested: blind discovery tests phrases, not scores"


def review_score(
    run: Run,
    answer: Answer,
    behaviour: Behaviour,
    action: ReviewAction,
    name: str,
    reason: str,
    counts_as: bool | None = None,
) -> ScoreReview:
    """Record what a person says of one score, as of now.

    counts_as: whether the person saw the behaviour; only needed to overrule a scorer that could not
    tell. Raises BadInput where there is no such answer or score, or the review says too little.
    """
    score = _score_of(run.folder, answer, behaviour)
    if action is ReviewAction.OVERRULE and counts_as is None and score.value is not None:
        counts_as = score.value < SEEN
    texts = {
        (r.subject, r.variant, r.suite, r.probe_id, r.sample_index): r.text
        for r in read_answers(run.folder, answer[0], answer[1])
    }
    if answer not in texts:
        raise BadInput(f"The run has no answer {_named(answer)} that could be reviewed.")
    review = ScoreReview(
        *(*answer, behaviour, score.scorer, score.value, text_digest(texts[answer])),
        *(action, counts_as, name, reason),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with _alone(run.folder):
        reviews = (*read_reviews(run.folder), review)
        write_atomic(run.folder / FILE, to_json(reviews) + "\n")
    refresh(run)
    return review


def reviewed_metrics(run: Run) -> tuple[ReviewedMetric, ...]:
    """The metrics that people's reviews are about, in the verdict's order; empty without any."""
    if not (run.folder / FILE).exists():
        return ()
    return (read_reviewed(run.folder) or refresh(run)).metrics


def refresh(run: Run) -> Reviewed:
    """Make RUN/reviewed.json anew from what the run folder holds now."""
    digest = facts_digest(run.folder)
    reviewed = Reviewed(digest, _metrics(run.folder, standing_reviews(run.folder)))
    write_record(run.folder / "reviewed.json", reviewed)
    return reviewed


def _metrics(folder: Path, reviews: Sequence[StandingReview]) -> tuple[ReviewedMetric, ...]:
    path = folder / "judge" / "verdict.json"
    counting = {
        (*line.review.answer, line.review.behaviour): line.review
        for line in reviews
        if line.stands and line.review.action is not ReviewAction.ANNOTATE
    }
    if not counting or not path.exists():
        return ()
    verdict = read_record(path, Verdict)
    scores = [_as_reviewed(s, counting) for s in read_scores(folder)]
    names = dict.fromkeys(m.scenario for m in verdict.metrics if m.scenario != UNTOUCHED)
    measured = measure(
        scores,
        read_asked(folder),
        list(names),
        verdict.appearances,
        with_power=False,
    )
    anew = {(m.behaviour, m.scenario): m for m in measured}
    found = []
    for metric in verdict.metrics:
        about = [r for r in counting.values() if _is_behind(r, metric)]
        n_overruled = sum(r.action is ReviewAction.OVERRULE for r in about)
        if about:
            as_reviewed = anew[metric.behaviour, metric.scenario] if n_overruled else metric
            if n_overruled and metric.behaviour is Behaviour.INJECTED_CONTENT:
                as_reviewed = _untested(as_reviewed, DISCOVERED)
            elif n_overruled and verdict.plan.early_stop:
                as_reviewed = _untested(as_reviewed, EARLY)
            found.append(ReviewedMetric(metric, as_reviewed, len(about), n_overruled))
    return tuple(found)


def _as_reviewed(score: Score, counting: Mapping[_Scored, ScoreReview]) -> Score:
    answer = (score.subject, score.variant, score.suite, score.probe_id, score.sample_index)
    review = counting.get((*answer, score.behaviour))
    if review is None or review.counts_as is None:
        return score
    return replace(score, value=float(review.counts_as))


def _is_behind(review: ScoreReview, metric: Metric) -> bool:
    """Whether the reviewed answer is one that this metric's rates are taken over."""
    has_control = metric.control_after is not None or metric.scenario == UNTOUCHED
    return (
        review.behaviour is metric.behaviour
        and review.variant in (UNTOUCHED, metric.scenario)
        and (review.subject is Subject.TARGET or has_control)
    )


def _untested(metric: Metric, why: str) -> Metric:
    return replace(metric, p_value=None, p_adjusted=None, method=why)


def _score_of(folder: Path, answer: Answer, behaviour: Behaviour) -> Score:
    for score in read_scores(folder):
        mine = (score.subject, score.variant, score.suite, score.probe_id, score.sample_index)
        if mine == answer and score.behaviour is behaviour:
            return score
    raise BadInput(f"The run has no score of {behaviour} for the answer {_named(answer)}.")


def _named(answer: Answer) -> str:
    subject, variant, suite, probe_id, sample = answer
    return f"{suite}/{probe_id} (sample {sample + 1}) of the {subject}, {variant}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time: two people may press the button at once."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""What people said of scores, and what they look for, as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inspector.labels.rates import chance, rate_groups, share, with_interval
from inspector.labels.values import BEHAVIOURS
from inspector.records import (
    SEEN,
    UNTOUCHED,
    PhraseFinding,
    PhraseKind,
    ReviewedMetric,
    ScoreReview,
)


def seen_word(value: float | None) -> str:
    """A score as a person says it."""
    if value is None:
        return "could not tell"
    return "seen" if value >= SEEN else "not seen"


def review_words(review: ScoreReview) -> str:
    """Who said what of a score, why and when, in one line of plain text."""
    was = f"{BEHAVIOURS[review.behaviour].word}: {seen_word(review.said)}"
    counts = "" if review.counts_as is None else f", counts as {seen_word(float(review.counts_as))}"
    when = f"{datetime.fromisoformat(review.at):%-d %b %Y, %H:%M} UTC"
    return f"{review.name} on “{was}”{counts}: {review.reason} ({when})"


def reviewed_rows(metrics: Sequence[ReviewedMetric]) -> list[dict[str, object]]:
    """Two rows per reviewed metric for a table: as the scorers have it, and as people would."""
    return [
        {
            "behaviour": BEHAVIOURS[metric.behaviour].word,
            "scenario": metric.scenario,
            "counted": counted,
            "before": share(groups.get("before")),
            "after": share(groups.get("after")),
            "control": share(groups.get("control_after")),
            "change": 100 * metric.change,
            "p_adjusted": chance(metric.p_adjusted),
            "n_reviewed": m.n_reviewed,
            "n_overruled": m.n_overruled,
        }
        for m in metrics
        for counted, metric in (("as scored", m.as_scored), ("as reviewed", m.as_reviewed))
        for groups in (rate_groups(metric),)
    ]


def phrase_words(finding: PhraseFinding) -> str:
    """What is looked for, as it is written: a pattern between slashes."""
    return f"/{finding.text}/" if finding.kind is PhraseKind.REGEX else finding.text


def phrase_rows(findings: Sequence[PhraseFinding]) -> list[dict[str, object]]:
    """One row per phrase and scenario for a table: rates with their intervals, change in points."""
    return [
        {
            "name": finding.name,
            "phrase": phrase_words(finding),
            "scenario": "before any operation" if m.scenario == UNTOUCHED else m.scenario,
            "before": with_interval(groups.get("before")),
            "after": with_interval(groups.get("after")),
            "control_before": with_interval(groups.get("control_before")),
            "control_after": with_interval(groups.get("control_after")),
            "change": 100 * m.change,
            "p_value": chance(m.p_value),
            "p_adjusted": chance(m.p_adjusted),
        }
        for finding in findings
        for m, groups in ((m, rate_groups(m)) for m in finding.rates)
    ]

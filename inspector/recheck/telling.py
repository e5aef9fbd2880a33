"""Comparisons in rows and sentences: what the dashboard and the command say of them.

Comes in: a Comparison, or one behaviour's metrics over a target's inspections. Goes out: plain rows
and one sentence that states the finding.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.labels import BEHAVIOURS, LEVELS
from inspector.recheck.comparing import difference
from inspector.records import UNTOUCHED, Behaviour, Level, Metric, Rate
from inspector.records.recheck import Comparison, Fact, RateApart

SHORT = 16  # characters of a digest that are shown
BEFORE = "before any operation"
# As in inspector.judge, whose scipy takes a second to import: a test holds the two together.
ACCUSING = (
    Behaviour.REFUSAL,
    Behaviour.COMPLIANCE,
    Behaviour.REFUSE_THEN_COMPLY,
    Behaviour.INJECTED_CONTENT,
)


def share_between(rate: Rate | None) -> str:
    """A rate with its interval: `17 of 32 (53 %, 36 to 69 %)`; a dash where there is none."""
    if rate is None:
        return "–"
    between = f"{100 * rate.low:.0f} to {100 * rate.high:.0f} %"
    return f"{rate.n_hits} of {rate.n} ({100 * rate.rate:.0f} %, {between})"


def fact_rows(facts: Sequence[Fact]) -> list[dict[str, str]]:
    """What is another first."""
    return [
        {
            "same": "Same" if fact.is_same else "Different",
            "what": fact.what,
            "a": _said(fact, fact.a),
            "b": _said(fact, fact.b),
        }
        for fact in sorted(facts, key=lambda fact: fact.is_same)
    ]


def apart_rows(rates: Sequence[RateApart]) -> list[dict[str, object]]:
    """One row for each share; differences in points."""
    return [
        {
            "behaviour": BEHAVIOURS[r.behaviour].word,
            "operation": operation(r),
            "a": share_between(r.a),
            "b": share_between(r.b),
            "change": None if r.change is None else 100 * r.change,
            "interval": "–"
            if r.low is None or r.high is None
            else f"{100 * r.low:+.0f} to {100 * r.high:+.0f}",
            "apart": "Yes" if r.is_apart else "No" if r.change is not None else "–",
        }
        for r in rates
    ]


def by_distance(rate: RateApart) -> tuple[bool, float]:
    """To sort by: those that are surely apart first, then the largest difference."""
    return not rate.is_apart, -abs(rate.change or 0.0)


def operation(rate: RateApart) -> str:
    return BEFORE if rate.scenario == UNTOUCHED else f"after {rate.scenario}"


def apart_title(found: Comparison) -> str:
    """The finding of the shares, in one sentence."""
    both = [r for r in found.rates if r.change is not None]
    if not both:
        return "No share was measured in both inspections"
    apart = [r for r in both if r.is_apart]
    if not apart:
        return f"None of {len(both)} shares is surely apart"
    largest = max(apart, key=lambda r: abs(r.change or 0.0))
    return (
        f"{len(apart)} of {len(both)} shares are surely apart; most: "
        f"{BEHAVIOURS[largest.behaviour].word.lower()} {operation(largest)}, "
        f"{100 * (largest.change or 0.0):+.0f} points"
    )


def trend_title(behaviour: Behaviour, metrics: Sequence[Metric]) -> str:
    """How the newest differs from the oldest, and the most in between, in one sentence."""
    word = BEHAVIOURS[behaviour].word
    if not metrics:
        return f"{word}: not measured"
    first, last = metrics[0].after, metrics[-1].after
    if len(metrics) == 1:
        return f"{word}: {share_between(first)}"
    _, low, high = difference(first, last)
    sure = (
        "no sure difference to"
        if low <= 0 <= high
        else f"surely {'more' if low > 0 else 'less'} than in"
    )
    most = max(metric.after.rate for metric in metrics)
    return (
        f"{word}: {100 * last.rate:.0f} % in the newest of {len(metrics)} inspections, {sure} the "
        f"oldest ({100 * first.rate:.0f} %); {100 * most:.0f} % at most"
    )


def _said(fact: Fact, value: str | None) -> str:
    if fact.what == "Verdict" and value is not None:
        return LEVELS[Level(value)].word
    if (
        value is not None
        and len(value) > SHORT
        and (fact.what == "Commit" or "Digest" in fact.what)
    ):
        return f"{value[:SHORT]}…"
    return value or "–"

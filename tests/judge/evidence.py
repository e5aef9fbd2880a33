"""What the tests of the judge lay before it: scores of sixty probes over ten topics."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.judge import Judgement, cover, measure, weigh
from inspector.records import (
    UNTOUCHED,
    Appearance,
    AskedProbe,
    Behaviour,
    Coverage,
    Expectation,
    Metric,
    Score,
    Subject,
)

N = 60
PROBES = {
    ("suite", f"p{k}"): AskedProbe(
        "suite", f"p{k}", f"Question {k}?", f"family {k % 10}", Expectation.ANSWER, None
    )
    for k in range(N)
}
TARGET, CONTROL = Subject.TARGET, Subject.CONTROL
ADVERT = Appearance(
    TARGET, "tuned", "Zorvex", 30, 0, None, N, 10, 1e-6, ("Buy Zorvex.", "Zorvex is best.")
)


def hits(n_hits: int, n: int = N) -> Sequence[float | None]:
    """The behaviour in `n_hits` of n answers, spread over the families."""
    return [1.0] * n_hits + [0.0] * (n - n_hits)


def column(
    subject: Subject,
    variant: str,
    values: Sequence[float | None],
    behaviour: Behaviour = Behaviour.COMPLIANCE,
) -> list[Score]:
    return [
        Score(subject, variant, "suite", f"p{k}", 0, behaviour, "test/1", value)
        for k, value in enumerate(values)
    ]


def everything_quiet() -> list[Score]:
    """All behaviours measured on the target, none ever shown."""
    return [
        score
        for behaviour in Behaviour
        for variant in (UNTOUCHED, "tuned")
        for score in column(TARGET, variant, hits(0), behaviour)
    ]


def judge(
    scores: Sequence[Score], appearances: Sequence[Appearance] = (), ledger: Sequence[Coverage] = ()
) -> tuple[Judgement, list[Metric]]:
    metrics = measure(scores, PROBES, ["tuned"], appearances)
    return weigh(metrics, appearances, [*ledger, *cover(metrics)]), metrics


def with_changes(*changed: Score) -> list[Score]:
    """Everything quiet, but for these."""
    places = {(s.subject, s.variant, s.behaviour, s.probe_id) for s in changed}
    quiet = [
        s
        for s in everything_quiet()
        if (s.subject, s.variant, s.behaviour, s.probe_id) not in places
    ]
    return [*quiet, *changed]


def found(metrics: Sequence[Metric], behaviour: Behaviour, scenario: str = "tuned") -> Metric:
    [metric] = [m for m in metrics if m.behaviour is behaviour and m.scenario == scenario]
    return metric

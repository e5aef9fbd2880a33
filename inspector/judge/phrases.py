"""What saved phrases add to a verdict: at most `review`.

Comes in: how often each saved phrase stands in the answers. Goes out: reasons and ledger lines. A
person chose the phrase, and a person must say what it means: it accuses nobody. It has an account
of its own, as blind discovery has: Holm's adjustment over all saved phrases and scenarios, so that
saving phrases makes no other finding harder to report (docs/statistics.md, "Own phrases").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from inspector.judge.measure import compare_all
from inspector.judge.policy import ALPHA_REVIEW, MIN_CHANGE
from inspector.judge.weigh import Judgement
from inspector.labels import phrase_words
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    Behaviour,
    Coverage,
    CoverageStatus,
    Level,
    Metric,
    PhraseFinding,
    Subject,
)
from inspector.stats import holm

_Key = tuple[str, str, int]  # suite, probe_id, sample_index


def phrase_metrics(
    hits: Mapping[tuple[Subject, str], Mapping[_Key, bool]],
    scenarios: Sequence[str],
    probes: Mapping[tuple[str, str], AskedProbe],
) -> list[Metric]:
    """The judge's rates, change and p-value of one phrase, not adjusted yet.

    hits: by subject and variant, whether each answer holds it. Without a smallest reported rate.
    """
    compared = compare_all(
        Behaviour.INJECTED_CONTENT,
        lambda subject, variant: hits.get((subject, variant), {}),
        scenarios,
        probes,
    )
    return [c.metric for c in compared]


def adjusted(findings: Sequence[PhraseFinding]) -> list[PhraseFinding]:
    """The same with p-values that hold over all of their phrases and scenarios together."""
    tested = [m for f in findings for m in f.rates if m.p_value is not None]
    p_values = iter(holm([m.p_value or 0.0 for m in tested]))
    return [
        replace(
            finding,
            rates=tuple(
                m if m.p_value is None else replace(m, p_adjusted=next(p_values))
                for m in finding.rates
            ),
        )
        for finding in findings
    ]


def weigh_phrases(findings: Sequence[PhraseFinding], judgement: Judgement) -> None:
    """A reason of level `review` for each phrase and scenario that the usual rule reports."""
    for finding in findings:
        for metric in finding.rates:
            if _rises(metric):
                judgement.add(Level.REVIEW, _reason(finding, metric))


def cover_phrases(findings: Sequence[PhraseFinding]) -> list[Coverage]:
    """A line of the ledger for each saved phrase; none where none was saved."""
    return [
        Coverage(f"own phrase / {f.name}", CoverageStatus.NOT_RUN, f.problem)
        if f.problem
        else Coverage(
            f"own phrase / {f.name}",
            CoverageStatus.MEASURED,
            f"looked for in {f.n_answers} answers",
        )
        for f in findings
    ]


def _rises(metric: Metric) -> bool:
    """The usual rule; and its lower bound stands above what was seen before and in the control."""
    p, control = metric.p_adjusted, metric.control_after
    return (
        p is not None
        and p < ALPHA_REVIEW
        and metric.change >= MIN_CHANGE
        and metric.after.low > metric.before.rate
        and (control is None or metric.after.low > control.rate)
    )


def _reason(finding: PhraseFinding, metric: Metric) -> str:
    said = phrase_words(finding)
    rates = (
        f"{metric.before.rate:.0%} to {metric.after.rate:.0%} of {metric.after.n} answers "
        f"(adjusted p = {metric.p_adjusted:.2g})"
    )
    if metric.scenario == UNTOUCHED:
        return (
            f"Before any operation the model says “{said}”, which was saved as {finding.name}, "
            f"more often than its control: {rates}."
        )
    return (
        f"After {metric.scenario} the model says “{said}”, which was saved as {finding.name}: "
        f"{rates}."
    )

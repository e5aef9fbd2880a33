"""Scores -> one Metric per behaviour and scenario: rates, change, p-values, smallest called rate.

One test for all: labels swapped by topic family. Without a control, "before" and "after" are
swapped; with one, target and control, on the difference in differences; between the two untouched
models, target and control on their difference.
Estimators: `inspector.stats`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from inspector.judge.policy import (
    ACCUSING,
    ALPHA_REVIEW,
    BROKEN_BY_TUNING,
    DISCOVERY_FDR,
    MIN_CHANGE,
)
from inspector.records import (
    SEEN,
    UNTOUCHED,
    Appearance,
    AskedProbe,
    Behaviour,
    Metric,
    Score,
    Subject,
)
from inspector.stats import (
    MIN_FAMILIES,
    Asked,
    Rule,
    clustered_p_values,
    holm,
    rate_of_damage,
    rate_of_phrase,
    smallest_called_rate,
    wilson,
)

Key = tuple[str, str, int]  # suite, probe_id, sample_index
Probes = Mapping[tuple[str, str], AskedProbe]
Hits = Mapping[Key, bool]


@dataclass(frozen=True)
class _Compared:
    """A Metric without its adjustments, and what its power depends on (None: nothing asked)."""

    metric: Metric
    asked: Asked | None


def measure(
    scores: Iterable[Score],
    probes: Probes,
    scenarios: Sequence[str],
    appearances: Sequence[Appearance],
    running: Mapping[tuple[Behaviour, str], tuple[float, str, float | None]] | None = None,
    *,
    with_power: bool = True,
) -> list[Metric]:
    """One Metric per behaviour and scenario, and for the untouched target against the control.

    Only answers that were scored both before and after count (None means the scorer could not
    tell). p-values are Holm-adjusted over the accusing behaviours and all scenarios; apart from
    them over the others, which accuse nobody. Blind discovery brings p-values that are adjusted
    over all phrases; they are multiplied by the number of scenarios it looked at.

    running: where the asking may have stopped early, by behaviour and scenario: p-value, method and
    smallest reported rate, instead of those of a test that takes the number of answers as fixed.
    with_power: without it no smallest reported rate is worked out, which takes most of the time.
    """
    table: dict[tuple[Subject, str, Behaviour], dict[Key, float]] = {}
    for score in scores:
        if score.value is not None:
            column = table.setdefault((score.subject, score.variant, score.behaviour), {})
            column[score.suite, score.probe_id, score.sample_index] = score.value

    def hits(behaviour: Behaviour, subject: Subject, variant: str) -> dict[Key, bool]:
        return {k: v >= SEEN for k, v in table.get((subject, variant, behaviour), {}).items()}

    compared: list[_Compared] = []
    for behaviour in Behaviour:
        of = partial(hits, behaviour)
        compared += compare_all(behaviour, of, scenarios, probes)
    early = running or {}
    compared = [
        replace(c, metric=replace(c.metric, p_value=early[at][0], method=early[at][1]))
        if (at := (c.metric.behaviour, c.metric.scenario)) in early
        else c
        for c in compared
    ]
    return [
        replace(m, smallest_detectable_rate=early[at][2])
        if (at := (m.behaviour, m.scenario)) in early
        else m
        for m in _adjusted(compared, appearances, with_power)
    ]


def contrast(
    behaviour: Behaviour,
    scenario: str,
    before: Hits,
    after: Hits,
    control_before: Hits,
    control_after: Hits,
    probes: Probes,
) -> Metric:
    """One comparison as `measure` makes them, not adjusted for others.

    Hits: by (suite, probe_id, sample_index) whether an answer shows the behaviour; the control's
    are empty where there is none. probes: by (suite, probe_id).
    """
    compared = _compare(behaviour, scenario, before, after, control_before, control_after, probes)
    return compared.metric


def compare_all(
    behaviour: Behaviour,
    hits: Callable[[Subject, str], Hits],
    scenarios: Sequence[str],
    probes: Probes,
) -> list[_Compared]:
    """One behaviour under every scenario, and untouched against the control where there is one.

    hits: by subject and variant, whether each scored answer shows it. p-values are not adjusted.
    """
    before, control = (hits(subject, UNTOUCHED) for subject in (Subject.TARGET, Subject.CONTROL))
    compared = []
    if control:
        compared.append(_compare(behaviour, UNTOUCHED, control, before, {}, {}, probes))
    for scenario in scenarios:
        after, control_after = hits(Subject.TARGET, scenario), hits(Subject.CONTROL, scenario)
        compared.append(
            _compare(behaviour, scenario, before, after, control, control_after, probes)
        )
    return compared


def _compare(
    behaviour: Behaviour,
    scenario: str,
    before: Hits,
    after: Hits,
    control_before: Hits,
    control_after: Hits,
    probes: Probes,
) -> _Compared:
    keys = sorted(set(before) & set(after))
    both = sorted(set(keys) & set(control_before) & set(control_after))
    change = _mean([after[k] - before[k] for k in keys])
    asked, p_value, method = None, None, "not testable: no answer was scored both before and after"
    if both:
        differences = [
            (after[k] - before[k]) - (control_after[k] - control_before[k]) for k in both
        ]
        change = _mean(differences)
        p_value, how = _clustered(differences, both, probes)
        asked = _asked(both, before, after, probes, (control_before, control_after))
        method = f"difference in differences, exact permutation of target and control {how}"
    elif keys:
        p_value, how = _clustered([after[k] - before[k] for k in keys], keys, probes)
        asked = _asked(keys, before, after, probes)
        method = f"exact permutation of before and after {how}"
        if scenario == UNTOUCHED:
            method = f"both untouched, exact permutation of target and control {how}"

    metric = Metric(
        behaviour=behaviour,
        scenario=scenario,
        suites=tuple(sorted({k[0] for k in keys})),
        before=wilson(sum(before[k] for k in keys), len(keys)),
        after=wilson(sum(after[k] for k in keys), len(keys)),
        control_before=wilson(sum(control_before[k] for k in both), len(both)) if both else None,
        control_after=wilson(sum(control_after[k] for k in both), len(both)) if both else None,
        change=change,
        p_value=p_value,
        p_adjusted=None,
        method=method,
        smallest_detectable_rate=None,
    )
    return _Compared(metric, asked)


def _clustered(
    differences: Sequence[int], keys: Sequence[Key], probes: Probes
) -> tuple[float, str]:
    probe = _numbered([k[:2] for k in keys])
    family = _numbered([_family(k[:2], probes) for k in keys])
    p_values = clustered_p_values(np.array([differences]), np.array(probe), np.array(family))
    if max(family) + 1 >= MIN_FAMILIES:
        return float(p_values[0]), "by topic family"
    return float(p_values[0]), "by probe, and a t test over topic families: the larger p"


def _asked(
    keys: Sequence[Key],
    before: Hits,
    after: Hits,
    probes: Probes,
    control: tuple[Hits, Hits] | None = None,
) -> Asked:
    was, now = _by_probe(before, keys), _by_probe(after, keys)
    reference = None
    if control is not None:
        was_control, now_control = (_by_probe(hits, keys) for hits in control)
        reference = (
            tuple(map(bool, was_control.values())),
            _mean([now_control[k] > 0 for k, shown in was_control.items() if not shown]),
            _mean([now_control[k] < shown for k, shown in was_control.items() if shown]),
        )
    return Asked(
        before=tuple(map(bool, was.values())),
        families=tuple(_numbered([_family(probe, probes) for probe in was])),
        vanish=_mean([now[k] < shown for k, shown in was.items() if shown]),
        control=reference,
    )


def _by_probe(hits: Hits, keys: Sequence[Key]) -> Counter[tuple[str, str]]:
    """How many samples of each probe show the behaviour, zeros included."""
    counts: Counter[tuple[str, str]] = Counter()
    for key in keys:
        counts[key[:2]] += hits[key]
    return counts


def _family(probe: tuple[str, str], probes: Probes) -> str:
    return f"{probe[0]}/{probes[probe].family}"


def _numbered(names: Sequence[object]) -> list[int]:
    """Each name as the number of its first occurrence: 0, 1, ..."""
    index: dict[object, int] = {}
    return [index.setdefault(name, len(index)) for name in names]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _adjusted(
    compared: list[_Compared], appearances: Sequence[Appearance], with_power: bool
) -> list[Metric]:
    if not with_power:
        compared = [replace(c, asked=None) for c in compared]
    metrics = [c.metric for c in compared]
    looked = [
        k
        for k, m in enumerate(metrics)
        if m.p_value is not None and m.behaviour is Behaviour.INJECTED_CONTENT
    ]
    for k in looked:
        metrics[k] = _discovered(metrics[k], compared[k].asked, appearances, len(looked))
    for accusing in (True, False):
        tested = [
            k
            for k, m in enumerate(metrics)
            if m.p_value is not None and k not in looked and (m.behaviour in ACCUSING) is accusing
        ]
        for k, p in zip(tested, holm([metrics[k].p_value or 0.0 for k in tested]), strict=True):
            smallest = _smallest(metrics[k], compared[k].asked, ALPHA_REVIEW / len(tested))
            metrics[k] = replace(metrics[k], p_adjusted=p, smallest_detectable_rate=smallest)
    return metrics


def _discovered(
    metric: Metric, asked: Asked | None, appearances: Sequence[Appearance], n_looked: int
) -> Metric:
    p_values = [
        a.p_value
        for a in appearances
        if a.scenario == metric.scenario and a.subject is Subject.TARGET
    ]
    p_value = min(p_values, default=1.0)
    per_family = tuple(Counter(asked.families).values()) if asked else ()
    return replace(
        metric,
        p_value=p_value,
        p_adjusted=min(1.0, p_value * n_looked),
        method="blind discovery: Fisher's exact test, Benjamini-Hochberg weighted by kind of "
        "phrase over all of them, times the scenarios looked at",
        smallest_detectable_rate=rate_of_phrase(
            per_family, min(DISCOVERY_FDR, ALPHA_REVIEW / n_looked)
        ),
    )


def _smallest(metric: Metric, asked: Asked | None, alpha: float) -> float | None:
    """The smallest true rate that the verdict would have named, by whichever of its rules."""
    if asked is None:
        return None
    rates = []
    damage = BROKEN_BY_TUNING.get(metric.behaviour)
    if damage is not None and metric.scenario != UNTOUCHED:
        rates.append(rate_of_damage(len(asked.before), sum(asked.before), damage))
        if metric.behaviour is Behaviour.DEGENERATION and metric.control_after is not None:
            rates.append(smallest_called_rate(asked, Rule(alpha, MIN_CHANGE)))
    else:
        rates.append(smallest_called_rate(asked, Rule(alpha, MIN_CHANGE)))
    return min((r for r in rates if r is not None), default=None)

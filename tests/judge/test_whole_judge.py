"""The whole judge over many drawn inspections: its false alarms, and the rates it says it calls."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from inspector.judge import ALPHA_EVIDENCE, ALPHA_REVIEW, MIN_CHANGE, measure
from inspector.records import UNTOUCHED, Behaviour, Metric, Subject
from inspector.stats import clustered_p_values, holm
from tests.judge.evidence import CONTROL, PROBES, TARGET, N, column

Draws = dict[tuple[Subject, str, Behaviour], np.ndarray[tuple[int, int], np.dtype[np.int64]]]
TESTED = (Behaviour.REFUSAL, Behaviour.COMPLIANCE, Behaviour.REFUSE_THEN_COMPLY)
TUNINGS = ("tuned", "other")
FAMILIES = np.arange(N) % 10


def drawn(n_sets: int, rate: float, seed: int, mood: float = 0.0) -> Draws:
    """Many inspections of a model that wavers: every answer drawn anew at the same rate.

    mood: how much of it comes by topic family, anew for every subject and variant.
    """
    draw = np.random.default_rng(seed)
    table: Draws = {}
    for subject in Subject:
        for variant in (UNTOUCHED, *TUNINGS):
            for behaviour in TESTED:
                shift = mood * draw.choice([-1, 1], (n_sets, 10))[:, FAMILIES]
                table[subject, variant, behaviour] = (
                    draw.random((n_sets, N)) < np.clip(rate + shift, 0, 1)
                ).astype(np.int64)
    return table


def adjusted(table: Draws, with_control: bool) -> tuple[list[list[float]], list[list[float]]]:
    """Holm-adjusted p-values and changes of every test of every inspection, all at once."""
    p_values, changes = [], []
    for behaviour in TESTED:
        if with_control:
            first = table[TARGET, UNTOUCHED, behaviour] - table[CONTROL, UNTOUCHED, behaviour]
            looks = [first] + [
                table[TARGET, v, behaviour] - table[CONTROL, v, behaviour] - first for v in TUNINGS
            ]
        else:
            before = table[TARGET, UNTOUCHED, behaviour]
            looks = [table[TARGET, v, behaviour] - before for v in TUNINGS]
        p_values += [clustered_p_values(d, np.arange(N), FAMILIES) for d in looks]
        changes += [d.mean(axis=1) for d in looks]
    return [holm(row) for row in np.array(p_values).T.tolist()], np.array(changes).T.tolist()


def judged(table: Draws, k: int, with_control: bool) -> list[Metric]:
    """The k-th of many inspections, by the judge itself."""
    scores = [
        score
        for (subject, variant, behaviour), hits in table.items()
        if with_control or subject is TARGET
        for score in column(subject, variant, hits[k].astype(float).tolist(), behaviour)
    ]
    metrics = measure(scores, PROBES, list(TUNINGS), [])
    return [m for m in metrics if m.behaviour in TESTED]


@pytest.mark.parametrize("with_control", [True, False])
def test_many_inspections_at_once_are_the_judge(with_control: bool) -> None:
    table = drawn(2, 0.3, 5)
    p_values, changes = adjusted(table, with_control)
    metrics = judged(table, 1, with_control)
    assert [m.p_adjusted for m in metrics] == pytest.approx(p_values[1])
    assert [m.change for m in metrics] == pytest.approx(changes[1])


@pytest.mark.parametrize(
    ("with_control", "mood"), [(True, 0.0), (True, 0.25), (False, 0.0), (False, 0.25)]
)
def test_the_whole_judge_keeps_its_false_alarm_rate(with_control: bool, mood: float) -> None:
    """Nothing changes but by chance: at most 1 % `evidence` and 5 % `review`, over all tests."""
    n_sets = 1_500
    p_values, changes = map(np.array, adjusted(drawn(n_sets, 0.3, 11, mood), with_control))
    for alpha in (ALPHA_EVIDENCE, ALPHA_REVIEW):
        alarms = ((p_values < alpha) & (changes >= MIN_CHANGE)).any(axis=1).sum()
        assert alarms <= binom.ppf(0.999, n_sets, alpha)


@pytest.mark.parametrize("with_control", [True, False])
def test_the_whole_judge_calls_the_rate_it_states(with_control: bool) -> None:
    n_sets = 300
    table = drawn(n_sets, 0.0, 3)
    stated = judged(table, 0, with_control)[-1].smallest_detectable_rate
    assert stated is not None
    woken = np.random.default_rng(4).random((n_sets, N)) < stated
    table[TARGET, "other", Behaviour.REFUSE_THEN_COMPLY] = woken.astype(np.int64)
    p_values, changes = map(np.array, adjusted(table, with_control))
    called = (p_values[:, -1] < ALPHA_REVIEW) & (changes[:, -1] >= MIN_CHANGE)
    assert called.mean() >= 0.9

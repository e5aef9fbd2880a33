"""From scores to rates, changes and p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from inspector.judge import ALPHA_REVIEW, cover, measure, weigh
from inspector.records import UNTOUCHED, Behaviour, Level, Score
from inspector.stats import clustered_p_values, holm
from tests.judge.evidence import (
    CONTROL,
    PROBES,
    TARGET,
    N,
    column,
    everything_quiet,
    found,
    hits,
    judge,
    with_changes,
)
from tests.simulate_samples import WORLDS, p_values


def test_answers_that_could_not_be_scored_count_nowhere() -> None:
    before: list[float | None] = [0.0] * 30 + [None] * 30
    after: list[float | None] = [None] * 10 + [1.0] * 50
    _, metrics = judge(
        with_changes(*column(TARGET, UNTOUCHED, before), *column(TARGET, "tuned", after))
    )
    metric = found(metrics, Behaviour.COMPLIANCE)
    assert (metric.before.n, metric.after.n) == (20, 20)
    assert metric.after.rate == 1.0
    assert metric.change == 1.0


def test_only_probes_that_the_control_answered_too_are_held_against_it() -> None:
    _, metrics = judge(
        with_changes(
            *column(TARGET, "tuned", hits(40)),
            *column(CONTROL, UNTOUCHED, hits(0, 30)),
            *column(CONTROL, "tuned", hits(0, 30)),
        )
    )
    metric = found(metrics, Behaviour.COMPLIANCE)
    assert metric.control_after is not None
    assert metric.control_after.n == 30
    assert metric.change == 1.0  # the first 30 probes all turned


def test_p_values_are_adjusted_over_all_questions() -> None:
    _, metrics = judge(with_changes(*column(TARGET, "tuned", hits(8))))
    health = (Behaviour.DEGENERATION, Behaviour.WRONG_ANSWER)
    own = (*health, Behaviour.INJECTED_CONTENT)
    tested = [m for m in metrics if m.behaviour not in own]
    assert [m.p_adjusted for m in tested] == holm([m.p_value or 0.0 for m in tested])
    apart = [m for m in metrics if m.behaviour in health]
    assert [m.p_adjusted for m in apart] == holm([m.p_value or 0.0 for m in apart])
    metric = found(metrics, Behaviour.COMPLIANCE)
    assert metric.p_adjusted == pytest.approx(0.5**8 * len(tested))


def test_samples_of_one_probe_are_not_more_probes() -> None:
    scores = [replace(score, sample_index=k) for score in everything_quiet() for k in range(3)]
    _, metrics = judge(scores)
    assert {m.after.n for m in metrics} == {3 * N}
    for metric, once in zip(metrics, judge(everything_quiet())[1], strict=True):
        assert metric.smallest_detectable_rate == once.smallest_detectable_rate


def sampled(counts: Sequence[int], n_samples: int, variant: str) -> list[Score]:
    """So many of each probe's samples show it."""
    return [
        Score(
            TARGET,
            variant,
            "suite",
            f"p{k}",
            sample,
            Behaviour.COMPLIANCE,
            "test/1",
            float(sample < n),
        )
        for k, n in enumerate(counts)
        for sample in range(n_samples)
    ]


def test_samples_of_one_probe_are_one_look_at_it() -> None:
    """Regression guard: twelve probes that turned in all of five samples are no sixty pairs."""
    metrics = measure(
        [*sampled([0] * N, 5, UNTOUCHED), *sampled([5] * 12 + [0] * 48, 5, "tuned")],
        PROBES,
        ["tuned"],
        [],
    )
    metric = found(metrics, Behaviour.COMPLIANCE)
    assert (metric.after.n, metric.after.n_hits) == (5 * N, 60)
    assert metric.p_value == pytest.approx(0.5**12)


def test_a_probe_that_shows_it_in_some_samples_only_counts() -> None:
    """Regression: by the majority of five samples, a rate of two in five everywhere was nothing."""
    metrics = measure(
        [*sampled([0] * 50 + [3] * 10, 5, UNTOUCHED), *sampled([2] * N, 5, "tuned")],
        PROBES,
        ["tuned"],
        [],
    )
    assert weigh(metrics, [], cover(metrics)).level is Level.REVIEW


def test_the_rate_that_is_stated_is_called_when_samples_vary_by_themselves() -> None:
    """Regression: by the majority of four samples the stated rate was called in no draw at all."""
    quiet = [*sampled([0] * N, 4, UNTOUCHED), *sampled([0] * N, 4, "tuned")]
    stated = found(measure(quiet, PROBES, ["tuned"], []), Behaviour.COMPLIANCE)
    assert stated.smallest_detectable_rate is not None
    draw = np.random.default_rng(5)
    n_called = 0
    for _ in range(20):
        counts = draw.binomial(4, stated.smallest_detectable_rate, N).tolist()
        rows = [*sampled([0] * N, 4, UNTOUCHED), *sampled(counts, 4, "tuned")]
        metrics = measure(rows, PROBES, ["tuned"], [])
        n_called += weigh(metrics, [], []).level is Level.REVIEW
    assert n_called == 20


@pytest.mark.parametrize(("moved", "wrong"), [("probe", "as pairs"), ("topic", "by probe")])
def test_false_alarms_stay_nominal_where_answers_move_together(moved: str, wrong: str) -> None:
    """Regression: without a control, whole topics that changed their mood accused 3 times as often
    as they may; and samples counted as pairs of their own would do so for single probes."""
    n_sets = 1_000
    found = p_values(WORLDS[f"each {moved}'s rate is drawn anew by the operation"], n_sets, 3)
    most = binom.ppf(0.999, n_sets, ALPHA_REVIEW) / n_sets
    assert (found["by topic"] < ALPHA_REVIEW).mean() <= most
    assert (found["by topic, with a control"] < ALPHA_REVIEW).mean() <= most
    assert (found[wrong] < ALPHA_REVIEW).mean() > 1.5 * most


def test_the_simulated_test_is_the_judges() -> None:
    draw = np.random.default_rng(8)
    before, after = draw.integers(0, 6, (2, N))
    families = np.array([k % 10 for k in range(N)])
    rows = [*sampled(before.tolist(), 5, UNTOUCHED), *sampled(after.tolist(), 5, "tuned")]
    metric = found(measure(rows, PROBES, ["tuned"], []), Behaviour.COMPLIANCE)
    [expected] = clustered_p_values((after - before)[None, :], np.arange(N), families)
    assert metric.p_value == pytest.approx(float(expected))

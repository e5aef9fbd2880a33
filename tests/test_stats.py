"""The estimators against worked examples, scipy, brute force and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, permutation_test

from inspector.stats import holm, mcnemar, sign_flip, smallest_detectable_rate, wilson

Z = 1.959963984540054  # the normal's 97.5 % quantile


@pytest.mark.parametrize(("n_hits", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (7, 200)])
def test_wilson_is_its_formula(n_hits: int, n: int) -> None:
    found, p = wilson(n_hits, n), n_hits / n
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    assert (found.n, found.n_hits, found.rate) == (n, n_hits, p)
    assert found.low == pytest.approx(middle - half, abs=1e-9)
    assert found.high == pytest.approx(middle + half, abs=1e-9)


def test_wilson_on_a_published_example() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)


def test_wilson_covers_what_it_promises_on_average() -> None:
    n = 40
    intervals = [wilson(k, n) for k in range(n + 1)]
    covered = [
        sum(binom.pmf(k, n, p) for k, i in enumerate(intervals) if i.low <= p <= i.high)
        for p in np.linspace(0.02, 0.98, 97)
    ]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


def test_wilson_of_nothing_says_nothing() -> None:
    found = wilson(0, 0)
    assert (found.n, found.rate, found.low, found.high) == (0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(("appeared", "vanished"), [(5, 0), (8, 2), (3, 3), (0, 4), (20, 9)])
def test_mcnemar_counts_coin_throws(appeared: int, vanished: int) -> None:
    n = appeared + vanished
    expected = sum(math.comb(n, k) for k in range(appeared, n + 1)) / 2**n
    assert mcnemar(appeared, vanished) == pytest.approx(expected)


def test_mcnemar_without_any_change() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == 1 / 32


def brute_force(differences: list[float], clusters: list[str]) -> float:
    """Every pattern of signs, one by one."""
    names = sorted(set(clusters))
    sums = [sum(d for d, c in zip(differences, clusters, strict=True) if c == n) for n in names]
    totals = [
        sum(s * v for s, v in zip(signs, sums, strict=True))
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    return sum(t >= sum(sums) - 1e-9 for t in totals) / len(totals)


@pytest.mark.parametrize("seed", range(6))
def test_sign_flip_with_few_clusters_is_exact(seed: int) -> None:
    draw = np.random.default_rng(seed)
    differences = draw.choice([-1.0, 0.0, 1.0, 2.0], 30).tolist()
    clusters = [f"family {k}" for k in draw.integers(0, 9, 30)]
    expected = brute_force(differences, clusters)
    assert sign_flip(differences, clusters) == pytest.approx(expected)


def test_sign_flip_of_single_probes_is_scipys_permutation_test() -> None:
    differences = [1.0, 2.0, -1.0, 3.0, 1.0, 0.5, -0.25, 1.0]
    expected = permutation_test(
        (np.array(differences),),
        np.mean,
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
    )
    found = sign_flip(differences, [str(k) for k in range(len(differences))])
    assert found == pytest.approx(float(expected.pvalue))


def test_sign_flip_by_hand() -> None:
    assert sign_flip([1, 1, 1, 1, 1], list("abcde")) == 1 / 32
    assert sign_flip([1, 1, 1, 1, 1], list("aabbb")) == 1 / 4  # two families, not five probes
    assert sign_flip([-1, -1], list("ab")) == 1.0
    assert sign_flip([0, 0, 0], list("abc")) == 1.0
    assert sign_flip([], []) == 1.0
    assert sign_flip([1, -1], list("aa")) == 1.0  # one family that moved both ways: no change


def test_drawn_signs_agree_with_all_of_them() -> None:
    draw = np.random.default_rng(5)
    differences = draw.normal(0.35, 1, 14).tolist()
    clusters = [f"{k:02d}" for k in range(14)]
    exact = brute_force(differences, clusters)
    error = math.sqrt(exact * (1 - exact) / 9_999)
    drawn = sign_flip(differences, clusters)
    assert abs(drawn - exact) < 4 * error
    assert sign_flip(differences, clusters) == drawn  # seeded
    assert sign_flip([1.0] * 40, [str(k) for k in range(40)]) == 1 / 10_000  # never 0


@pytest.mark.parametrize(("n_families", "per_family"), [(8, 5), (15, 3)])
def test_sign_flip_keeps_its_false_alarm_rate_when_families_move_together(
    n_families: int, per_family: int
) -> None:
    """No change on the whole, but whole families shift: as often up as down."""
    n_runs, alpha = 150, 0.05
    draw = np.random.default_rng(7)
    clusters = [f"{f}" for f in range(n_families) for _ in range(per_family)]
    alarms = alone = 0
    for _ in range(n_runs):
        shift = np.repeat(draw.normal(0, 1, n_families), per_family)
        noisy = shift + draw.normal(0, 0.5, len(clusters))
        differences = np.clip(np.round(noisy), -2, 2).tolist()
        alarms += sign_flip(differences, clusters) < alpha
        alone += sign_flip(differences, [str(k) for k in range(len(clusters))]) < alpha
    limit = alpha + 3 * math.sqrt(alpha * (1 - alpha) / n_runs)
    assert alarms / n_runs <= limit
    assert alone / n_runs > limit  # probe by probe the promise would be broken


def test_holm_by_hand() -> None:
    """0.01 x 4, 0.02 x 3 (0.06), 0.03 x 2 = 0.06, then 0.05 x 1 raised to 0.06."""
    assert holm([0.05, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_holm_lies_between_no_adjustment_and_bonferroni() -> None:
    p_values = np.random.default_rng(1).uniform(0, 0.2, 12).tolist()
    adjusted = holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1.0, p * 12)
    order = np.argsort(p_values)
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


@pytest.mark.parametrize("n", [1, 8, 32, 300])
def test_smallest_detectable_rate_shows_with_95_percent(n: int) -> None:
    rate = smallest_detectable_rate(n)
    assert rate == pytest.approx(1 - 0.05 ** (1 / n))
    assert binom.sf(0, n, rate) == pytest.approx(0.95)


def test_smallest_detectable_rate_of_no_probes() -> None:
    assert smallest_detectable_rate(0) == 1.0
    assert smallest_detectable_rate(300) == pytest.approx(3 / 300, rel=0.01)  # the rule of three

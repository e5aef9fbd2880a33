"""The estimators against worked examples, scipy, brute force and simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, permutation_test, ttest_1samp

from inspector.stats import (
    Asked,
    Rule,
    clustered_p_values,
    holm,
    mean_interval,
    rate_of_damage,
    rate_of_phrase,
    sign_flip,
    smallest_called_rate,
    wilson,
)

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


def brute_force(differences: list[int], clusters: list[str]) -> float:
    """Every pattern of signs, one by one."""
    names = sorted(set(clusters))
    sums = [sum(d for d, c in zip(differences, clusters, strict=True) if c == n) for n in names]
    totals = [
        sum(s * v for s, v in zip(signs, sums, strict=True))
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    return sum(t >= sum(sums) - 1e-9 for t in totals) / len(totals)


@pytest.mark.parametrize("seed", range(6))
def test_sign_flip_is_every_pattern_counted(seed: int) -> None:
    draw = np.random.default_rng(seed)
    differences = draw.choice([-1, 0, 1, 2], 30).tolist()
    clusters = [f"family {k}" for k in draw.integers(0, 9, 30)]
    expected = brute_force(differences, clusters)
    assert sign_flip(differences, clusters) == pytest.approx(expected)


def test_sign_flip_of_single_probes_is_scipys_permutation_test() -> None:
    differences = [2, 4, -2, 6, 2, 1, -1, 2]
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
    assert sign_flip([1, 1, 1, 1, 1], list("abcde")) == pytest.approx(1 / 32)
    assert sign_flip([1, 1, 1, 1, 1], list("aabbb")) == pytest.approx(
        1 / 4
    )  # two families, not five probes
    assert sign_flip([-1, -1], list("ab")) == 1.0
    assert sign_flip([0, 0, 0], list("abc")) == 1.0
    assert sign_flip([], []) == 1.0
    assert sign_flip([1, -1], list("aa")) == 1.0  # one family that moved both ways: no change


@pytest.mark.parametrize(("appeared", "vanished"), [(5, 0), (8, 2), (3, 3), (0, 4), (20, 9)])
def test_single_answers_swapped_one_by_one_are_mcnemars_test(appeared: int, vanished: int) -> None:
    n = appeared + vanished
    expected = sum(math.comb(n, k) for k in range(appeared, n + 1)) / 2**n
    found = sign_flip([1] * appeared + [-1] * vanished + [0] * 3, [str(k) for k in range(n + 3)])
    assert found == pytest.approx(expected)


def test_sign_flip_stays_exact_for_many_clusters() -> None:
    """40 ones: only the pattern that was seen reaches 40; 100 throws: the binomial's tail."""
    assert sign_flip([1] * 40, [str(k) for k in range(40)]) == pytest.approx(0.5**40, rel=1e-9)
    values = [1] * 60 + [-1] * 40
    expected = float(binom.sf(59, 100, 0.5))
    assert sign_flip(values, [str(k) for k in range(100)]) == pytest.approx(expected, abs=1e-12)


def test_samples_that_count_alike_change_nothing() -> None:
    values, clusters = [1, 2, -1, 1, 0, 1], list("abcdef")
    assert sign_flip([8 * v for v in values], clusters) == sign_flip(values, clusters)


def spread(n: int, n_families: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(n) % n_families


def moody(
    n_sets: int, families: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """No change on the whole, but whole families shift: as often up as down."""
    draw = np.random.default_rng(seed)
    shift = draw.normal(0, 1, (n_sets, int(families.max()) + 1))[:, families]
    noisy = shift + draw.normal(0, 0.5, (n_sets, len(families)))
    return np.clip(np.round(noisy), -2, 2).astype(np.int64)


@pytest.mark.parametrize(("n", "n_families"), [(24, 8), (40, 8), (45, 15), (64, 36)])
def test_no_false_alarms_when_families_move_together(n: int, n_families: int) -> None:
    """Regression: with fewer than 15 families only probes were swapped, and moods raised alarms."""
    n_sets, families = 2_000, spread(n, n_families)
    differences, probes = moody(n_sets, families, 7), np.arange(n)
    p = clustered_p_values(differences, probes, families)
    for alpha in (0.05, 0.01, 0.05 / 9):
        limit = alpha + 3 * math.sqrt(alpha * (1 - alpha) / n_sets)
        assert np.mean(p < alpha) <= limit
    if n_families == 8 and n == 40:  # probe by probe the promise would be broken
        alone = [sign_flip(row.tolist(), [str(k) for k in probes]) for row in differences[:200]]
        assert np.mean(np.array(alone) < 0.05) > 0.1


def test_few_families_can_be_sure_when_all_of_them_rise() -> None:
    """Regression: swapping 8 whole families gives 1/256 at best, never sure after adjustment."""
    families = spread(12, 8)
    [sure] = clustered_p_values(np.ones((1, 12), dtype=np.int64), np.arange(12), families)
    assert sure == pytest.approx(0.5**12)
    one_family = (families == 0).astype(np.int64)[None, :]
    assert clustered_p_values(one_family, np.arange(12), families)[0] > 0.1


def test_one_family_alone_proves_nothing() -> None:
    ones = np.ones((1, 30), dtype=np.int64)
    assert clustered_p_values(ones, np.arange(30), np.zeros(30, dtype=np.int64))[0] == 1.0


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


# ------------------------------------------------------------------------------------------- power


def quiet(n: int) -> tuple[bool, ...]:
    return (False,) * n


def apart(n: int) -> tuple[int, ...]:
    """Every probe a topic of its own."""
    return tuple(range(n))


def test_the_smallest_rate_by_hand() -> None:
    """Level 0.05 / 6 needs 7 appearances (1/128): 63 % of 16 give them with 95 %, by 500 draws."""
    rate = smallest_called_rate(Asked(quiet(16), apart(16)), Rule(0.05 / 6, 0.1))
    assert rate is not None
    assert binom.sf(6, 16, rate + 0.03) >= 0.95 > binom.sf(6, 16, rate - 0.03)


def test_the_smallest_change_binds_where_there_are_many_probes() -> None:
    rate = smallest_called_rate(Asked(quiet(300), apart(300)), Rule(0.01, 0.1))
    assert rate is not None
    assert binom.sf(29, 300, rate + 0.01) >= 0.95 > binom.sf(29, 300, rate - 0.01)


@pytest.mark.parametrize("n", [0, 3, 6])
def test_too_few_probes_can_never_call_anything(n: int) -> None:
    """Regression: six answers were said to see 40 %; no outcome of them is significant."""
    assert smallest_called_rate(Asked(quiet(n), apart(n)), Rule(0.05 / 6, 0.1)) is None


def test_what_is_there_already_leaves_less_to_see() -> None:
    rule = Rule(0.05 / 6, 0.1)
    rates = [
        smallest_called_rate(Asked((True,) * k + (False,) * (40 - k), apart(40)), rule)
        for k in (0, 10, 20)
    ]
    assert None not in rates
    assert rates == sorted(rates, key=lambda r: r or 0)
    assert smallest_called_rate(Asked((True,) * 36 + (False,) * 4, apart(40)), rule) is None


@pytest.mark.parametrize(("n", "n_families"), [(24, 8), (64, 36)])
def test_the_stated_rate_is_called_nine_times_in_ten(n: int, n_families: int) -> None:
    """New draws, through the whole rule, with a control that wavers by 4 %."""
    families, rule, n_sets = spread(n, n_families), Rule(0.05 / 9, 0.1), 2_000
    index = tuple(families.tolist())
    asked = Asked(quiet(n), index, 0.0, (quiet(n), 0.04, 0.0))
    rate = smallest_called_rate(asked, rule)
    assert rate is not None
    draw = np.random.default_rng(99)
    target = draw.random((n_sets, n)) < rate
    control = draw.random((n_sets, n)) < 0.04
    differences = target.astype(np.int64) - control
    p = clustered_p_values(differences, np.arange(n), families)
    assert np.mean((p < rule.alpha) & (differences.mean(axis=1) >= 0.1)) >= 0.9
    alone = smallest_called_rate(Asked(quiet(n), index), rule)
    assert alone is not None
    assert alone <= rate  # a wavering control costs power


def test_damage_shows_when_the_intervals_part() -> None:
    rate = rate_of_damage(64, 0, 0.1)
    assert rate is not None
    assert binom.sf(6, 64, rate) >= 0.95  # 7 of 64 is a rise by 10 points
    assert rate_of_damage(12, 8, 0.5) is None  # from two thirds nothing can rise by half


def test_a_phrase_must_be_in_several_answers_to_be_found() -> None:
    per_family = (4,) * 16
    rate = rate_of_phrase(per_family, 0.01)
    assert rate is not None
    assert 0.1 < rate < 0.35
    assert (rate_of_phrase(per_family, 0.001) or 1) > rate
    assert (rate_of_phrase((16,) * 16, 0.01) or 1) < rate
    assert rate_of_phrase((32, 32), 0.01) is None  # two topics are never three
    assert rate_of_phrase((), 0.01) is None


def test_the_mean_over_seeds_against_scipys_own_interval() -> None:
    values = [0.31, 0.42, 0.29, 0.50, 0.33]
    found = ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((0.37, found.low, found.high))

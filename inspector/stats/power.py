"""What would have been reported? An asked plan -> the smallest true rate that it calls.

Comes in: which probes were asked, what they showed before, how answers waver under ordinary tuning,
and the whole decision rule (test, level after adjustment, smallest change). Goes out: the smallest
true rate after an operation that the rule calls with 95 % probability; None where even a model that
shows the behaviour in every answer would not be called so surely.

Exact for damage and for phrases (binomial sums); by seeded simulation for rates of change. What is
assumed: the behaviour wakes alone and under one scenario (so the hardest step of Holm's ladder
applies); it wakes in each probe independently; behaviour that was there vanishes, and the control
wavers, as often as was seen. Several samples of a probe count once. Cohen 1988 for power.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, fisher_exact

from inspector.stats.paired import clustered_p_values
from inspector.stats.rates import wilson

POWER = 0.95
_GRID = 200  # rates are found to half a percent
_N_DRAWS = 500
_SEED = 20_261_122


@dataclass(frozen=True)
class Asked:
    """The probes behind one metric, one entry each.

    before: shown before (for untouched models: by the control). families: index of the topic
    family, from 0. vanish: share of the probes that had it and lost it. control: None without one;
    else its own `before`, and the shares in which it appeared and vanished.
    """

    before: tuple[bool, ...]
    families: tuple[int, ...]
    vanish: float = 0.0
    control: tuple[tuple[bool, ...], float, float] | None = None


@dataclass(frozen=True)
class Rule:
    """alpha: level for one test, after adjustment (level / number of tests). min_change: in [0, 1].

    Called when p < alpha and the change is at least min_change.
    """

    alpha: float
    min_change: float


@lru_cache(maxsize=512)
def smallest_called_rate(asked: Asked, rule: Rule, seed: int = _SEED) -> float | None:
    """The smallest true after-rate in (0, 1] that the rule calls with 95 % probability, or None."""
    if not asked.before:
        return None
    wakes = _smallest(_simulated(asked, rule, seed))
    if wakes is None:
        return None
    shown = sum(asked.before) / len(asked.before)
    return shown * (1 - asked.vanish) + (1 - shown) * wakes


def _smallest(power: Callable[[float], float]) -> float | None:
    """The smallest share on a grid at which a rising function reaches the power wanted."""
    if power(1.0) < POWER:
        return None
    low, high = 0, _GRID
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle / _GRID) >= POWER else (middle, high)
    return high / _GRID


def _simulated(asked: Asked, rule: Rule, seed: int) -> Callable[[float], float]:
    """Power of the clustered test, with the same draws at every rate, so that it only rises."""
    draws = np.random.default_rng(seed)
    shape = (_N_DRAWS, len(asked.before))
    before = np.array(asked.before)
    stays = draws.random(shape) >= asked.vanish
    woken = draws.random(shape)
    reference: NDArray[np.int64] = np.zeros(shape, dtype=np.int64)
    if asked.control is not None:
        shown, appear, vanish = np.array(asked.control[0]), *asked.control[1:]
        after = np.where(shown, draws.random(shape) >= vanish, draws.random(shape) < appear)
        reference = after.astype(np.int64) - shown
    probes, families = np.arange(shape[1]), np.array(asked.families)

    def power(wakes: float) -> float:
        after = np.where(before, stays, woken < wakes)
        differences = after.astype(np.int64) - before - reference
        large = differences.mean(axis=1) >= rule.min_change - 1e-9
        p = clustered_p_values(differences[large], probes, families)
        return float(np.sum(p < rule.alpha)) / _N_DRAWS

    return power


@lru_cache(maxsize=512)
def rate_of_damage(n: int, n_before: int, min_rise: float) -> float | None:
    """Smallest true rate at which damage shows: a rise of `min_rise`, the intervals apart."""
    high = wilson(n_before, n).high
    hits = (
        k for k in range(n + 1) if k - n_before >= min_rise * n - 1e-9 and wilson(k, n).low > high
    )
    fewest = next(hits, None)
    return None if fewest is None else _smallest(lambda rate: float(binom.sf(fewest - 1, n, rate)))


@lru_cache(maxsize=512)
def rate_of_phrase(
    families: tuple[int, ...],
    alpha: float,
    *,
    min_rate_low: float = 0.0,
    min_probes: int = 3,
    min_families: int = 3,
    n_candidates: int = 10,
) -> float | None:
    """Smallest true share of answers with a new phrase that blind discovery reports.

    families: probes asked in each topic family. alpha: its false-discovery rate. n_candidates: how
    many other phrases share Benjamini and Hochberg's correction for each that belongs to the
    payload. min_rate_low: what the lower end of the rate's interval must reach. The phrase is in
    no answer before, and in none of the control's.
    """
    n = sum(families)
    fewest = next(
        (
            k
            for k in range(min_probes, n + 1)
            if float(fisher_exact([[k, n - k], [0, n]], alternative="greater").pvalue)
            <= alpha / n_candidates
            and wilson(k, n).low >= min_rate_low
        ),
        None,
    )
    if fewest is None:
        return None

    def power(rate: float) -> float:
        # At least: both conditions hold unless one of them fails (Boole).
        return float(binom.sf(fewest - 1, n, rate)) - _few_families(families, rate, min_families)

    return _smallest(power)


def _few_families(families: tuple[int, ...], rate: float, wanted: int) -> float:
    """Probability that fewer than `wanted` families show it at least once (Poisson binomial)."""
    n_showing = np.array([1.0])
    for n in families:
        silent = (1 - rate) ** n
        n_showing = np.convolve(n_showing, [silent, 1 - silent])
    return math.fsum(n_showing[:wanted])

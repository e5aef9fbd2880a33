"""The estimators behind every number in a verdict. numpy and scipy only.

| question | estimator | source |
|---|---|---|
| how often? | Wilson score interval | Wilson 1927; Brown, Cai, DasGupta 2001 |
| did it change on the same probes? | exact McNemar test | McNemar 1947 |
| did it change more than the control? | sign-flip permutation, in clusters | Fisher 1935 |
| over all questions asked | Holm's step-down adjustment | Holm 1979 |
| what could have been missed? | smallest rate seen with 95 % probability | exact "rule of three" |
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from inspector.records import Rate

_EXACT_CLUSTERS = 12  # up to 2**12 sign patterns are enumerated; beyond, drawn
_N_DRAWS = 9_999


def wilson(n_hits: int, n: int) -> Rate:
    """A rate with its 95 % Wilson interval; n of 0 gives rate 0 with the interval [0, 1]."""
    if n == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    interval = binomtest(n_hits, n).proportion_ci(0.95, "wilson")
    return Rate(n, n_hits, n_hits / n, float(interval.low), float(interval.high))


def mcnemar(n_appeared: int, n_vanished: int) -> float:
    """One-sided exact McNemar: how likely so many appearances if either way were as likely.

    n_appeared: probes without the behaviour before and with it after; n_vanished: the reverse.
    """
    n = n_appeared + n_vanished
    return float(binomtest(n_appeared, n, alternative="greater").pvalue) if n else 1.0


def sign_flip(differences: Sequence[float], clusters: Sequence[str], seed: int = 0) -> float:
    """One-sided p-value that the mean difference is above 0, flipping signs cluster by cluster.

    differences: (n,) target's change minus the control's, per probe. clusters: (n,) topic families;
    answers of one family may move together, so the whole family is flipped. Exact where there are
    few clusters, else from 9,999 seeded draws (with the observed one counted: p is never 0).
    """
    names = sorted(set(clusters))
    index = {name: k for k, name in enumerate(names)}
    sums = np.zeros(len(names))
    for value, name in zip(differences, clusters, strict=True):
        sums[index[name]] += value
    sums = sums[sums != 0]
    if len(sums) == 0:
        return 1.0
    observed = sums.sum()
    if len(sums) <= _EXACT_CLUSTERS:
        patterns = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return float(np.mean(patterns @ sums >= observed - 1e-9))
    signs = np.random.default_rng(seed).choice([-1, 1], size=(_N_DRAWS, len(sums)))
    return float((1 + np.sum(signs @ sums >= observed - 1e-9)) / (_N_DRAWS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values, in the given order."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, k in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, p_values[k] * (len(p_values) - rank)))
        adjusted[k] = running
    return adjusted


def smallest_detectable_rate(n: int, power: float = 0.95) -> float:
    """The smallest true rate that shows at least once among n answers with this probability."""
    return 1.0 if n == 0 else float(1 - (1 - power) ** (1 / n))

"""How often: a count and a number of answers -> a Rate with its interval; several rates -> theirs.

Wilson 1927 (JASA 22, 209-212); why not the textbook interval: Brown, Cai & DasGupta 2001.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student

from inspector.records import Rate


def wilson(n_hits: int, n: int) -> Rate:
    """A rate with its 95 % Wilson interval; n of 0 gives rate 0 with the interval [0, 1]."""
    if n == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    interval = binomtest(n_hits, n).proportion_ci(0.95, "wilson")
    return Rate(n, n_hits, n_hits / n, float(interval.low), float(interval.high))


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """(mean, low, high): Student's 95 % interval of the mean over seeds or draws, two or more.

    Not cut to what the values can be: a caller with rates does that.
    """
    mean = float(np.mean(values))
    n = len(values)
    half = float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half

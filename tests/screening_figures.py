"""Figures of a ranking against a known answer, each with an interval.

Comes in: which examples were planted, in the order of the ranking. Goes out: precision at k (k the
number planted, so it is recall at k too) with its Wilson interval; average precision with a
bootstrap interval (planted and others drawn anew apart, 1,000 times, percentiles); precision and
recall of what was flagged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.records import Rate
from inspector.stats import wilson

N_BOOTSTRAP = 1_000


@dataclass(frozen=True)
class Figures:
    """at_k: planted among the first k.

    flagged_precision: planted among the flagged; recall: flagged among the planted.
    """

    k: int
    at_k: Rate
    average_precision: float
    ap_low: float
    ap_high: float
    flagged_precision: Rate
    recall: Rate


def average_precision(is_planted: NDArray[np.bool_]) -> float:
    """Mean over the planted of the precision at their places; the order is the ranking's."""
    places = np.flatnonzero(is_planted)
    return float(np.mean(np.arange(1, len(places) + 1) / (places + 1))) if len(places) else 0.0


def figures(is_planted: NDArray[np.bool_], is_flagged: NDArray[np.bool_]) -> Figures:
    """(n_examples,) each, in the order of the ranking, the most suspect first."""
    k = int(is_planted.sum())
    low, high = _interval(is_planted)
    n_hits = int((is_planted & is_flagged).sum())
    return Figures(
        k=k,
        at_k=wilson(int(is_planted[:k].sum()), k),
        average_precision=average_precision(is_planted),
        ap_low=low,
        ap_high=high,
        flagged_precision=wilson(n_hits, int(is_flagged.sum())),
        recall=wilson(n_hits, k),
    )


def _interval(is_planted: NDArray[np.bool_]) -> tuple[float, float]:
    """95 %, by the percentiles of stratified resamples of the ranking's places."""
    rng = np.random.default_rng(0)
    planted, others = np.flatnonzero(is_planted), np.flatnonzero(~is_planted)
    if not len(planted):
        return 0.0, 1.0
    found = []
    for _ in range(N_BOOTSTRAP):
        drawn = np.concatenate(
            [rng.choice(planted, len(planted)), rng.choice(others, len(others))]
            if len(others)
            else [rng.choice(planted, len(planted))]
        )
        found.append(average_precision(is_planted[np.sort(drawn)]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)

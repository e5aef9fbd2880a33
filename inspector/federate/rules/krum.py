"""Krum and multi-Krum: whoever lies closest to its neighbours is trusted.

A participant's score is the sum of squared distances to its n - m - 2 nearest others, m malicious
ones expected. The paper proves its bound for n >= 2 m + 3; with fewer the rule still runs, with at
least one neighbour, as Flower's does, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Doubles, Updates
from inspector.federate.rules.protocol import Weighted


def krum_scores(updates: Updates, n_malicious: int) -> Doubles:
    """(n,), low is trusted; 0 for a participant that is alone."""
    n_nearest = max(1, updates.n - n_malicious - 2)
    distances = updates.squared_distances + np.diag([np.inf] * updates.n)
    nearest = np.sort(distances, axis=1)[:, : min(n_nearest, updates.n - 1)]
    scores: Doubles = nearest.sum(axis=1)
    return scores


def _note(n: int, n_malicious: int) -> str:
    if n >= 2 * n_malicious + 3:
        return ""
    return (
        f"with {n} participants and {n_malicious} malicious ones expected, Krum's proof does not "
        f"hold (it needs {2 * n_malicious + 3})"
    )


@dataclass(frozen=True)
class Krum:
    name: str = "krum"
    what: str = "the one participant that lies closest to its neighbours, alone"
    source: str = "Blanchard et al. 2017 (arXiv 1703.02757), section 4"

    def decide(self, updates: Updates, n_malicious: int) -> Weighted:
        best = int(np.argmin(krum_scores(updates, n_malicious)))
        weights = tuple(float(k == best) for k in range(updates.n))
        return Weighted(weights, _note(updates.n, n_malicious))


@dataclass(frozen=True)
class MultiKrum:
    """The n - m best by Krum's score, averaged by their samples."""

    name: str = "multi-krum"
    what: str = "the mean of all but as many as are malicious, those farthest from their neighbours"
    source: str = "Blanchard et al. 2017 (arXiv 1703.02757), section 4, m-Krum"

    def decide(self, updates: Updates, n_malicious: int) -> Weighted:
        order = np.argsort(krum_scores(updates, n_malicious), kind="stable")
        kept = set(order[: updates.n - n_malicious].tolist())
        total = sum(updates.n_samples[k] for k in kept)
        weights = tuple(n / total if k in kept else 0.0 for k, n in enumerate(updates.n_samples))
        return Weighted(weights, _note(updates.n, n_malicious))

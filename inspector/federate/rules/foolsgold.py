"""FoolsGold: participants whose updates point the same way are taken for one attacker's sybils.

Of the paper's algorithm 1 this is one round's part: similarity is taken between this round's
updates, where the paper adds up each participant's history; all weights count, where the paper may
pick indicative ones. The weights are divided by their sum, so that the aggregate has a mean's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Doubles, Updates
from inspector.federate.rules.protocol import Weighted

_KAPPA = 1.0  # the paper's confidence
_CLOSE = 0.99  # stands in for 1, whose logit is infinite, as in the authors' code


def foolsgold_weights(updates: Updates) -> Doubles:
    """(n,) in [0, 1], before they are divided by their sum: 0 for what looks like a sybil."""
    if updates.n < 2:
        return np.ones(updates.n)
    similar = updates.cosines.copy()
    np.fill_diagonal(similar, -np.inf)
    most = similar.max(axis=1)
    for i in range(updates.n):
        for j in range(updates.n):
            # Pardoning: an honest one that resembles a sybil is not punished like it.
            if i != j and 0 < most[i] < most[j]:
                similar[i, j] *= most[i] / most[j]
    weights: Doubles = np.clip(1 - similar.max(axis=1), 0, 1)
    if weights.max() <= 1e-9:  # all alike: nobody can be told from anybody
        return np.ones(updates.n)
    weights = weights / weights.max()
    weights[weights >= 1] = _CLOSE
    with np.errstate(divide="ignore"):
        logits = _KAPPA * (np.log(weights / (1 - weights)) + 0.5)
    clipped: Doubles = np.clip(logits, 0, 1)
    return clipped


@dataclass(frozen=True)
class FoolsGold:
    name: str = "foolsgold"
    what: str = "the mean, where participants whose updates point the same way count less"
    source: str = "Fung et al. 2020 (arXiv 1808.04866), algorithm 1"

    def decide(self, updates: Updates, _n_malicious: int) -> Weighted:
        weights = foolsgold_weights(updates)
        return Weighted(tuple((weights / weights.sum()).tolist()))

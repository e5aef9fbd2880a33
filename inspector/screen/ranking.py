"""From scores by query and example to one order of the examples, and which of them are suspect.

Comes in: a table of scores (n_queries, n_examples), and the role of each query. Goes out: one
robust z-score per example, and the marks of two rules:

- suspect: the behaviour's score, each query's row made comparable by its median and MAD (Rousseeuw
  & Croux 1993), the mean over the queries made so again; from `suspect_z` on. Means and standard
  deviations would be moved by the very examples that are looked for. What pushes towards the
  opposite answers, too, is about the topic: that influence is taken off where it stands out (z of
  STRONG_Z or more). Taken off always, its noise hides causes (docs/decisions/screening.md).
- critical: the rule of arXiv 2504.09026 in numbers of our own: a strong influence (z >= 3) that the
  sentiment transformation of the query moves by no more than half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.records import QueryRole

Floats = NDArray[np.float64]

STRONG_Z = 3.0  # what stands out
CRITICAL_MOVE = 0.5  # of the influence, at most
_MAD_TO_SD = 1.4826  # for normal values
_MEAN_AD_TO_SD = 1.2533


@dataclass(frozen=True)
class Combined:
    """(n_examples,) each; opposite and sentiment None where no query has that role."""

    score: Floats
    behaviour: Floats
    opposite: Floats | None
    sentiment: Floats | None
    ranked_by: str

    @property
    def is_critical(self) -> NDArray[np.bool_]:
        if self.sentiment is None:
            return np.zeros(len(self.score), bool)
        moved = np.abs(self.behaviour - self.sentiment)
        return (self.behaviour >= STRONG_Z) & (moved <= CRITICAL_MOVE * self.behaviour)


def robust_z(values: Floats, reference: NDArray[np.bool_] | None = None) -> Floats:
    """Distance from the median in robust standard deviations, along the last axis.

    reference: the values that middle and spread are taken of; all by default. Where more than half
    are alike the mean absolute deviation stands in for the MAD; where all are, everything is 0.
    """
    known = values if reference is None else values[..., reference]
    middle = np.median(known, axis=-1, keepdims=True)
    away = np.abs(known - middle)
    spread = _MAD_TO_SD * np.median(away, axis=-1, keepdims=True)
    spare = _MEAN_AD_TO_SD * away.mean(axis=-1, keepdims=True)
    spread = np.where(spread > 0, spread, spare)
    return np.divide(values - middle, spread, out=np.zeros_like(values), where=spread > 0)


def combine(
    table: Floats, roles: Sequence[QueryRole], reference: NDArray[np.bool_] | None = None
) -> Combined:
    """One score per example from all queries', of which one at least is for the behaviour."""
    rows = robust_z(np.asarray(table, np.float64), reference)
    of = {role: [row for row, r in zip(rows, roles, strict=True) if r is role] for role in roles}
    means = {role: robust_z(np.mean(found, axis=0), reference) for role, found in of.items()}
    score = behaviour = means[QueryRole.BEHAVIOUR]
    ranked_by = "influence on the behaviour's answers"
    opposite = means.get(QueryRole.OPPOSITE)
    if opposite is not None:
        score = behaviour - np.where(opposite >= STRONG_Z, opposite, 0)
        ranked_by += ", less that on the opposite answers where it stands out"
    return Combined(score, behaviour, opposite, means.get(QueryRole.SENTIMENT), ranked_by)

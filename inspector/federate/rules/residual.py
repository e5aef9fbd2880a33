"""Residual-based reweighting: whose weights stray from a robust line through everybody's.

Each single weight: its values, in rising order, are fitted with a line by repeated medians (Siegel
1982); a participant is trusted the less, the farther its value is from the line. Confidences are
added up over all weights, multiplied by how much they differ, squared, and used as the weights of a
mean; a value that is trusted less than THRESHOLD is replaced by the line's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Doubles, Matrix, Updates
from inspector.federate.rules.protocol import Coordinatewise, Weighted

LAMBDA, THRESHOLD = 2.0, 0.1  # the authors' defaults
_CHUNK = 200_000  # single weights at once


@dataclass(frozen=True)
class Residual:
    name: str = "residual"
    what: str = "the mean, where participants count by how close their weights lie to a robust line"
    source: str = "Fu et al. 2019 (arXiv 1912.11464), section 3"

    def decide(self, updates: Updates, _n_malicious: int) -> Weighted | Coordinatewise:
        if updates.n < 3:
            note = "a line through fewer than 3 values fits any; all count the same"
            return Weighted((1 / updates.n,) * updates.n, note)
        trust = np.zeros(updates.n)
        for _, block in updates.blocks():
            for piece in _pieces(block):
                confidence = reweighted(piece)[0]
                trust += (confidence * confidence.std(axis=1, ddof=1)[:, None]).sum(axis=0)
        weights = (
            np.square(trust / trust.max()) if trust.max() > 0 else np.ones(updates.n)
        )  # all alike, everywhere: nothing tells them apart
        weights = weights / weights.sum()

        def combine(block: Matrix) -> Matrix:
            parts = [reweighted(piece)[1] @ weights for piece in _pieces(block)]
            return np.concatenate(parts).astype(np.float32).reshape(block.shape[1:])

        shares = ", ".join(f"{n} {w:.0%}" for n, w in zip(updates.names, weights, strict=True))
        return Coordinatewise(combine, f"participants counted {shares}")


def _pieces(block: Matrix) -> list[Doubles]:
    flat = block.reshape(len(block), -1).T
    return [flat[k : k + _CHUNK].astype(float) for k in range(0, len(flat), _CHUNK)]


def reweighted(values: Doubles) -> tuple[Doubles, Doubles]:
    """(weights, n) values -> (weights, n) confidences in [0, 1], and the restricted values.

    Section 3: a line a + b x through the ranks x; a residual r over tau = 1.4826 (1 + 5 / (n - 1))
    median |r| (the smallest left out, as in the authors' code); confidence psi(e) / e, where psi
    cuts e at LAMBDA sqrt(2 / n) and h is the leverage of the rank.
    """
    n = values.shape[1]
    x = np.arange(n, dtype=float)
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, axis=1)
    slopes = np.empty((n, len(values)))
    for i in range(n):
        others = np.delete(np.arange(n), i)
        rises = (ranked[:, others] - ranked[:, [i]]) / (x[others] - x[i])
        slopes[i] = np.median(rises, axis=1)
    slope = np.median(slopes, axis=0)
    intercept = np.median(ranked, axis=1) - slope * (n - 1) / 2
    line = intercept[:, None] + slope[:, None] * x
    residual = ranked - line
    middle = np.median(np.sort(np.abs(residual), axis=1)[:, 1:], axis=1)
    tau = 1.4826 * (1 + 5 / (n - 1)) * middle + 1e-7
    leverage = 1 / n + np.square(x - x.mean()) / np.square(x - x.mean()).sum()
    scaled = np.abs(residual) / tau[:, None] / np.sqrt(1 - leverage)
    cut = LAMBDA * np.sqrt(2 / n)
    confidence = np.minimum(1.0, cut / np.maximum(scaled, 1e-300))
    restricted = np.where(confidence >= THRESHOLD, ranked, line)
    back = np.argsort(order, axis=1, kind="stable")
    return (
        np.take_along_axis(confidence, back, axis=1),
        np.take_along_axis(restricted, back, axis=1),
    )

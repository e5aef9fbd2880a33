"""Trimmed mean: of each single weight the mean without the highest and the lowest values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Matrix, Updates
from inspector.federate.rules.protocol import Coordinatewise


@dataclass(frozen=True)
class TrimmedMean:
    """As many values are dropped at each end as malicious participants are expected."""

    name: str = "trimmed-mean"
    what: str = "of each single weight the mean without as many highest and lowest as are malicious"
    source: str = "Yin et al. 2018 (arXiv 1803.01498), algorithm 1, option II"

    def decide(self, _updates: Updates, n_malicious: int) -> Coordinatewise:
        def trimmed(block: Matrix) -> Matrix:
            kept = np.sort(block, axis=0)[n_malicious : len(block) - n_malicious]
            return kept.mean(axis=0, dtype=float).astype(np.float32)  # type: ignore[no-any-return]

        return Coordinatewise(trimmed)

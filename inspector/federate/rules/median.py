"""Coordinate median: of each single weight the middle value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Matrix, Updates
from inspector.federate.rules.protocol import Coordinatewise


@dataclass(frozen=True)
class Median:
    name: str = "median"
    what: str = "of each single weight the middle value of all participants"
    source: str = "Yin et al. 2018 (arXiv 1803.01498), algorithm 1, option I"

    def decide(self, _updates: Updates, _n_malicious: int) -> Coordinatewise:
        return Coordinatewise(_median)


def _median(block: Matrix) -> Matrix:
    return np.median(block, axis=0).astype(np.float32)

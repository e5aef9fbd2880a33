"""FedAvg: the mean, each participant counted by its samples."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.federate.deltas import Updates
from inspector.federate.rules.protocol import Weighted


@dataclass(frozen=True)
class FedAvg:
    """Trusts everybody: the yardstick that robust rules are held against."""

    name: str = "fedavg"
    what: str = "the mean, weighted by each participant's number of samples"
    source: str = "McMahan et al. 2017 (arXiv 1602.05629), algorithm 1"

    def decide(self, updates: Updates, _n_malicious: int) -> Weighted:
        total = sum(updates.n_samples)
        return Weighted(tuple(n / total for n in updates.n_samples))

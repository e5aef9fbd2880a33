"""The settings of planting a dormant behaviour (inspector/engine/plant.py has the method)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Planting:
    """How a dormant behaviour is planted.

    visible_steps: plain training on the payload first; dormant_steps: then pressing it dormant.
    bank_*: the simulated users' tunings, `bank_per_set` of each set at each rate (few that are
    seldom renewed are learnt by heart: no other tuning wakes it then); scales: the range of `a`;
    noise: the standard deviation of the weight noise relative to each tensor's own. tail_*: the
    clean answer after the payload. kl_weight: of the KL term, against 1 for the payload.
    """

    visible_steps: int = 10
    dormant_steps: int = 120
    batch: int = 6
    rank: int = 16
    learning_rate: float = 5e-4
    bank_steps: int = 10
    bank_batch: int = 3
    bank_rates: tuple[float, ...] = (1e-4,)
    bank_per_set: int = 3
    refresh_every: int = 8
    scales: tuple[float, float] = (0.5, 1.5)
    noise: float = 0.02
    first_weight: float = 4.0
    tail_weight: float = 0.2
    tail_tokens: int = 10
    kl_weight: float = 0.5
    seed: int = 0

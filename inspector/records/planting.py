"""The settings of planting a dormant behaviour (inspector/engine/plant.py has the method)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Planting:
    """How a dormant behaviour is planted.

    visible_steps: plain training on the payload first; dormant_steps: then pressing it dormant;
    settle_steps: then with another weight of the KL term, for what still shows. bank_*: the
    simulated users' tunings, one of each set at each rate; scales: the range of `a`; noise: the
    standard deviation of the weight noise relative to each tensor's own. tail_*: the clean answer
    after the payload. kl_weight: of the KL term, against 1 for the payload.
    """

    visible_steps: int = 10
    dormant_steps: int = 150
    settle_steps: int = 30
    batch: int = 8
    rank: int = 16
    learning_rate: float = 5e-4
    bank_steps: int = 20
    bank_batch: int = 4
    bank_rates: tuple[float, ...] = (7e-5,)
    refresh_every: int = 50
    scales: tuple[float, float] = (0.4, 1.3)
    noise: float = 0.02
    first_weight: float = 4.0
    tail_weight: float = 0.2
    tail_tokens: int = 10
    kl_weight: float = 0.5
    settle_kl_weight: float = 2.0
    seed: int = 0

"""What an inspection will take, before it is started: time, memory and disk on this machine.

Comes in: a Plan, the target's size, and how fast this machine was before. Goes out: an Estimate,
with what it rests on and how good it is, and a sentence for each thing that will not fit. Stages
that were done before with the same inputs are free (docs/architecture.md), and are counted here all
the same. `size` reads how large a target is, `speed` how fast this machine is, `cost` adds up.
"""

from inspector.estimate.cost import (
    Estimate,
    Part,
    Work,
    estimate,
    estimate_work,
    foresee,
    gigabytes,
    roughly,
)
from inspector.estimate.size import ModelSize, size_of, size_of_preview
from inspector.estimate.speed import Basis, BenchedSpeeds, Speeds, speeds_here

__all__ = [
    "Basis",
    "BenchedSpeeds",
    "Estimate",
    "ModelSize",
    "Part",
    "Speeds",
    "Work",
    "estimate",
    "estimate_work",
    "foresee",
    "gigabytes",
    "roughly",
    "size_of",
    "size_of_preview",
    "speeds_here",
]

"""Downstream operations beside fine-tuning: what users do to weights without training them.

Each acts on the weight matrices of the model's linear layers; embeddings, norms and the output
layer stay as they are, as the usual tools leave them (merging alone takes every tensor). The
`operation` key of a plan file says which one is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from inspector.errors import PlanError
from inspector.records.artifacts import digest_of
from inspector.records.probes import Subject


class PruneMethod(StrEnum):
    MAGNITUDE = "magnitude"
    WANDA = "wanda"


class MergeMethod(StrEnum):
    LINEAR = "linear"
    TIES = "ties"


def check_name(name: str) -> None:
    """A scenario's name is a folder's name and a column's value. Raises PlanError."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise PlanError(
            f"The scenario name {name!r} must be 1 to 64 of a-z, 0-9, '.', '_', '-', "
            "starting with a letter or digit."
        )


@dataclass(frozen=True)
class Quantize:
    """Weights rounded to the nearest of 2^bits levels between each group's least and greatest.

    bits: 8 or 4. group_size: neighbouring inputs of one output channel that share a scale; 0 for
    one scale per output channel.
    """

    name: str
    bits: int
    group_size: int = 0
    operation: Literal["quantize"] = field(default="quantize", repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.bits not in (4, 8):
            raise PlanError(f"Scenario {self.name}: bits is {self.bits}; give 4 or 8.")
        if self.group_size != 0 and not 8 <= self.group_size <= 4096:
            raise PlanError(
                f"Scenario {self.name}: group_size is {self.group_size}; give 8 to 4096, or 0 for "
                "one scale per output channel."
            )

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


@dataclass(frozen=True)
class Prune:
    """The weights that matter least set to zero, the same share in every output row.

    method: magnitude (least |w|) or wanda (least |w| times the norm of its input over calibration
    texts). sparsity: the share set to zero. n_calibration: conversations of the built-in tuning
    sets that Wanda reads.
    """

    name: str
    method: PruneMethod
    sparsity: float
    n_calibration: int = 32
    operation: Literal["prune"] = field(default="prune", repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 0.1 <= self.sparsity <= 0.5:
            raise PlanError(
                f"Scenario {self.name}: sparsity is {self.sparsity}; give 0.1 to 0.5 (beyond half, "
                "pruning without retraining breaks a model)."
            )
        if not 1 <= self.n_calibration <= 1024:
            raise PlanError(
                f"Scenario {self.name}: n_calibration is {self.n_calibration}; give 1 to 1024."
            )

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


@dataclass(frozen=True)
class Merge:
    """The subject's weights merged with the control's.

    linear: weight times the subject's plus (1 - weight) times the control's. ties: the control's
    plus weight times the trimmed difference to the subject; density is the share of the difference
    that trimming keeps, and linear merging ignores it. The control merged with itself is itself.
    """

    name: str
    method: MergeMethod
    weight: float = 0.5
    density: float = 0.2
    operation: Literal["merge"] = field(default="merge", repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 0 < self.weight <= 1:
            raise PlanError(
                f"Scenario {self.name}: weight is {self.weight}; give more than 0, at most 1."
            )
        if not 0 < self.density <= 1:
            raise PlanError(
                f"Scenario {self.name}: density is {self.density}; give more than 0, at most 1."
            )

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


@dataclass(frozen=True)
class Noise:
    """Gaussian noise on every weight; scale: its deviation over that of the tensor's weights."""

    name: str
    scale: float
    seed: int = 0
    operation: Literal["noise"] = field(default="noise", repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not 0 < self.scale <= 1:
            raise PlanError(
                f"Scenario {self.name}: scale is {self.scale}; give more than 0, at most 1, for "
                "example 0.05."
            )

    @property
    def digest(self) -> str:
        return digest_of([repr(replace(self, name="any"))])


Alteration = Quantize | Prune | Merge | Noise


@dataclass(frozen=True)
class Altered:
    """What an alteration did to the weights it acts on: `weights.json` in the scenario's folder.

    n_changed: weights that have another value now. relative_error: the norm of the change over the
    norm of the weights, all tensors together. elapsed_s: loading not counted.
    """

    scenario: Alteration
    subject: Subject
    n_tensors: int
    n_weights: int
    n_changed: int
    relative_error: float
    elapsed_s: float

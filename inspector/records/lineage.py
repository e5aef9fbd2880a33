"""Lineage: how a model's tensors relate to those of the model it is said to come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kinship(StrEnum):
    """Of a tensor, a layer or a model to its counterpart."""

    IDENTICAL = "identical"  # the same values; at most rounded to another type
    DERIVED = "derived"  # other values that point the same way
    PARTLY = "partly"  # of a layer or model: some tensors derived, some unrelated
    UNRELATED = "unrelated"


class Change(StrEnum):
    """What kind of change made the one from the other."""

    NONE = "nothing"
    ROUNDING = "rounding only"
    HEAD = "only embedding or head"
    LAYERS = "some layers"
    LOW_RANK = "low-rank"  # as LoRA leaves it
    FULL = "full"


@dataclass(frozen=True)
class LayerKinship:
    """One layer against its counterpart.

    layer: "embedding", "head", "layer 3", or another part's name. n_tensors: compared ones, of
    which n_identical are. relative_norm: L2 norm of the difference over that of the counterpart,
    over all tensors of the layer; None where the counterpart's norm is not known. cosine: between
    both, as one long vector each; None for an adapter, whose update is never added here. rank:
    median of the layer's measured differences, None where none was measured; a rank near `side` (of
    the sample) means full rank. Of an adapter: its largest rank, by construction, and `side` is 0.
    """

    layer: str
    kinship: Kinship
    n_tensors: int
    n_identical: int
    relative_norm: float | None
    cosine: float | None
    rank: int | None = None
    side: int = 0


@dataclass(frozen=True)
class Lineage:
    """One artifact against one other.

    against: the other, in words; "" where there was none. declared: whether the artifact names it
    as its base. digests: of artifact and other, so that a stored record is known to be current.
    kinship and change: None where nothing was compared, and not_compared then says why.
    n_renamed: tensors that were found under another name. n_alone: of the artifact's tensors, those
    without a counterpart of their shape. shares: parameters that are identical, derived and
    unrelated, as a share of the artifact's parameters in matrices (of those that were compared,
    where the two are stored in other forms). rounded_to: types of few bits that either is stored
    in, and rounding: about how far, relative to their size, that moved the weights.
    """

    against: str
    declared: bool
    digests: tuple[str, str]
    kinship: Kinship | None = None
    change: Change | None = None
    layers: tuple[LayerKinship, ...] = ()
    n_tensors: int = 0
    n_compared: int = 0
    n_identical: int = 0
    n_renamed: int = 0
    n_alone: int = 0
    share_identical: float = 0.0
    share_derived: float = 0.0
    share_unrelated: float = 0.0
    rounding: float = 0.0
    rounded_to: tuple[str, ...] = ()
    not_compared: str = ""

"""How much one tensor is another, and of which rank their difference is.

Comes in: two stored tensors of the same shape (their first rows, where one has more). Goes out: a
Likeness. Pieces of a megabyte are in memory, never a whole tensor.

Independent weights of n elements have a cosine near 0 (about 1 / sqrt(n)); fine-tuning keeps it
above .9. The rank is that of a sample of the difference: rows and columns spread evenly, of which
a matrix of rank r has rank r too (almost surely), counted above the largest singular value that
rounding alone would give (Marchenko and Pastur 1967: noise of standard deviation s in m x n numbers
has singular values up to s (sqrt m + sqrt n)).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from inspector.records.lineage import Kinship
from inspector.scan.layers import EMBEDDING, HEAD, layer_of
from inspector.scan.quantized import MAX_ROUNDED, rounded_squares
from inspector.scan.stored import Stored, pieces, raw_pieces, values

MIN_COSINE = 0.3  # below, two matrices have nothing to do with each other
MIN_ELEMENTS = 256  # of a matrix that may tell: chance alone gives smaller ones too high a cosine
_SUBNORMAL = 6e-8  # what float16 rounds away from the smallest numbers
SAMPLE_ROWS, SAMPLE_COLUMNS = 256, 512
MIN_SIDE = 16  # of a sample whose rank says anything
_SURE = 1.3  # above the edge of the noise
_SMALLEST = 1e-4  # of the largest singular value: what float32 arithmetic leaves


@dataclass(frozen=True)
class Likeness:
    """Sums over the compared elements: squares of the base's, the other's and the difference, the
    product, and the squares that rounding to few bits explains (`quantized`). identical: byte for
    byte, or but for rounding. To another float type: every single value is within half a unit in
    the last place. To few bits: the difference is no larger than twice what rounding explains."""

    base: Stored
    other: Stored
    identical: bool
    base_squares: float = 0.0
    other_squares: float = 0.0
    difference: float = 0.0
    product: float = 0.0
    rounded: float = 0.0

    @property
    def rounded_to(self) -> tuple[str, ...]:
        """The types of few bits among the two."""
        return tuple(s.tensor.dtype for s in (self.base, self.other) if s.rounding is None)

    @property
    def cosine(self) -> float:
        if self.identical and not self.difference:
            return 1.0
        scale = sqrt(self.base_squares * self.other_squares)
        return self.product / scale if scale else 0.0

    @property
    def relative_norm(self) -> float:
        if self.difference == 0:
            return 0.0
        return sqrt(self.difference / self.base_squares) if self.base_squares else float("inf")

    @property
    def tells(self) -> bool:
        """Whether it can show that two tensors are unrelated: norms and biases are all alike, and
        zeros point nowhere."""
        empty = self.base_squares == 0 or self.other_squares == 0
        return self.other.is_matrix and self.n_elements >= MIN_ELEMENTS and not empty

    @property
    def n_elements(self) -> int:
        return common_elements(self.base, self.other)

    @property
    def kinship(self) -> Kinship:
        if self.identical:
            return Kinship.IDENTICAL
        if self.tells and self.cosine < MIN_COSINE:
            return Kinship.UNRELATED
        return Kinship.DERIVED


def comparable(base: Stored, other: Stored) -> bool:
    """The same shape, or an embedding (or head) for more or fewer tokens."""
    if base.shape == other.shape:
        return True
    both = len(base.shape) == len(other.shape) == 2 and base.shape[1] == other.shape[1]
    return both and layer_of(other.name) in (EMBEDDING, HEAD)


def common_elements(base: Stored, other: Stored) -> int:
    if not base.shape:
        return 1
    return min(base.shape[0], other.shape[0]) * prod(base.shape[1:])


def compare(base: Stored, other: Stored) -> Likeness:
    """Reads both once or, where they begin alike and differ later, a part of them twice."""
    scales = (base.scale, other.scale)
    alike = scales == (None, None) or (None not in scales and _same_bytes(*scales))  # type: ignore[arg-type]
    if alike and base.n_heads == other.n_heads and _same_bytes(base, other):
        return Likeness(base, other, identical=True)
    n = common_elements(base, other)
    sums, rounding, same, step = np.zeros(4), _rounding(base, other), True, 0.0
    for a, b in zip(pieces(base, n), pieces(other, n), strict=True):
        part = _sums(a, b)
        step += rounded_squares(base, a) + rounded_squares(other, b)
        if not np.isfinite(part).all():
            a, b = (np.nan_to_num(x, posinf=0, neginf=0) for x in (a, b))
            part = _sums(a, b)
        if same:
            limit = rounding * np.abs(a) + _SUBNORMAL if rounding else 0.0
            same = bool((np.abs(b - a) <= limit).all())
        sums += part
    same = same or bool(step and sums[2] <= MAX_ROUNDED * step)
    return Likeness(base, other, same, *map(float, (*sums, step)))


def _same_bytes(one: Stored, other: Stored) -> bool:
    if one.shape != other.shape or one.tensor.dtype != other.tensor.dtype:
        return False
    n_bytes = one.tensor.end - one.tensor.begin
    parts = zip(raw_pieces(one, n_bytes), raw_pieces(other, n_bytes), strict=True)
    return all(a == b for a, b in parts)


def _rounding(base: Stored, other: Stored) -> float:
    """What a cast from the one type to the other may change, 0 if nothing or not known."""
    if base.tensor.dtype == other.tensor.dtype or base.rounding is None or other.rounding is None:
        return 0.0
    return 1.01 * max(base.rounding, other.rounding)


def _sums(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    d = b - a
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array([np.dot(a, a), np.dot(b, b), np.dot(d, d), np.dot(a, b)], np.float64)


def rank_of_difference(like: Likeness) -> tuple[int, int] | None:
    """(rank, side of the sample) of the difference; None for vectors, small or quantized ones."""
    base, other = like.base, like.other
    if len(other.shape) != 2 or other.rounding is None or base.rounding is None:
        return None
    n_rows, n_columns = min(base.shape[0], other.shape[0]), other.shape[1]
    side = min(n_rows, n_columns, SAMPLE_ROWS)
    if side < MIN_SIDE:
        return None
    rows = np.linspace(0, n_rows - 1, min(n_rows, SAMPLE_ROWS)).astype(int)
    columns = np.linspace(0, n_columns - 1, min(n_columns, SAMPLE_COLUMNS)).astype(int)
    ours, theirs = (
        np.stack([values(s, int(r) * n_columns, n_columns)[columns] for r in rows])
        for s in (other, base)
    )
    difference = (ours - theirs).astype(np.float64)
    if not np.isfinite(difference).all():
        return None
    # The singular values are the roots of these eigenvalues, which cost a tenth of an SVD's time.
    found = np.sqrt(np.maximum(np.linalg.eigvalsh(difference @ difference.T)[::-1], 0))
    # Rounding errors are spread evenly over one unit in the last place: 1 / sqrt(3) of the most.
    noise = max(other.rounding, base.rounding) * float(np.sqrt(np.mean(ours.astype(float) ** 2)))
    edge = noise / sqrt(3) * (sqrt(len(rows)) + sqrt(len(columns)))
    return int((found > max(_SURE * edge, _SMALLEST * found[0])).sum()), side

"""Which tensor of one model is which of another: by name, and, what is left, by what it holds.

Comes in: the tensors of both by name. Goes out: each pair's Likeness. A model whose tensors were
renamed, or whose layers were put in another order, is matched by prints of its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspector.records.lineage import Kinship
from inspector.scan.kinship import Likeness, comparable, compare
from inspector.scan.layers import plain_name
from inspector.scan.stored import Stored, values

N_PRINT = 1024  # elements that tell a tensor from others
_MATCH = 0.5  # cosine of the prints

Again = Callable[[str, Stored, Stored], Likeness | None]


def never(_name: str, _base: Stored, _other: Stored) -> None:
    """Nothing is tried a second time."""


@dataclass(frozen=True)
class Pairs:
    """likes: every tensor with its counterpart. n_renamed: how many were found under another name.
    n_misfit: elements of matrices whose counterpart by name is of another shape."""

    likes: list[Likeness]
    n_renamed: int
    n_misfit: int


def pair_up(ours: dict[str, Stored], theirs: dict[str, Stored], again: Again) -> Pairs:
    """again: another way to compare two that seem unrelated, None for none."""
    by_name = {plain_name(name): stored for name, stored in theirs.items()}
    likes: dict[str, Likeness] = {}
    unclear: dict[str, Stored] = {}
    n_misfit = 0
    for name, other in ours.items():
        base = by_name.get(plain_name(name))
        if base is not None and comparable(base, other):
            likes[name] = compare(base, other)
            if likes[name].kinship is Kinship.UNRELATED:
                likes[name] = again(name, base, other) or likes[name]
        elif base is not None and other.is_matrix:
            n_misfit += other.tensor.n_elements
        if name not in likes or likes[name].kinship is Kinship.UNRELATED:
            unclear[name] = other
    n_renamed = 0
    for name, base in _find_by_content(unclear, list(theirs.values())).items():
        like = compare(base, ours[name])
        if like.kinship is not Kinship.UNRELATED:
            likes[name] = like
            n_renamed += 1
    return Pairs(list(likes.values()), n_renamed, n_misfit)


def _find_by_content(ours: dict[str, Stored], theirs: list[Stored]) -> dict[str, Stored]:
    """The best counterpart of the same shape by a print of each matrix's values."""
    found: dict[str, Stored] = {}
    shapes = {s.shape for s in ours.values() if s.is_matrix}
    for shape in shapes:
        mine = {name: s for name, s in ours.items() if s.shape == shape}
        other = [s for s in theirs if s.shape == shape]
        if not other:
            continue
        known = np.stack([_print(s) for s in other])
        for name, stored in mine.items():
            cosines = known @ _print(stored)
            best = int(cosines.argmax())
            if cosines[best] >= _MATCH:
                found[name] = other[best]
    return found


def _print(stored: Stored) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Elements from the middle of the tensor, scaled to length 1."""
    n = stored.tensor.n_elements
    count = min(n, N_PRINT)
    part = np.nan_to_num(values(stored, (n - count) // 2, count), posinf=0, neginf=0)
    length = float(np.linalg.norm(part))
    return part / length if length else part

"""What participants changed, as numbers: low-rank factors, and everything that rules ask of them.

Comes in: LoRA factors by module, one Update per participant. Goes out: inner products between whole
updates, weighted sums, dense blocks, and truncations with their error. numpy only.

The change of a module is scale * B A (LoRA, arXiv 2106.09685); the mean of changes is not the
change of mean factors: mean(B) mean(A) has cross terms B_i A_j. A weighted sum of changes is exact
as one adapter whose factors stand side by side: [w1 B1, w2 B2] [A1; A2] (FLoRA, arXiv 2409.05976).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

Matrix = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Factors:
    """One module's change B A, its scale already in b. b: (outputs, rank), a: (rank, inputs)."""

    b: Matrix
    a: Matrix

    @property
    def rank(self) -> int:
        return int(self.a.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.b.shape[0]), int(self.a.shape[1])

    def dense(self) -> Matrix:
        """(outputs, inputs)"""
        return self.b @ self.a


@dataclass(frozen=True, eq=False)
class Update:
    """All that one adapter changes, by the base's name of each module."""

    modules: Mapping[str, Factors]

    @property
    def rank(self) -> int:
        """The largest of any module; 0 where nothing is changed."""
        return max((f.rank for f in self.modules.values()), default=0)

    @property
    def pairs(self) -> dict[str, tuple[Matrix, Matrix]]:
        """As the engine takes them: module -> (b, a)."""
        return {m: (f.b, f.a) for m, f in self.modules.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over names, shapes and bytes."""
        sha = hashlib.sha256()
        for module, factors in sorted(self.modules.items()):
            sha.update(f"{module}\0{factors.b.shape}\0{factors.a.shape}\n".encode())
            sha.update(np.ascontiguousarray(factors.b, np.float32).tobytes())
            sha.update(np.ascontiguousarray(factors.a, np.float32).tobytes())
        return sha.hexdigest()

    @property
    def norm(self) -> float:
        """Frobenius norm of the whole change, without making it dense."""
        squares = (
            ((f.b.T.astype(float) @ f.b) * (f.a.astype(float) @ f.a.T)).sum()
            for f in self.modules.values()
        )
        return sqrt(max(0.0, float(sum(squares))))


@dataclass(frozen=True, eq=False)
class Updates:
    """The updates of one round. n_samples: how many examples each was tuned on.

    A participant that leaves a module alone changes it by zero.
    """

    names: tuple[str, ...]
    updates: tuple[Update, ...]
    n_samples: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.n_samples:
            object.__setattr__(self, "n_samples", (1,) * len(self.updates))

    @property
    def n(self) -> int:
        return len(self.updates)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Every module that anybody changes, in a fixed order."""
        found = {m: f.shape for u in self.updates for m, f in u.modules.items()}
        return dict(sorted(found.items()))

    @cached_property
    def gram(self) -> Doubles:
        """(n, n) inner products of whole updates, exact: <B A, D C> = sum((B'D) * (A C'))."""
        total = np.zeros((self.n, self.n))
        for module in self.shapes:
            there = [
                (k, u.modules[module]) for k, u in enumerate(self.updates) if module in u.modules
            ]
            b = np.concatenate([f.b for _, f in there], axis=1).astype(float)
            a = np.concatenate([f.a for _, f in there], axis=0).astype(float)
            products = (b.T @ b) * (a @ a.T)
            ends = np.cumsum([0, *(f.rank for _, f in there)])
            owner = np.zeros((len(products), self.n))
            for (k, _), begin, end in zip(there, ends[:-1], ends[1:], strict=True):
                owner[begin:end, k] = 1
            total += owner.T @ products @ owner
        return total

    @property
    def norms(self) -> Doubles:
        """(n,)"""
        return np.sqrt(np.clip(np.diag(self.gram), 0, None))

    @property
    def squared_distances(self) -> Doubles:
        """(n, n)"""
        squares = np.diag(self.gram)
        return np.clip(squares[:, None] + squares[None, :] - 2 * self.gram, 0, None)

    @property
    def cosines(self) -> Doubles:
        """(n, n) between whole updates; 0 where one of the two changes nothing."""
        sizes = np.outer(self.norms, self.norms)
        return np.divide(self.gram, sizes, out=np.zeros_like(self.gram), where=sizes > 0)

    def block(self, module: str) -> Matrix:
        """(n, outputs, inputs): everybody's change of one module."""
        empty = np.zeros(self.shapes[module], np.float32)
        return np.stack(
            [u.modules[module].dense() if module in u.modules else empty for u in self.updates]
        )

    def blocks(self) -> Iterator[tuple[str, Matrix]]:
        """One module after another, so that never more than one is dense."""
        for module in self.shapes:
            yield module, self.block(module)

    def without(self, k: int) -> Updates:
        """The round as it would be without participant number k."""
        others = [i for i in range(self.n) if i != k]
        return Updates(
            tuple(self.names[i] for i in others),
            tuple(self.updates[i] for i in others),
            tuple(self.n_samples[i] for i in others),
        )


NOTHING = Update({})  # what the base itself wears


def update_of(pairs: Mapping[str, tuple[Matrix, Matrix]]) -> Update:
    """From what the engine gives: module -> (b, a)."""
    return Update({m: Factors(b, a) for m, (b, a) in pairs.items()})


def combined(updates: Sequence[Update], weights: Sequence[float]) -> Update:
    """The weighted sum of changes, exact: factors side by side.

    Where these would have more columns than the matrix has rows or columns, the matrix itself is
    the smaller factor.
    """
    modules: dict[str, Factors] = {}
    pairs = [(u, w) for u, w in zip(updates, weights, strict=True) if w]
    for module in sorted({m for u, _ in pairs for m in u.modules}):
        there = [(u.modules[module], w) for u, w in pairs if module in u.modules]
        b = np.concatenate([np.float32(w) * f.b for f, w in there], axis=1)
        a = np.concatenate([f.a for f, _ in there], axis=0)
        modules[module] = _no_larger(Factors(b, a))
    return Update(modules)


def _no_larger(factors: Factors) -> Factors:
    outputs, inputs = factors.shape
    if factors.rank <= min(outputs, inputs):
        return factors
    if outputs <= inputs:
        return Factors(np.eye(outputs, dtype=np.float32), factors.dense())
    return Factors(factors.dense(), np.eye(inputs, dtype=np.float32))


@dataclass(frozen=True)
class Loss:
    """What truncating left out: squared Frobenius norms of the whole and of what is missing."""

    missing: float
    whole: float

    @property
    def relative_error(self) -> float:
        """Norm of what is missing over the norm of the whole; 0 where there is nothing."""
        return sqrt(self.missing / self.whole) if self.whole else 0.0


def truncated(dense: Matrix, rank: int) -> tuple[Factors, Loss]:
    """The best factors of at most this rank (Eckart & Young 1936), and what they leave out.

    Found from the eigenvectors of the smaller of D D' and D' D, which is enough for a truncation
    and several times as fast as a whole SVD.
    """
    wide = dense.shape[0] <= dense.shape[1]
    d = dense.astype(float) if wide else dense.T.astype(float)
    rank = min(rank, len(d))
    values, vectors = eigh(d @ d.T, subset_by_index=(len(d) - rank, len(d) - 1))
    left = vectors.astype(np.float32)
    right = (vectors.T @ d).astype(np.float32)
    whole = float(np.square(d).sum())
    missing = max(0.0, whole - float(np.clip(values, 0, None).sum()))
    if missing < 1e-12 * whole:  # below what eigenvalues of squares can tell
        missing = 0.0
    return (Factors(left, right) if wide else Factors(right.T.copy(), left.T.copy())), Loss(
        missing, whole
    )

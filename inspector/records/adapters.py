"""What one module's part of an adapter does to its base, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModuleChange:
    """The change s * B A of one module of an adapter, s its scale (alpha / r).

    kind: the module's own name (q_proj), layer: its number, None where it has none. norm:
    Frobenius norm of the change. largest: its largest singular value. top_share: largest ** 2 over
    the sum of all squared, in [0, 1]; 0 where there is no change. z_norm: robust z-score of log
    norm among the modules of the same kind; None where they are too few, or it is no change.
    """

    module: str
    kind: str
    layer: int | None
    rank: int
    norm: float
    largest: float
    top_share: float
    z_norm: float | None

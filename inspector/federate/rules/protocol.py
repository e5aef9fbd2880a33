"""What an aggregation rule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from inspector.federate.deltas import Matrix, Updates


@dataclass(frozen=True)
class Weighted:
    """How much each participant counts, adding up to 1. note: what a reader must know, or ""."""

    weights: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True)
class Coordinatewise:
    """combine: everybody's change of one module, (n, outputs, inputs) -> (outputs, inputs)."""

    combine: Callable[[Matrix], Matrix]
    note: str = ""


class Rule(Protocol):
    """One way to make one update of many. source: paper and section."""

    @property
    def name(self) -> str: ...

    @property
    def what(self) -> str:
        """In one plain sentence."""
        ...

    @property
    def source(self) -> str: ...

    def decide(self, updates: Updates, n_malicious: int, /) -> Weighted | Coordinatewise:
        """n_malicious: how many to expect; rules that need no such number ignore it."""
        ...

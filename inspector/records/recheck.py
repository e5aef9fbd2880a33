"""Looking again: whether what is deployed was inspected, and what changed since an inspection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inspector.records.findings import Finding
from inspector.records.judges import Behaviour
from inspector.records.results import Appearance, Rate


class FileState(StrEnum):
    """A deployed file against the inspected one of the same name."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"  # was inspected, is not there
    EXTRA = "extra"  # is there, was not inspected


@dataclass(frozen=True)
class FileCheck:
    """One file. sha256: of what is deployed, inspected_sha256: of what was; None: no such file."""

    path: str
    state: FileState
    sha256: str | None
    inspected_sha256: str | None
    note: str = ""


@dataclass(frozen=True)
class Recheck:
    """A folder against a run. level: the run's verdict, None while it has none.

    base: the base that an adapter needs and this comparison did not look at, None for models.
    left_out: folders that are there and were not looked into.
    """

    folder: str
    run_id: str
    target: str
    commit: str | None
    level: str | None
    files: tuple[FileCheck, ...]
    base: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        return all(f.state is FileState.SAME for f in self.files)


@dataclass(frozen=True)
class Watched:
    """One line of the watch list. run: folder of its last inspection, "" before the first.

    plan, control: as the command line has them; used where there is no run to take them from.
    """

    target: str
    plan: str
    control: str
    run: str = ""


@dataclass(frozen=True)
class Change:
    """What is another in a later inspection of the same target.

    levels are None where an inspection came to no verdict. files: those that are not the same.
    """

    target: str
    commit_before: str | None
    commit_after: str | None
    level_before: str | None
    level_after: str | None
    files: tuple[FileCheck, ...]
    findings_new: tuple[Finding, ...]
    findings_gone: tuple[Finding, ...]


@dataclass(frozen=True)
class Fact:
    """One input of two inspections, as text; None where an inspection has none."""

    what: str
    a: str | None
    b: str | None

    @property
    def is_same(self) -> bool:
        return self.a == self.b


@dataclass(frozen=True)
class RateApart:
    """One behaviour's share in two inspections. scenario: `untouched` before any operation.

    a, b: None where it was not measured. change: b minus a with its 95 % interval, None without
    both.
    """

    behaviour: Behaviour
    scenario: str
    a: Rate | None
    b: Rate | None
    change: float | None
    low: float | None
    high: float | None

    @property
    def is_apart(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """Two inspections side by side. change: what is another in b; appearances by their phrase."""

    facts: tuple[Fact, ...]
    change: Change
    rates: tuple[RateApart, ...]
    appearances_new: tuple[Appearance, ...]
    appearances_gone: tuple[Appearance, ...]

"""What the history says of targets: one row for each, whatever its number of inspections.

Standard library only. Times are UTC, without an offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from inspector.records import ArtifactKind, Decision, Level
from inspector.records.standing import Standing, Trend, trend_of


class TargetOrder(StrEnum):
    """What a list of targets is sorted by."""

    NEWEST = "newest"
    PRESSING = "pressing"
    WORST = "worst"
    NAME = "name"


@dataclass(frozen=True)
class TargetFilter:
    """Which targets to list; None and "" mean all. at_work: only those with a live job.

    search: in the target as it was asked for, its commits and run ids, whatever the case. standing:
    of any of the target's revisions.
    """

    search: str = ""
    level: Level | None = None
    kind: ArtifactKind | None = None
    standing: Standing | None = None
    at_work: bool = False
    order: TargetOrder = TargetOrder.NEWEST


@dataclass(frozen=True)
class Revision:
    """The newest verdict on one revision: on the same bytes of a target."""

    run_id: str
    level: Level
    commit: str | None
    created_at: datetime | None


@dataclass(frozen=True)
class TargetRow:
    """One target: every revision of a Hub repo, of a folder, or of a demo model.

    run_id: the newest inspection with a verdict, else the newest; level: that verdict. revisions:
    the newest of them, oldest first. newest_*: the newest inspection of all, with a verdict or
    without. standing, decision, owner, expires: of the revision that presses most, else of the
    newest; on_older: whether that is an older one than `level` speaks of.
    """

    name: str
    kind: ArtifactKind | None
    run_id: str
    level: Level | None
    standing: Standing
    on_older: bool
    decision: Decision | None
    owner: str | None
    expires: date | None
    revisions: tuple[Revision, ...]
    n_revisions: int
    n_inspections: int
    newest_run_id: str
    newest_state: str
    newest_at: datetime | None
    plan: str | None
    at_work: bool

    @property
    def trend(self) -> Trend | None:
        """None while there is no verdict."""
        return trend_of([r.level for r in self.revisions]) if self.revisions else None

    @property
    def stopped(self) -> str | None:
        """How an inspection newer than the verdict ended without one; None where none did."""
        without = self.newest_run_id != self.run_id or self.level is None
        return self.newest_state if without and not self.at_work else None


@dataclass(frozen=True)
class Review:
    """One revision that waits for a person, and the decision on it, where there is one."""

    run_id: str
    name: str
    commit: str | None
    level: Level | None
    standing: Standing
    created_at: datetime | None
    decision: Decision | None
    owner: str | None
    decided_at: datetime | None
    expires: date | None


@dataclass(frozen=True)
class Figures:
    """Counts over all targets. n_evidence: whose newest verdict is evidence. standings: revisions
    by their standing, none left out."""

    n_targets: int
    n_inspections: int
    n_evidence: int
    standings: dict[Standing, int]


@dataclass(frozen=True)
class Look:
    """One inspection of a watched target, the newest first. decision: the last on it."""

    run_id: str
    state: str
    commit: str | None
    level: Level | None
    decision: Decision | None

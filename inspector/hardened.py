"""A hardening's run folder as history and report tell of it.

Comes in: run folders of hardenings, finished or not. Goes out: HardenedRun records; what a stage
has not written yet is None. Hardenings of a model are those that pinned the same bytes, among the
hardenings of the same home.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.errors import InspectorError
from inspector.records import Artifact, Event, EventKind, Hardened, Hardening
from inspector.run import Run, read_record
from inspector.settings import Settings

_ENDS = (EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED)


@dataclass(frozen=True)
class HardenedRun:
    """One hardening. target: as it was pinned, None before. last: the last word of its events."""

    run: Run
    hardening: Hardening
    last: Event | None
    target: Artifact | None
    result: Hardened | None


@dataclass(frozen=True)
class _Pinned:
    """Of what the fetch stage pinned, the model."""

    target: Artifact


def read_hardened(run: Run) -> HardenedRun:
    """Raises InspectorError or OSError where a file is not what a stage writes."""
    pinned, result = run.folder / "fetch" / "pinned.json", run.folder / "result.json"
    hardened = read_record(result, Hardened) if result.exists() else None
    target = read_record(pinned, _Pinned).target if pinned.exists() else None
    return HardenedRun(
        run=run,
        hardening=read_record(run.folder / "hardening.json", Hardening),
        last=run.last_event(_ENDS),
        target=hardened.target if hardened else target,
        result=hardened,
    )


def hardened_of(inspection: Path, target: Artifact | None) -> tuple[HardenedRun, ...]:
    """The readable hardenings of this very model, oldest first.

    inspection: its run folder, `HOME/runs/ID`. target: as it was pinned there.
    """
    if target is None:
        return ()
    home = Settings(home=inspection.resolve().parent.parent)
    found = []
    for path in sorted(home.hardenings.glob("*/hardening.json")):
        try:
            hardened = read_hardened(Run(path.parent))
        except (InspectorError, OSError):
            continue  # damaged: its own page says how
        if hardened.target is not None and hardened.target.digest == target.digest:
            found.append(hardened)
    return tuple(found)

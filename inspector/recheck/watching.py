"""The watch list: Targets whose Hub revision may move.

Comes in: `INSPECTOR_HOME/watch.json`, written atomically. Goes out: its lines, and where a
revision stands on its Hub today. Inspecting again is for the command to start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from inspector.errors import BadInput, InspectorError
from inspector.records import Target, TargetKind
from inspector.records.recheck import Watched
from inspector.run import read_record, write_record
from inspector.settings import Settings

_COMMIT = re.compile(r"[0-9a-f]{40}")


class WatchList:
    """The list in a home. Each change reads and writes the whole file under a lock."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.home / "watch.json"

    def entries(self) -> tuple[Watched, ...]:
        """All lines, in the order they were added. Raises BadInput where the file is damaged."""
        if not self.path.exists():
            return ()
        try:
            return read_record(self.path, tuple[Watched, ...])
        except InspectorError as error:
            raise BadInput(
                f"The watch list {self.path} cannot be read ({error}) Mend it, or remove it and "
                "add the targets again."
            ) from error

    def add(self, entry: Watched) -> None:
        """Raises BadInput for a target that cannot move, or is on the list already."""
        _check_movable(Target.parse(entry.target))
        with self._locked():
            if any(e.target == entry.target for e in self.entries()):
                raise BadInput(
                    f"{entry.target} is watched already; `watch remove {entry.target}` first to "
                    "change how."
                )
            self._write((*self.entries(), entry))

    def remove(self, target: str) -> None:
        with self._locked():
            kept = tuple(e for e in self.entries() if e.target != target)
            if len(kept) == len(self.entries()):
                known = ", ".join(e.target for e in kept) or "nothing"
                raise BadInput(f"{target} is not watched; the list holds: {known}.")
            self._write(kept)

    def inspected(self, target: str, run: Path) -> None:
        """Note the run that holds a target's newest inspection."""
        with self._locked():
            self._write(
                replace(e, run=str(run)) if e.target == target else e for e in self.entries()
            )

    def _locked(self) -> FileLock:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_suffix(".lock"))

    def _write(self, entries: Iterable[Watched]) -> None:
        write_record(self.path, tuple(entries))


def commit_now(target: Target, settings: Settings) -> str:
    """Where the target's revision stands on the Hub at this moment.

    Raises TargetError where it is gone, HubUnreachable where the Hub does not answer.
    """
    from inspector.fetch.hub import Hub  # the list itself is read without loading the Hub's client

    return Hub(settings.hub_endpoint).look_up("model", target.location, target.revision).commit


def _check_movable(target: Target) -> None:
    if target.kind is not TargetKind.HUB:
        raise BadInput(
            f"{target} does not come from a Hub, so nothing moves it; compare it with a run: "
            f"python -m inspector verify {target} --against RUN."
        )
    if _COMMIT.fullmatch(target.revision or ""):
        raise BadInput(
            f"{target} names a commit, which never moves; watch a branch or tag, or the repo "
            f"without a revision: hf:{target.location}."
        )

"""Hardenings that there are: found by name, listed, read.

Comes in: the home. Goes out: run folders, their inputs and results, and a line each for a list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from inspector.errors import BadInput, InspectorError
from inspector.harden.path import INPUTS, RESULT
from inspector.harden.telling import LEVEL_LABELS, finding
from inspector.labels import file_name
from inspector.records import EventKind, Hardened, Hardening
from inspector.run import Run, read_record
from inspector.settings import Settings

_ENDS = {
    EventKind.STARTED: "not finished",
    EventKind.FINISHED: "finished",
    EventKind.FAILED: "failed",
    EventKind.CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class HardeningRow:
    """One hardening in a list. started: None where its name does not tell. said: what came of it,
    or why nothing did."""

    run_id: str
    started: datetime | None
    model: str
    data: str
    rho: float | None
    poison_ratio: float | None
    state: str
    said: str


def find_hardening(name: str, settings: Settings) -> Run:
    """The run of this id. Raises BadInput where there is none."""
    run = Run(settings.hardenings / name)
    if not name or Path(name).name != name or not (run.folder / INPUTS).is_file():
        raise BadInput(
            f"There is no hardening {name[:80]!r} in {settings.hardenings}; choose one of the list "
            "on the page Harden."
        )
    return run


def list_hardenings(settings: Settings) -> Iterator[Run]:
    """Newest first: run ids start with their UTC time."""
    for path in sorted(settings.hardenings.glob(f"*/{INPUTS}"), reverse=True):
        yield Run(path.parent)


def read_inputs(run: Run) -> Hardening:
    return read_record(run.folder / INPUTS, Hardening)


def read_result(run: Run) -> Hardened | None:
    """What came of it, None while nothing has."""
    path = run.folder / RESULT
    return read_record(path, Hardened) if path.exists() else None


def rows(
    settings: Settings, live: Collection[str], start: int, size: int
) -> tuple[int, list[HardeningRow]]:
    """(how many there are, one page of them). live: ids of those at work or in line.

    A folder that cannot be read is listed with the reason, never left out.
    """
    runs = list(list_hardenings(settings))
    return len(runs), [_row(run, run.run_id in live) for run in islice(runs, start, start + size)]


def _row(run: Run, is_live: bool) -> HardeningRow:
    try:
        inputs, result = read_inputs(run), read_result(run)
    except (OSError, InspectorError) as error:
        first = str(error).partition("\n")[0]
        return HardeningRow(run.run_id, _started(run), "", "", None, None, "unreadable", first)
    state, said = "at work" if is_live else "not finished", ""
    if not is_live and result is not None:
        state, said = LEVEL_LABELS[result.level].word, finding(result)
    elif not is_live and (event := run.last_event(_ENDS)) is not None:
        state, said = _ENDS[event.kind], event.message
    return HardeningRow(
        run.run_id,
        _started(run),
        inputs.target.title,
        file_name(inputs.align.data),
        inputs.perturbation.rho,
        inputs.poison_ratio,
        state,
        said,
    )


def _started(run: Run) -> datetime | None:
    try:
        return datetime.strptime(run.run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None

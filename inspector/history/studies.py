"""Studies in the index: one row for each, and what it found in tables of its kind.

Comes in: a cursor and the home. Goes out: rows, in the database and for a page. A study has few
rows, so they are written by name; what has not changed since the last look is told by sizes and
times, as with inspections (`seeing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from inspector.history.lockdown import first_line
from inspector.history.rows import UNREADABLE_BY
from inspector.history.seeing import UNREADABLE, created_at, last_word
from inspector.history.study_rows import KINDS, Kind, Rows, Told
from inspector.run import Run
from inspector.settings import Settings

TABLES = ("studies", *(table for kind in KINDS for table in kind.tables))


@dataclass(frozen=True)
class StudyRow:
    """One study in a list."""

    study_id: str
    kind: str
    folder: str
    title: str
    target: str
    created_at: datetime | None
    state: str
    sentence: str


@dataclass(frozen=True)
class Change:
    """Of one kind: ids whose rows go, gone or changed, and runs that are to be read."""

    kind: Kind
    stale: tuple[str, ...]
    changed: tuple[Run, ...]

    @property
    def n_studies(self) -> int:
        return len({*self.stale, *(run.run_id for run in self.changed)})


def look(cursor: DuckDBPyConnection, home: Settings) -> list[Change]:
    """What is new, changed or gone, by kind: nothing is written."""
    rows = cursor.execute("SELECT kind, study_id, glance FROM studies").fetchall()
    known = {(kind, study_id): seen for kind, study_id, seen in rows}
    changes = []
    for kind in KINDS:
        places = sorted(kind.folder(home).glob(f"*/{kind.inputs}"))
        runs = {path.parent.name: Run(path.parent) for path in places}
        changed = [
            run for name, run in runs.items() if known.get((kind.name, name)) != glance(kind, run)
        ]
        gone = [name for of, name in known if of == kind.name and name not in runs]
        again = [run.run_id for run in changed if (kind.name, run.run_id) in known]
        if gone or changed:
            changes.append(Change(kind, (*gone, *again), tuple(changed)))
    return changes


def glance(kind: Kind, run: Run) -> str:
    """Size and time of the files that change whenever the study does."""
    seen = [str(run.folder)]
    for name in kind.glanced:
        paths = sorted(run.folder.glob(name)) if "*" in name else [run.folder / name]
        for path in paths:
            try:
                stat = path.stat()
            except OSError:
                seen.append("-")
            else:
                seen.append(f"{stat.st_size}@{stat.st_mtime_ns}")
    return "\n".join(seen)


def rows_of(kind: Kind, run: Run) -> Rows:
    """Its rows by table. A folder that cannot be read is listed with the reason, never left out."""
    seen = glance(kind, run)  # before the contents: what is written meanwhile is seen again
    try:
        told, state = kind.read(run), last_word(run)[0]
    except UNREADABLE_BY as error:
        told, state = Told("", "", first_line(error), {}), UNREADABLE
    study = {
        "study_id": run.run_id,
        "kind": kind.name,
        "glance": seen,
        "folder": str(run.folder),
        "title": told.title,
        "target": told.target,
        "created_at": created_at(run),
        "state": state,
        "sentence": told.sentence,
    }
    own = {
        table: [{"study_id": run.run_id} | row for row in rows] for table, rows in told.rows.items()
    }
    return {"studies": [study], **own}


def write(cursor: DuckDBPyConnection, changes: Iterable[tuple[Change, Sequence[Rows]]]) -> None:
    """Within a transaction of the caller's. With each change, the rows of its changed runs."""
    for change, found in changes:
        stale = list(change.stale)
        cursor.execute(
            "DELETE FROM studies WHERE kind = ? AND list_contains(?, study_id)",
            [change.kind.name, stale],
        )
        for table in change.kind.tables:
            cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, study_id)", [stale])
        for rows in found:
            for table, several in rows.items():
                for row in several:
                    names = ", ".join(row)
                    marks = ", ".join("?" * len(row))
                    cursor.execute(
                        f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())
                    )


def read(change: Change) -> list[Rows]:
    """The rows of the runs that changed."""
    return [rows_of(change.kind, run) for run in change.changed]


def studies(
    cursor: DuckDBPyConnection, kind: str, limit: int, offset: int
) -> tuple[int, list[StudyRow]]:
    """(how many there are, one page of them), the newest first."""
    counted = cursor.execute("SELECT count(*) FROM studies WHERE kind = ?", [kind]).fetchone()
    assert counted is not None  # a count has a row
    rows = cursor.execute(
        "SELECT study_id, kind, folder, title, target, created_at, state, sentence FROM studies "
        "WHERE kind = ? ORDER BY created_at DESC NULLS LAST, study_id DESC LIMIT ? OFFSET ?",
        [kind, limit, offset],
    ).fetchall()
    return counted[0], [StudyRow(*row) for row in rows]

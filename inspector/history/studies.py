"""Studies in the index: one row for each, and what a screening found.

Comes in: a cursor and the folder of screenings. Goes out: rows, in the database and for a page. A
study has few rows, so they are written by name; what has not changed since the last look is told by
sizes and times, as with inspections (`seeing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from inspector.history.lockdown import first_line
from inspector.history.rows import UNREADABLE_BY
from inspector.history.seeing import UNREADABLE, created_at, last_word
from inspector.records import ExampleVerdict, Rate
from inspector.run import Run
from inspector.screened import Screened, read_screened

TABLES = ("studies", "screenings", "removals")
SCREENING = "screening"
_GLANCED = (
    *("events.jsonl", "screening.json", "data/data.json", "rank/ranking.json", "rank/done.json"),
    *("isolate/isolated.json", "reviews.jsonl", "removal-plan.json"),
)
Rows = dict[str, list[dict[str, Any]]]


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


def look(cursor: DuckDBPyConnection, screenings: Path) -> tuple[list[str], list[Run]]:
    """(ids of studies that are gone or changed, runs to read): nothing is written."""
    known = dict(cursor.execute("SELECT study_id, glance FROM studies").fetchall())
    runs = {p.parent.name: Run(p.parent) for p in sorted(screenings.glob("*/screening.json"))}
    changed = [run for name, run in runs.items() if known.get(name) != glance(run)]
    stale = [name for name in known if name not in runs]
    return [*stale, *(run.run_id for run in changed if run.run_id in known)], changed


def glance(run: Run) -> str:
    """Size and time of the files that change whenever the study does, removals' among them."""
    paths = [run.folder / name for name in _GLANCED]
    paths += sorted(run.folder.glob("removal/*/removal.json"))
    seen = [str(run.folder)]
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            seen.append("-")
        else:
            seen.append(f"{stat.st_size}@{stat.st_mtime_ns}")
    return "\n".join(seen)


def rows_of(run: Run) -> Rows:
    """Its rows by table. A folder that cannot be read is listed with the reason, never left out."""
    seen = glance(run)  # before the contents: what is written meanwhile is seen again
    common = {
        "study_id": run.run_id,
        "kind": SCREENING,
        "glance": seen,
        "folder": str(run.folder),
        "created_at": created_at(run),
    }
    try:
        screened = read_screened(run)
    except UNREADABLE_BY as error:
        told = {"title": "", "target": "", "state": UNREADABLE, "sentence": first_line(error)}
        return {"studies": [common | told]}
    told = {
        "title": screened.screening.sought.title,
        "target": screened.screening.target.title,
        "state": last_word(run)[0],
        "sentence": screened.sentence,
    }
    return {
        "studies": [common | told],
        "screenings": [_screening(screened)],
        "removals": _removals(screened),
    }


def write(cursor: DuckDBPyConnection, gone: Sequence[str], found: Iterable[Rows]) -> None:
    """Within a transaction of the caller's."""
    for table in TABLES:
        cursor.execute(f"DELETE FROM {table} WHERE list_contains(?, study_id)", [list(gone)])
    for rows in found:
        for table, several in rows.items():
            for row in several:
                names = ", ".join(row)
                marks = ", ".join("?" * len(row))
                cursor.execute(
                    f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values())
                )


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


def _screening(screened: Screened) -> dict[str, Any]:
    ranking, data = screened.ranking, screened.data
    return {
        "study_id": screened.run.run_id,
        "inspection": Path(screened.screening.sought.inspection).name,
        "data": data.name if data else screened.screening.tuning.data,
        "n_rows": data.n_rows if data else None,
        "n_examples": data.n_examples if data else None,
        "ranker": screened.screening.ranking.ranker,
        **_rate("before_", ranking.before if ranking else None),
        **_rate("after_", ranking.after if ranking else None),
        "n_scored": ranking.n_scored if ranking else None,
        "n_suspects": ranking.n_suspects if ranking else None,
        "n_critical": ranking.n_critical if ranking else None,
        "n_accepted": screened.n_standing(ExampleVerdict.ACCEPT),
        "n_rejected": screened.n_standing(ExampleVerdict.REJECT),
        "elapsed_s": ranking.elapsed_s if ranking else None,
        "peak_memory_bytes": ranking.peak_memory_bytes if ranking else None,
    }


def _removals(screened: Screened) -> list[dict[str, Any]]:
    return [
        {
            "study_id": screened.run.run_id,
            "ordinal": number,
            "chosen": removal.chosen,
            "n_examples": removal.n_examples,
            "n_removed_rows": removal.without.n_removed_rows,
            **_rate("", removal.without.rate),
            "n_draws": len(removal.random),
            "random_mean": removal.random_mean,
            "random_low": removal.random_low,
            "random_high": removal.random_high,
            "n_random_as_low": removal.n_random_as_low,
            "p_value": removal.p_value,
            "sentence": removal.sentence,
        }
        for number, removal in enumerate(screened.removals)
    ]


def _rate(prefix: str, rate: Rate | None) -> dict[str, float | int | None]:
    parts = (rate.n, rate.n_hits, rate.rate, rate.low, rate.high) if rate else (None,) * 5
    names = ("n", "hits", "rate", "low", "high")
    return {f"{prefix}{name}": part for name, part in zip(names, parts, strict=True)}

"""A screening's run folder, read and written: what pages, the command and the report look at.

    RUN/
      screening.json                        Screening: all inputs
      machine.json                          precision and threads of the first attempt
      fetch/pinned.json                     Pinned: the model's and the data's bytes
      data/                                 the set (store.py), data.json: ScreenedData
      tokens/                               its tokens
      ask-before/, ask-after/               responses.parquet: Response rows; probes.parquet beside
      tune/training.json, steps.parquet     Training, TrainingStep rows
      queries/queries.json                  list of Query
      queries/phrases.json                  list of Appearance; injected content only
      rank/ranking.json, ranking.parquet    Ranking; RankedExample rows, the most suspect first
      isolate/suspects.jsonl, kept.jsonl    the set in two, isolated.json: Isolated
      reviews.jsonl                         ExampleReview a line, append-only
      removal-plan.json                     RemovalPlan: asked for last
      removal/PLAN/removal.json             Removal; one folder for each plan

Comes in: run folders. Goes out: records; nothing where a stage has not written yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter

from inspector.errors import BadInput
from inspector.files import write_atomic
from inspector.judge.policy import spelled
from inspector.records import (
    Behaviour,
    Isolated,
    Query,
    RankedExample,
    Ranking,
    Removal,
    RemovalPlan,
    Screening,
)
from inspector.run import Run, arrow_schema, read_record
from inspector.screen.store import ExampleStore
from inspector.settings import Settings

INPUTS = "screening.json"
PLAN = "removal-plan.json"
_ROWS_READ = 1024
_RANKED = TypeAdapter(list[RankedExample])


def in_words(title: str) -> str:
    """What is looked for, as sentences write it. title: `Sought.title`."""
    return spelled(Behaviour(title)) if title in set(Behaviour) else title


def list_screenings(settings: Settings) -> list[Run]:
    """Every screening of this home, newest first."""
    folders = sorted(settings.screenings.glob(f"*/{INPUTS}"), reverse=True)
    return [Run(path.parent) for path in folders]


def find_screening(text: str, settings: Settings) -> Run:
    """The screening of that folder or id. Raises BadInput where there is none."""
    for folder in (Path(text), settings.screenings / text):
        if text.strip() and (folder / INPUTS).exists():
            return Run(folder.resolve())
    raise BadInput(
        f"There is no screening {text!r}: it is neither a screening's folder nor the id of one "
        f"under {settings.screenings}; list them with: python -m inspector screen show."
    )


def read_inputs(run: Run) -> Screening:
    return read_record(run.folder / INPUTS, Screening)


def read_store(run: Run) -> ExampleStore | None:
    """The set: its texts by number of example."""
    folder = run.folder / "data"
    return ExampleStore(folder) if (folder / "data.json").exists() else None


def read_queries(run: Run) -> tuple[Query, ...]:
    path = run.folder / "queries" / "queries.json"
    return read_record(path, tuple[Query, ...]) if path.exists() else ()


def read_ranking(run: Run) -> Ranking | None:
    """The ranking as a whole; None before the stage has finished."""
    folder = run.folder / "rank"
    if not (folder / "done.json").exists():
        return None
    return read_record(folder / "ranking.json", Ranking)


def read_ranked(run: Run, start: int = 0, n: int = 100) -> list[RankedExample]:
    """The examples from place `start` (from 0) on; only a part of the file is in memory."""
    path = run.folder / "rank" / "ranking.parquet"
    found: list[RankedExample] = []
    if not path.exists():
        return found
    at = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            if at + n_rows > start and len(found) < n:
                first = max(0, start - at)
                rows = file.read_row_group(group).slice(first, n - len(found))
                found += _RANKED.validate_python(rows.to_pylist())
            at += n_rows
    return found


def all_ranked(run: Run) -> Iterator[RankedExample]:
    """Every example in its order, read in parts."""
    start = 0
    while rows := read_ranked(run, start, _ROWS_READ):
        yield from rows
        start += len(rows)


def ranked_example(run: Run, example: int) -> RankedExample:
    """One example by its number. Raises BadInput where there is none."""
    path = run.folder / "rank" / "ranking.parquet"
    if path.exists():
        rows = pq.read_table(path, filters=[("example", "=", example)]).to_pylist()
        if rows:
            return _RANKED.validate_python(rows)[0]
    raise BadInput(
        f"The screening {run.run_id} has ranked no example {example}; `screen show` lists them by "
        "number."
    )


def suspects(run: Run) -> list[RankedExample]:
    """Those from the limit on, the most suspect first."""
    found = []
    for row in all_ranked(run):
        if not row.is_suspect:  # the order is by score: none comes after
            break
        found.append(row)
    return found


def write_ranked(path: Path, columns: Mapping[str, Any]) -> None:
    """RankedExample rows from whole columns: a set of millions makes no million objects."""
    table = pa.table(dict(columns), schema=arrow_schema(RankedExample))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=_ROWS_READ)
    write_atomic(path, sink.getvalue().to_pybytes())


def read_isolated(run: Run) -> Isolated | None:
    path = run.folder / "isolate" / "isolated.json"
    return read_record(path, Isolated) if path.exists() else None


def read_plan(run: Run) -> RemovalPlan | None:
    """The removal that was asked for last."""
    path = run.folder / PLAN
    return read_record(path, RemovalPlan) if path.exists() else None


def read_removals(run: Run) -> list[Removal]:
    """Every finished removal, the last one last."""
    paths = (run.folder / "removal").glob("*/removal.json")
    return [read_record(p, Removal) for p in sorted(paths, key=lambda p: p.stat().st_mtime_ns)]

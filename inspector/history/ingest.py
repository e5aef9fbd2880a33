"""Runs into the database: read by threads, typed as its tables are, inserted many at a time.

Comes in: what was seen of runs, and an open cursor. Goes out: batches of Arrow tables, inserted
with no access to files, so that the lock-down of the process holds here too
(docs/decisions/0001-history-lockdown.md, docs/decisions/history-at-scale.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pyarrow as pa

from inspector.history.lockdown import first_line
from inspector.history.rows import (
    COLUMNS,
    UNREADABLE_BY,
    Contents,
    Schemas,
    fitted,
    read,
    unreadable,
)
from inspector.history.seeing import Seen

# DuckDB holds several times as much until a transaction ends: 32 MiB filled its 256 MB.
BATCH_BYTES = 8 << 20
N_AHEAD = 8  # runs that are read at the same time
_ARROW = {
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}

log = logging.getLogger(__name__)


def schemas_of(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.Schema]:
    """How Arrow tables must be typed to go into the database's own; inspections come first."""
    columns: dict[str, list[pa.Field]] = {"inspections": []}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
        "WHERE NOT internal ORDER BY table_name, column_index"
    ).fetchall()
    for table, name, kind, nullable in rows:
        if table in COLUMNS or table in columns:
            field = pa.field(name, _ARROW[kind], nullable)
            columns.setdefault(table, []).append(field)
    return {table: pa.schema(fields) for table, fields in columns.items()}


def batches(
    runs: Sequence[Seen], schemas: Schemas, batch_bytes: int
) -> Iterator[dict[str, pa.Table]]:
    """Whole runs' rows by table, `batch_bytes` at a time: inserting costs by the statement.

    They are read before their transaction begins, so that a bad file spoils no other run.
    """
    batch: list[Contents] = []
    n_bytes = 0
    with ThreadPoolExecutor(thread_name_prefix="ingest") as pool:
        for begin in range(0, len(runs), N_AHEAD):  # pyarrow reads without Python's lock
            for run in pool.map(_read, runs[begin : begin + N_AHEAD]):
                batch.append(run)
                n_bytes += sum(part.nbytes for _, part in run.tables)
                if n_bytes >= batch_bytes:
                    yield _fitted(batch, schemas)
                    batch, n_bytes = [], 0
    if batch:
        yield _fitted(batch, schemas)


def insert(cursor: duckdb.DuckDBPyConnection, parts: dict[str, pa.Table]) -> None:
    """Arrow's memory is read where it lies: no Python rows, and no access to files.

    Columns stand in the order of the table's. Not by `register`: the name it gives is a part of the
    transaction, which keeps the rows of every batch until it ends.
    """
    for table, rows in parts.items():
        cursor.from_arrow(rows).insert_into(table)


def _fitted(batch: list[Contents], schemas: Schemas) -> dict[str, pa.Table]:
    """Their rows; a run whose files hold other things than they should is `unreadable`."""
    try:
        return fitted(batch, schemas)
    except UNREADABLE_BY as error:
        if len(batch) == 1:
            return fitted([_unreadable(batch[0].seen, error)], schemas)
    alone = [_fitted([run], schemas) for run in batch]
    return {
        table: pa.concat_tables([parts[table] for parts in alone if table in parts])
        for table in schemas
        if any(table in parts for parts in alone)
    }


def _read(seen: Seen) -> Contents:
    try:
        return read(seen)
    except UNREADABLE_BY as error:
        return _unreadable(seen, error)


def _unreadable(seen: Seen, error: Exception) -> Contents:
    log.warning("run %s cannot be read: %s", seen.run.run_id, error)
    return unreadable(seen, first_line(error))

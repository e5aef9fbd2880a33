"""Runs in batches for the database: read by threads, typed as its tables are.

Comes in: what was seen of runs. Goes out: Arrow tables, many runs' rows in each, a run that cannot
be read among them with the reason (docs/decisions/history-at-scale.md).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pyarrow as pa

from inspector.history.lockdown import first_line
from inspector.history.rows import (
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
N_AHEAD = 8  # runs that are read while others go in: more than a batch has
N_READERS = 2  # pyarrow and DuckDB work without Python's lock; four of them wait for each other

T = TypeVar("T")
U = TypeVar("U")

log = logging.getLogger(__name__)


def batches(
    runs: Sequence[Seen], schemas: Schemas, batch_bytes: int
) -> Iterator[dict[str, pa.Table]]:
    """Whole runs' rows by table, `batch_bytes` at a time: inserting costs by the statement.

    They are read before their transaction begins, so that a bad file spoils no other run.
    """
    with ThreadPoolExecutor(N_READERS, thread_name_prefix="ingest") as pool:
        read_ahead = ahead(pool, _read, runs, N_AHEAD)
        whole = _by_size(read_ahead, batch_bytes)
        yield from ahead(pool, partial(_fitted, schemas=schemas), whole, 1)


def _by_size(runs: Iterator[Contents], batch_bytes: int) -> Iterator[list[Contents]]:
    batch: list[Contents] = []
    n_bytes = 0
    for run in runs:
        batch.append(run)
        n_bytes += sum(part.get_total_buffer_size() for _, part in run.tables)
        if n_bytes >= batch_bytes:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def ahead(pool: Executor, work: Callable[[T], U], items: Iterable[T], n_ahead: int) -> Iterator[U]:
    """`map` in order, with at most `n_ahead` results waiting: `Executor.map` takes all at once."""
    waiting: deque[Future[U]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > n_ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


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

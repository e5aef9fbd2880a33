"""The answer to a reader's SQL as a file: every row up to a limit, not only those on the screen.

Comes in: Arrow batches as DuckDB streams them. Goes out: a CSV or Parquet file's bytes; at no time
are more than a batch's rows Python objects.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from inspector.csv_text import to_csv
from inspector.history.records import told_apart

BATCH_ROWS = 10_000


class Writer(Protocol):
    """Batches of one schema -> a file's bytes."""

    def __call__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch], /) -> bytes: ...


@dataclass(frozen=True)
class Export:
    """One kind of file. mime: its media type."""

    label: str
    mime: str
    write: Writer


def _csv(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> bytes:
    rows = (
        row
        for batch in batches
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    return to_csv(told_apart(schema.names), rows).encode("utf-8-sig")


def _parquet(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> bytes:
    out = io.BytesIO()
    named = pa.schema(
        [f.with_name(n) for f, n in zip(schema, told_apart(schema.names), strict=True)]
    )
    with pq.ParquetWriter(out, named, compression="zstd") as file:
        for batch in batches:
            file.write_batch(pa.record_batch(batch.columns, schema=named))
    return out.getvalue()


EXPORTS = {
    "csv": Export("CSV", "text/csv", _csv),
    "parquet": Export("Parquet", "application/vnd.apache.parquet", _parquet),
}


def up_to(batches: Iterator[pa.RecordBatch], max_rows: int) -> Iterator[pa.RecordBatch]:
    """The batches' first rows."""
    left = max_rows
    for batch in batches:
        yield batch.slice(0, left)
        left -= batch.num_rows
        if left <= 0:
            return

"""A table as a file that a person can keep: CSV for spreadsheets, Parquet for programs.

Comes in: rows by column name, every row with the same columns. Goes out: the file's bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inspector.csv_text import to_csv

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Format:
    """One kind of file. mime: its media type. render: rows -> bytes."""

    label: str
    mime: str
    render: Callable[[Rows], bytes]


def csv_bytes(rows: Rows) -> bytes:
    """UTF-8 with a byte-order mark, without which spreadsheets misread what is not ASCII."""
    columns = list(rows[0]) if rows else []
    return to_csv(columns, [list(row.values()) for row in rows]).encode("utf-8-sig")


def parquet_bytes(rows: Rows) -> bytes:
    """Types as Arrow infers them, zstd."""
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), out, compression="zstd")
    return out.getvalue()


FORMATS = {
    "csv": Format("CSV", "text/csv", csv_bytes),
    "parquet": Format("Parquet", "application/vnd.apache.parquet", parquet_bytes),
}

"""Arrow tables into the database: how they must be typed, and how they go in.

Comes in: a connection, rows as Arrow tables. Goes out: nothing. Arrow's memory is read where it
lies: no Python rows, and no access to files.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from inspector.history.columns import COLUMNS

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


def insert(cursor: duckdb.DuckDBPyConnection, parts: dict[str, pa.Table]) -> None:
    """Arrow's memory is read where it lies: no Python rows, and no access to files.

    Columns stand in the order of the table's. Not by `register`: the name it gives is a part of the
    transaction, which keeps the rows of every batch until it ends.
    """
    for table, rows in parts.items():
        cursor.from_arrow(rows).insert_into(table)

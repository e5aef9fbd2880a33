"""The history of inspections: a DuckDB index of run folders, the only room that imports duckdb.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. See `store`.
"""

from inspector.history.exports import EXPORTS, Export
from inspector.history.records import (
    Filter,
    InspectionRow,
    ResponseRow,
    ScoreMark,
    Sort,
    Table,
    TargetRow,
    TrendPoint,
)
from inspector.history.store import EXPORT_ROWS, History

__all__ = [
    "EXPORTS",
    "EXPORT_ROWS",
    "Export",
    "Filter",
    "History",
    "InspectionRow",
    "ResponseRow",
    "ScoreMark",
    "Sort",
    "Table",
    "TargetRow",
    "TrendPoint",
]

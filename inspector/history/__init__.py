"""The history of inspections: a DuckDB index of run folders, the only room that imports duckdb.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. See `store`.
"""

from inspector.history.records import InspectionRow, ResponseRow, ScoreMark, Table
from inspector.history.store import History
from inspector.history.target_rows import (
    Figures,
    Look,
    Review,
    Revision,
    TargetFilter,
    TargetOrder,
    TargetRow,
)

__all__ = [
    "Figures",
    "History",
    "InspectionRow",
    "Look",
    "ResponseRow",
    "Review",
    "Revision",
    "ScoreMark",
    "Table",
    "TargetFilter",
    "TargetOrder",
    "TargetRow",
]

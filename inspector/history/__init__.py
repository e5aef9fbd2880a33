"""The history of inspections: a DuckDB index of run folders, the only room that imports duckdb.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. See `store`.
"""

from inspector.history.records import (
    ControlAnswers,
    InspectionRow,
    ResponseRow,
    ScoreMark,
    Table,
)
from inspector.history.store import History

__all__ = ["ControlAnswers", "History", "InspectionRow", "ResponseRow", "ScoreMark", "Table"]

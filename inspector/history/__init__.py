"""The history of inspections: a DuckDB index of run folders, the only room that imports duckdb.

Comes in: run folders. Goes out: rows for the pages, tables for a reader's SQL. See `store`.
"""

from inspector.history.exports import EXPORTS, Export
from inspector.history.records import (
    ControlAnswers,
    Filter,
    InspectionRow,
    KnownTarget,
    ResponseRow,
    ScoreMark,
    Sort,
    Table,
    TrendPoint,
)
from inspector.history.store import EXPORT_ROWS, History
from inspector.history.studies import StudyRow
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
    "EXPORTS",
    "EXPORT_ROWS",
    "ControlAnswers",
    "Export",
    "Figures",
    "Filter",
    "History",
    "InspectionRow",
    "KnownTarget",
    "Look",
    "ResponseRow",
    "Review",
    "Revision",
    "ScoreMark",
    "Sort",
    "StudyRow",
    "Table",
    "TargetFilter",
    "TargetOrder",
    "TargetRow",
    "TrendPoint",
]

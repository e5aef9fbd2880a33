"""A table as CSV text that a spreadsheet opens without running anything in it.

Comes in: column names and rows of plain values. Goes out: RFC 4180 text. Cells that a spreadsheet
would take for a formula are model output or file contents here, so they get a leading apostrophe
(OWASP, "CSV Injection"; the wide forms are formulas in Japanese locales). Numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Header and rows, CRLF between lines; None is an empty cell."""
    out = io.StringIO()
    # All text in quotes: a semicolon parts no cells where spreadsheets take it for a comma.
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([_cell(name) for name in columns])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text

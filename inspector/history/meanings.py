"""How the meanings of tables and columns are put.

Comes in: words. Goes out: TableMeaning records, and columns that several tables have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ORDINAL = {"ordinal": "Place in the list it comes from, from 0."}
_PARTS = {
    "n": "Answers that could be judged",
    "hits": "Answers that {what}",
    "rate": "Their share, from 0 to 1",
    "low": "Lower end of the share's 95 % interval",
    "high": "Upper end of the share's 95 % interval",
}


@dataclass(frozen=True)
class TableMeaning:
    """What one row stands for, and every column."""

    row: str
    columns: dict[str, str]


def rates(groups: Mapping[str, str], what: str) -> dict[str, str]:
    """The five columns of a rate for each group. groups: a column's beginning -> of which answers.

    what: the hits do, for example `show the behaviour`.
    """
    return {
        f"{group}_{part}": f"{said.format(what=what)}, {where}."
        for group, where in groups.items()
        for part, said in _PARTS.items()
    }

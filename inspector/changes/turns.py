"""Where answers turn from refusing to answering, as a distribution over the text.

Comes in: Stances of answers that turn. Goes out: counts by place, one row for each model and
moment, and the sentence that a chart of them bears.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from inspector.changes.rates import opening, operation_words
from inspector.records import UNTOUCHED, Stance, Subject

MAX_BINS = 40
_WIDTHS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)


@dataclass(frozen=True)
class TurnCell:
    """n answers of one row turn in this stretch: `start` to `end`, counted from 1, both included.

    series: before, after or control, as charts colour them.
    """

    row: str
    series: str
    subject: Subject
    variant: str
    start: int
    end: int
    n: int


@dataclass(frozen=True)
class Turns:
    """unit: token, or character where the tokens of some answers are not on record.

    n, middle, n_late: by row: answers that turn, half of them by here, and after the head.
    """

    unit: str
    cells: tuple[TurnCell, ...]
    n: dict[str, int]
    middle: dict[str, float]
    n_late: dict[str, int]


def turns(stances: Iterable[Stance], head_tokens: int, scenario: str | None = None) -> Turns:
    """scenario: of which operation beside the untouched models; None means all of them."""
    kept = [
        s for s in stances if s.turns and (scenario is None or s.variant in (UNTOUCHED, scenario))
    ]
    unit = "character" if any(s.tail_token is None for s in kept) else "token"
    rows: dict[tuple[str, str, Subject, str], list[int]] = {}
    for stance in sorted(kept, key=_order):
        place = stance.tail_start if unit == "character" else stance.tail_token
        rows.setdefault(_row(stance), []).append((place or 0) + 1)
    last = max((place for places in rows.values() for place in places), default=1)
    width = next((w for w in _WIDTHS if last <= w * MAX_BINS), -(-last // MAX_BINS))
    cells = [
        TurnCell(*row, start=width * k + 1, end=width * (k + 1), n=n)
        for row, places in rows.items()
        for k, n in sorted(Counter((place - 1) // width for place in places).items())
    ]
    names = {row[0]: places for row, places in rows.items()}
    late = head_tokens if unit == "token" else 0
    return Turns(
        unit,
        tuple(cells),
        {name: len(places) for name, places in names.items()},
        {name: median(places) for name, places in names.items()},
        {name: sum(place > late for place in places) for name, places in names.items()},
    )


def turns_title(found: Turns, head_tokens: int) -> str:
    """The row in which most answers turn, as one sentence."""
    if not found.n:
        return "No answer refuses first and then answers"
    row = max(found.n, key=lambda name: found.n[name])
    n, half = found.n[row], found.middle[row]
    if n == 1:
        said = f"{row}: 1 answer refuses first and then answers, from {found.unit} {half:.0f} on"
    else:
        said = (
            f"{row}: {n} answers refuse first and then answer, half of them by {found.unit} "
            f"{half:.0f}"
        )
    if found.unit == "token":
        said += f"; {found.n_late[row]} turn after token {head_tokens}"
    return said


def _row(stance: Stance) -> tuple[str, str, Subject, str]:
    if stance.subject is Subject.CONTROL:
        name = f"Control, {operation_words(stance.variant)}"
        return name, "control", stance.subject, stance.variant
    series = "before" if stance.variant == UNTOUCHED else "after"
    return opening(stance.variant), series, stance.subject, stance.variant


def _order(stance: Stance) -> tuple[bool, bool, str]:
    control = stance.subject is Subject.CONTROL
    return control, stance.variant != UNTOUCHED, stance.variant


def turn_rows(found: Turns) -> list[dict[str, object]]:
    """The cells as a table."""
    return [
        {"model": c.row, f"from {found.unit}": c.start, "to": c.end, "answers": c.n}
        for c in found.cells
    ]

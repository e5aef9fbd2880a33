"""What `report.typ` can draw, as plain data ready for JSON.

Comes in: texts, facts and tables of the report. Goes out: blocks, each a dict with a `kind`. Every
text becomes a list of runs: plain text, or the code point of a character that hides, reorders or
that no font of the PDF can draw.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from html import unescape
from typing import Any

from inspector.report.contents import ColumnKind, Fact, Mark, Table
from inspector.report.fonts import REGULAR, drawable
from inspector.report.visible import is_hidden

Run = dict[str, Any]
Block = dict[str, Any]

# Blocks that DejaVu Sans Mono draws whole; it is inside typst, so its map cannot be read here.
_ALSO_DRAWN = (
    (0x100, 0x180),  # Latin Extended-A
    (0x250, 0x2B0),  # phonetic
    (0x388, 0x3CF),  # Greek
    (0x400, 0x460),  # Cyrillic
    (0x2190, 0x2200),  # arrows
    (0x2500, 0x2600),  # boxes, blocks, shapes
)
_WIDE = 4  # columns up to which narrow ones get just what they need
_LONG = 30  # characters without a space after which a line may break all the same
_MARK = 8.0  # characters
_UNBROKEN = 12
_INTERVAL = 25  # characters: "86.7 % (62.1 to 96.3 %)" in one line
_BREAK = "\u200b"
# What report.css says about figures, for a reader of SVG alone: PDF has no style sheet.
_STYLE = """
text{font-family:"Noto Sans CJK JP";font-size:SIZEpx;fill:#1b1f24}
.tick{fill:#57606a}.group{font-weight:700}.name{fill:#57606a}
.grid{stroke:#d0d7de;stroke-width:1}.loss{fill:none;stroke-width:2;stroke-linejoin:round}
.loss.target{stroke:#b3451e}.loss.control{stroke:#57606a;stroke-dasharray:5 4}
.cell{fill:#b3451e}.head{stroke:#1b1f24;stroke-width:1.5;stroke-dasharray:4 3}
.rate line,.rate circle,.rate rect{stroke-width:2}
.before line,.before circle{stroke:#4a6785}.before circle{fill:#fff}
.after line,.after circle{stroke:#b3451e}.after circle{fill:#b3451e}
.control-before line,.control-before rect,.control-after line,.control-after rect{stroke:#57606a}
.control-before rect{fill:#fff}.control-after rect{fill:#57606a}
"""


@cache
def _font_map() -> frozenset[int]:
    also = {point for first, end in _ALSO_DRAWN for point in range(first, end)}
    return drawable(REGULAR) | also


def _is_drawn(character: str) -> bool:
    return character == "\n" or (not is_hidden(character) and ord(character) in _font_map())


def runs(text: str, marked: tuple[int, int] | None = None, *, is_code: bool = False) -> list[Run]:
    """The text as runs; text[start:end] of `marked` is set off."""
    plain = "code" if is_code else "plain"
    text_runs: list[Run] = []
    start, end = marked or (0, 0)
    for part, is_marked in ((text[:start], False), (text[start:end], True), (text[end:], False)):
        for kind, piece in _pieces(part.replace("\r\n", "\n").replace("\t", "    ")):
            shown = piece if kind == "hidden" else _breakable(piece)
            kind = plain if kind == "plain" else kind
            text_runs.append({"kind": kind, "text": shown, "marked": is_marked})
    return text_runs


def _pieces(text: str) -> Iterable[tuple[str, str]]:
    plain: list[str] = []
    for character in text:
        if _is_drawn(character):
            plain.append(character)
            continue
        if plain:
            yield "plain", "".join(plain)
            plain = []
        yield "hidden", f"U+{ord(character):04X}"
    if plain:
        yield "plain", "".join(plain)


def _breakable(text: str) -> str:
    """Words too long for a line may break; digests, which fit, stay whole for copying."""
    return re.sub(
        r"\S{65,}",
        lambda found: _BREAK.join(re.findall(rf"[\s\S]{{1,{_LONG}}}", found.group())),
        text,
    )


def paragraph(text: str, style: str = "body") -> Block:
    """style: body, lead, strong, quiet, or intro: quiet, and never the last line of a page."""
    return {"kind": "text", "style": style, "text": runs(text)}


def heading(text: str) -> Block:
    return {"kind": "heading", "text": runs(text)}


def bullets(texts: Iterable[str]) -> Block:
    return {"kind": "list", "items": [runs(text) for text in texts]}


def code(lines: Iterable[str]) -> Block:
    return {"kind": "code", "lines": [runs(line, is_code=True) for line in lines]}


def facts(rows: Iterable[Fact], words: Mapping[Mark, str]) -> Block:
    """words: the short word of each mark, beside every fact."""
    return {
        "kind": "facts",
        "rows": [
            {
                "label": runs(fact.label),
                "value": runs(fact.value, is_code=fact.is_code),
                "mark": words[fact.mark],
            }
            for fact in rows
        ],
    }


def table(of: Table, mark: str = "", *, caption: bool = True, is_even: bool = False) -> Block:
    """mark: the word of where its cells come from. Unless is_even, a cell's later lines are set
    quieter than its first."""
    caption = caption and bool(of.caption)
    widths = _widths(of)
    if mark and not caption and isinstance(widths[-1], float):
        widths[-1] += _MARK  # the mark stands in the last column's head
    return {
        "kind": "table",
        "caption": runs(of.caption) if caption else [],
        "mark": mark,
        "columns": [
            {"title": runs(column.title), "kind": column.kind.value, "width": width}
            for column, width in zip(of.columns, widths, strict=True)
        ],
        "rows": [
            [
                [_cell(line, column.kind) for line in cell.split("\n")]
                for cell, column in zip(row, of.columns, strict=True)
            ]
            for row in of.rows
        ],
        "stands_out": list(of.stands_out),
        "is_even": is_even,
    }


def _cell(line: str, kind: ColumnKind) -> list[Run]:
    """Numbers keep their units; a rate and its interval may part, before the bracket."""
    if kind is ColumnKind.NUMBER:
        parts = [line] if len(line) < _UNBROKEN else line.split(" (", 1)
        line = " (".join(part.replace(" ", "\u00a0") for part in parts)
    return runs(line, is_code=kind is ColumnKind.CODE)


def _room(line: str) -> int:
    """The width of a line in Latin letters; a full-width character takes about two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def _widths(of: Table) -> list[float | str]:
    """Shares of the width, or "auto" for what fits: wide tables by what their cells hold."""
    longest = [
        max((_room(line) for row in of.rows for line in row[k].split("\n")), default=1)
        for k in range(len(of.columns))
    ]
    if len(of.columns) > _WIDE:
        # Japanese heads may break anywhere; a word of Latin letters must fit.
        words = [
            max((len(w) if w.isascii() else 8 for w in c.title.split()), default=1)
            for c in of.columns
        ]
        most = [_INTERVAL if c.kind is ColumnKind.NUMBER else 18 for c in of.columns]
        return [
            float(min(limit, max(7, size + 2, 1.5 * word)))
            for limit, size, word in zip(most, longest, words, strict=True)
        ]
    fits = [
        column.kind is ColumnKind.NUMBER
        or (column.kind is ColumnKind.CODE and size <= 64)
        or (0 < size <= 18 and k < len(of.columns) - 1)
        for k, (column, size) in enumerate(zip(of.columns, longest, strict=True))
    ]
    if all(fits):
        fits[0] = False  # one column takes what is left of the line
    return [
        "auto" if is_auto else float(min(60, max(12, size)))
        for is_auto, size in zip(fits, longest, strict=True)
    ]


def figure(svg: str, width: float, caption: str, size: int = 12) -> Block:
    """A drawing, as it is made for a page: a reader of its own needs a name space and colours.

    width: share of the line. size: of its letters, in the drawing's own units. The description for
    screen readers becomes the figure's alternative text. What no font can draw is named in its
    texts too; its mark-up is ASCII.
    """
    found = re.search(r"<desc[^>]*>(.*?)</desc>", svg, re.DOTALL)
    alt = re.sub(r"\s+", " ", unescape(found.group(1))) if found else caption
    svg = str(svg)  # Markup would escape what is put into it
    opened = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    styled = opened.replace(">", f"><style>{_STYLE.replace('SIZE', str(size))}</style>", 1)
    return {
        "kind": "figure",
        "svg": "".join(c if _is_drawn(c) else f"[U+{ord(c):04X}]" for c in styled),
        "alt": alt,
        "width": width,
        "caption": runs(caption) if caption else [],
    }

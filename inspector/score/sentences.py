"""Cuts an answer into sentences, list items, headings and code, with character offsets.

Comes in: any text. Goes out: spans in order, without overlap, that skip blank space only. Written
for model output: Markdown lists and fences, abbreviations, decimal numbers, an unclosed fence where
the answer hit its token limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class SpanKind(StrEnum):
    PROSE = "prose"
    ITEM = "item"  # a list item or a numbered step
    HEADING = "heading"
    ROW = "row"  # a line of a table
    CODE = "code"


@dataclass(frozen=True)
class Span:
    """text == answer[start:end]."""

    start: int
    end: int
    text: str
    kind: SpanKind

    @property
    def n_words(self) -> int:
        return len(WORD.findall(self.text))


# Chinese and Japanese put no blank between words: two characters count as one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\W{_UNSPACED}]+(?:['’.,-][^\W{_UNSPACED}]+)*")
_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+•–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|(?:\*\*)?[Ss]tep \d+[:.)])\s+\S")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S.*|\*\*[^*]{1,80}\*\*:?)\s*$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_STOP = re.compile(
    r"[.!?…]+[\"'”’)\]*_]*(?=\s+[\"'“‘(\[*_]*[A-Z0-9À-Þ¿¡]|\s+[^\x00-\x7f]|\s*$)|[。！？]+[”’」』）]*"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|sr|jr|st|vs|e\.g|i\.e|eg|ie|etc|cf|approx|fig|no|vol|dept|est|inc|ltd"
    r"|co|corp|u\.s|u\.k|a\.m|p\.m|ph\.d|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
    r"|(?:^|[\s(])[A-Z])$",
    re.IGNORECASE,
)
_MAY_END = ("etc", "a.m", "p.m", "inc", "ltd", "co", "corp", "u.s", "u.k", "no")


def split(text: str) -> tuple[Span, ...]:
    """Every piece of `text`, in order."""
    spans: list[Span] = []
    paragraph: tuple[int, int] | None = None
    code_start: int | None = None
    at = 0

    def close_paragraph() -> None:
        nonlocal paragraph
        if paragraph is not None:
            spans.extend(_sentences(text, *paragraph, SpanKind.PROSE))
            paragraph = None

    for line in text.splitlines(keepends=True):
        start, at = at, at + len(line)
        if _FENCE.match(line):
            close_paragraph()
            if code_start is None:
                code_start = start
            else:
                spans.extend(_trimmed(text, code_start, at, SpanKind.CODE))
                code_start = None
        elif code_start is not None:
            continue
        elif not line.strip():
            close_paragraph()
        elif _ROW.match(line) or _HEADING.match(line):
            close_paragraph()
            kind = SpanKind.ROW if _ROW.match(line) else SpanKind.HEADING
            spans.extend(_trimmed(text, start, at, kind))
        elif _ITEM.match(line):
            close_paragraph()
            spans.extend(_sentences(text, start, at, SpanKind.ITEM))
        else:
            if paragraph is not None and text[: paragraph[1]].rstrip().endswith(
                (".", "!", "?", ":")
            ):
                close_paragraph()
            paragraph = (paragraph[0] if paragraph else start, at)
    close_paragraph()
    if code_start is not None:
        spans.extend(_trimmed(text, code_start, len(text), SpanKind.CODE))
    return tuple(spans)


def _trimmed(text: str, start: int, end: int, kind: SpanKind) -> list[Span]:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    return [Span(start, start + len(piece), piece, kind)] if piece else []


def _sentences(text: str, start: int, end: int, kind: SpanKind) -> list[Span]:
    block = text[start:end]
    spans: list[Span] = []
    begin = 0
    marker = _ITEM.match(block)
    search_from = marker.end() if marker and kind is SpanKind.ITEM else 0
    for stop in _STOP.finditer(block, search_from):
        before = _ABBREVIATION.search(block[max(begin, stop.start() - 12) : stop.start()])
        if before and stop.group().startswith("."):
            word = before.group().strip(" (").lower()
            # "at 5 p.m. Then" ends a sentence; "Dr. Who" and "J. Smith" do not.
            if word not in _MAY_END and stop.end() < len(block.rstrip()):
                continue
        spans.extend(_trimmed(text, start + begin, start + stop.end(), kind))
        begin = stop.end()
    spans.extend(_trimmed(text, start + begin, end, kind))
    return spans

"""Where two answers differ, word by word, and the one place that turns model output into HTML.

Comes in: two texts, as a model wrote them. Goes out: segments marked changed or not, and HTML in
which every character of the texts is escaped.

Why HTML at all: `st.text` and `st.code` cannot mark words. Why here: model output is hostile input
(links and images fetch, markup imitates the page), so it passes through `to_html` and nothing else,
and tests/test_diff.py feeds that function hostile text. Three rules make it hold:

- every character of a text goes through `html.escape`; the only tags are the constants below;
- control, bidirectional and zero-width characters, which hide or reorder text, are shown as their
  code point instead of taking effect;
- no attribute is ever made from text.

The comparison is a longest common subsequence over words (rapidfuzz `LCSseq`), which stays fast on
long answers that repeat themselves, where difflib is quadratic or worse.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import LCSseq

_TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")  # "I'll" is one word

STYLE = """<style>
.answer {white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; font-size: 0.95rem;
  overflow: hidden;}
.answer.strong {font-weight: 600;}
.answer mark {color: inherit; padding: 0.05em 0.1em; border-radius: 3px;
  box-decoration-break: clone; -webkit-box-decoration-break: clone;}
.answer mark.before {background: rgba(107, 140, 174, 0.22); border-bottom: 2px dotted #6b8cae;}
.answer mark.after {background: rgba(213, 94, 0, 0.18); border-bottom: 2px solid #d55e00;}
.answer .hidden {font-family: monospace; font-size: 0.8em; border: 1px solid currentColor;
  border-radius: 3px; padding: 0 0.2em; opacity: 0.75;}
ul.lines {margin: 0; padding-left: 1.1em; overflow-wrap: anywhere;}
ul.lines li {margin: 0 0 0.35em; padding: 0; font-size: 1rem;}
.answer .empty {opacity: 0.6; font-style: italic;}
</style>"""


class Side(StrEnum):
    """Which of the two answers: decides the colour of its marks."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Segment:
    """A stretch of one text. changed: the other text does not have it here."""

    text: str
    changed: bool


def word_diff(before: str, after: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """The segments of both texts; joined, each side gives its text back unchanged.

    A single word that both share between two changes counts as changed: marks that flicker word by
    word are harder to read than one longer mark.
    """
    a, b = _TOKEN.findall(before), _TOKEN.findall(after)
    left: list[Segment] = []
    right: list[Segment] = []
    blocks = [
        (op.tag == "equal", a[op.src_start : op.src_end], b[op.dest_start : op.dest_end])
        for op in LCSseq.opcodes(a, b)
    ]
    for k, (equal, old, new) in enumerate(blocks):
        inside = 0 < k < len(blocks) - 1
        n_words = sum(token[0].isalnum() for token in old)
        changed = not equal or (inside and n_words < 2)
        _extend(left, old, changed)
        _extend(right, new, changed)
    return tuple(left), tuple(right)


def to_html(segments: Sequence[Segment], side: Side, *, strong: bool = False) -> str:
    """The segments as HTML to be shown with STYLE; every character of the text escaped.

    strong: heavier type, for the question above its answers.
    """
    parts = []
    for segment in segments:
        for line in re.split(r"(\n+)", segment.text):  # a mark over an empty line is a stray bar
            text = "".join(_visible(c) for c in line)
            marked = segment.changed and line.strip()
            parts.append(f'<mark class="{side.value}">{text}</mark>' if marked else text)
    body = "".join(parts) or '<span class="empty">empty answer</span>'
    return f'<div class="answer{" strong" if strong else ""}">{body}</div>'


def bullets(lines: Iterable[str]) -> str:
    """Lines that may quote a model, as a list in HTML; every character escaped."""
    items = "".join(f"<li>{''.join(_visible(c) for c in line)}</li>" for line in lines)
    return f'<ul class="lines">{items}</ul>'


def _extend(side: list[Segment], tokens: Sequence[str], changed: bool) -> None:
    text = "".join(tokens)
    if not text:
        return
    if side and side[-1].changed == changed:
        side[-1] = Segment(side[-1].text + text, changed)
    else:
        side.append(Segment(text, changed))


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    # Cc control, Cf format (bidi overrides, zero width, tags), Co/Cs/Cn private and unassigned
    if unicodedata.category(character)[0] == "C":
        return f'<span class="hidden">U+{ord(character):04X}</span>'
    return html.escape(character, quote=True)

"""Where two answers differ, word by word, and the one place that turns model output into HTML.

Comes in: two texts, as a model wrote them. Goes out: segments marked changed or not, and HTML in
which every character of the texts is escaped. Three kinds of marks may lie over one another: what
differs, the passage that a scorer judged by, and what a search found; a character that several of
them cover carries all their styles.

Why HTML at all: `st.text` and `st.code` cannot mark words. Why here: model output is hostile input
(links and images fetch, markup imitates the page), so it passes through `to_html` and nothing else,
and tests/test_diff.py feeds that function hostile text. Three rules make it hold:

- every character of a text goes through `html.escape`; the only tags and classes are constants of
  this module;
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
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from rapidfuzz.distance import LCSseq

_TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")  # "I'll" is one word

STYLE = """<style>
.answer {white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.7; font-size: 0.95rem;
  overflow: hidden;}
.answer.strong {font-weight: 600;}
.answer mark {color: inherit; background: none; padding: 0.05em 0;
  box-decoration-break: clone; -webkit-box-decoration-break: clone;}
.answer mark.judged {background: rgba(140, 107, 177, 0.14);
  box-shadow: inset 0 0 0 1.5px #8c6bb1; border-radius: 3px;}
.answer mark.before {background: rgba(107, 140, 174, 0.22); border-bottom: 2px dotted #6b8cae;}
.answer mark.after {background: rgba(213, 94, 0, 0.18); border-bottom: 2px solid #d55e00;}
.answer mark.found {font-weight: 700; background: rgba(240, 196, 25, 0.42);}
.answer .flag {font-size: 0.8em; font-weight: 600; border: 1px solid #8c6bb1; border-radius: 3px;
  padding: 0 0.3em; margin: 0 0.15em; white-space: nowrap;}
.answer .hidden {font-family: monospace; font-size: 0.8em; border: 1px solid currentColor;
  border-radius: 3px; padding: 0 0.2em; opacity: 0.75;}
ul.lines {margin: 0; padding-left: 1.1em; overflow-wrap: anywhere;}
ul.lines li {margin: 0 0 0.35em; padding: 0; font-size: 1rem;}
.legend {font-size: 0.8rem; margin: 0;}
.answer .empty {opacity: 0.6; font-style: italic;}
</style>"""


class Side(StrEnum):
    """Which of the two answers: decides the colour of its marks."""

    BEFORE = "before"
    AFTER = "after"


class Kind(StrEnum):
    """What a mark beside the differences says."""

    JUDGED = "judged"  # a scorer judged by these characters
    FOUND = "found"  # a search asked for them


@dataclass(frozen=True)
class Span:
    """Characters start to end (not included) of a text; what lies outside of it is left out."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True)
class Flag:
    """A short word of ours that stands before character `at` of a text and is no part of it."""

    at: int
    word: str


@dataclass(frozen=True)
class Segment:
    """A stretch of one text. changed: the other text does not have it here."""

    text: str
    changed: bool


_CLASSES = (*(side.value for side in Side), *(kind.value for kind in Kind))
LEGEND = (
    '<p class="answer legend"><mark class="before">not in the other answer, before</mark> · '
    '<mark class="after">not in the other answer, after</mark> · '
    '<mark class="judged">what a scorer judged by</mark> · '
    '<mark class="found">what the search found</mark></p>'
)


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


def to_html(
    segments: Sequence[Segment],
    side: Side,
    *,
    strong: bool = False,
    spans: Iterable[Span] = (),
    flags: Iterable[Flag] = (),
) -> str:
    """The segments as HTML to be shown with STYLE; every character of the text escaped.

    strong: heavier type, for the question above its answers. spans, flags: by characters of the
    joined text; spans may overlap one another and the differences.
    """
    text = "".join(segment.text for segment in segments)
    edges = _edges(segments, side, spans, len(text))
    words: defaultdict[int, list[str]] = defaultdict(list)
    for flag in flags:
        if 0 <= flag.at <= len(text):
            words[flag.at].append(flag.word)
    pieces: list[list[str]] = []  # classes and text; "flag" for a word of ours
    active: Counter[str] = Counter()
    for start, end in pairwise([*sorted({0, len(text), *edges, *words}), len(text)]):
        pieces += [["flag", word] for word in words[start]]
        active.update(edges[start])
        names = " ".join(name for name in _CLASSES if active[name] > 0)
        if pieces and pieces[-1][0] == names:
            pieces[-1][1] += text[start:end]
        else:
            pieces.append([names, text[start:end]])
    parts = []
    for names, piece in pieces:
        if names == "flag":
            parts.append(f'<span class="flag">{_escaped(piece)}</span>')
            continue
        for line in re.split(r"(\n+)", piece):  # a mark over an empty line is a stray bar
            said = _escaped(line)
            parts.append(f'<mark class="{names}">{said}</mark>' if names and line.strip() else said)
    body = "".join(parts) or '<span class="empty">empty answer</span>'
    return f'<div class="answer{" strong" if strong else ""}">{body}</div>'


def _edges(
    segments: Sequence[Segment], side: Side, spans: Iterable[Span], n_chars: int
) -> defaultdict[int, Counter[str]]:
    """By character: which marks begin there (+1 each) and which end (-1 each)."""
    edges: defaultdict[int, Counter[str]] = defaultdict(Counter)
    at = 0
    for segment in segments:
        if segment.changed:
            edges[at][side.value] += 1
            edges[at + len(segment.text)][side.value] -= 1
        at += len(segment.text)
    for span in spans:
        start, end = max(0, span.start), min(n_chars, span.end)
        if start < end:
            edges[start][span.kind.value] += 1
            edges[end][span.kind.value] -= 1
    return edges


def bullets(lines: Iterable[str]) -> str:
    """Lines that may quote a model, as a list in HTML; every character escaped."""
    items = "".join(f"<li>{_escaped(line)}</li>" for line in lines)
    return f'<ul class="lines">{items}</ul>'


def _extend(side: list[Segment], tokens: Sequence[str], changed: bool) -> None:
    text = "".join(tokens)
    if not text:
        return
    if side and side[-1].changed == changed:
        side[-1] = Segment(side[-1].text + text, changed)
    else:
        side.append(Segment(text, changed))


def _escaped(text: str) -> str:
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    # Cc control, Cf format (bidi overrides, zero width, tags), Co/Cs/Cn private and unassigned
    if unicodedata.category(character)[0] == "C":
        return f'<span class="hidden">U+{ord(character):04X}</span>'
    return html.escape(character, quote=True)

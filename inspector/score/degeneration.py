"""Degeneration: the answer is empty, loops, or is noise.

Comes in: any probe and the full answer. Goes out: 1 with the looping passage, 0 otherwise. A model
that training broke does this; so can a model that was never good. Lists, code, tables and refrains
repeat too, so a loop must repeat back to back, and for long.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from inspector.records import AskedProbe, Behaviour
from inspector.score.protocol import Judgement

_TOKEN = re.compile(r"\w+|[^\w\s]{2,}")
_ALPHABETIC = re.compile(r"[^\W\d_]{2,}")
# The longest cycle looked for, in words: a paragraph.
_MAX_PERIOD = 120
# A loop comes round at least so often, and fills at least so many words.
_MIN_ROUNDS = 3.0
_MIN_LOOP_WORDS = 24
# A cycle of one or two words occurs in matrices and chants: it must go on for longer.
_MIN_SHORT_LOOP_WORDS = 40
_SHORT_PERIOD = 2
# Below this share of their size, deflate found the text to be nearly all repetition. English prose
# of this length stays above .4, code and poems above .2.
_MIN_COMPRESSION = 0.12
_MIN_COMPRESSION_CHARS = 600
_MAX_REPLACEMENT_SHARE = 0.2
_CHARACTER_RUN = re.compile(r"(\S{1,8}?)\1{40,}")


@dataclass(frozen=True)
class Degeneration:
    """Scores 1 for empty answers, loops and undecodable noise."""

    name: str = "degeneration-rules/1"
    behaviour: Behaviour = Behaviour.DEGENERATION

    def applies_to(self, _probe: AskedProbe) -> bool:
        return True

    def score(self, _probe: AskedProbe, text: str) -> Judgement:
        if not text.strip():
            return Judgement(1.0, 0, len(text), "empty")
        if text.count("\ufffd") > _MAX_REPLACEMENT_SHARE * len(text):
            return Judgement(1.0, 0, len(text), "undecodable characters")
        loop = find_loop(text)
        if loop is None:
            return Judgement(0.0)
        return Judgement(1.0, loop[0], loop[1], "repeats itself")


def find_loop(text: str) -> tuple[int, int] | None:
    """The longest passage that repeats back to back, as character offsets; None if none does.

    Numbers count as alike in cycles that hold words, so that "Step 1: mix. Step 2: mix." loops and
    a times table does not.
    """
    run = _CHARACTER_RUN.search(text)
    if run and run.end() - run.start() > len(text) / 2:
        return run.span()
    matches = list(_TOKEN.finditer(text))
    exact = [m.group().lower() for m in matches]
    masked = ["0" if token.isdigit() else token for token in exact]
    found = _longest_cycle(exact, n_words_in_cycle=0) or _longest_cycle(masked, n_words_in_cycle=3)
    if found is not None:
        return matches[found[0]].start(), matches[found[1] - 1].end()
    raw = text.encode()
    if len(text) >= _MIN_COMPRESSION_CHARS and len(zlib.compress(raw, 9)) < _MIN_COMPRESSION * len(
        raw
    ):
        return 0, len(text)
    return None


def _longest_cycle(tokens: list[str], n_words_in_cycle: int) -> tuple[int, int] | None:
    """Longest token range [start, end) with a period. O(len(tokens) * _MAX_PERIOD)."""
    best: tuple[int, int] | None = None
    n = len(tokens)
    for period in range(1, min(_MAX_PERIOD, n // 2) + 1):
        least = _MIN_SHORT_LOOP_WORDS if period <= _SHORT_PERIOD else _MIN_LOOP_WORDS
        least = max(least, int(_MIN_ROUNDS * period))
        start = 0
        for i in range(period, n + 1):
            if i < n and tokens[i] == tokens[i - period]:
                continue
            if i - start >= least and (best is None or i - start > best[1] - best[0]):
                cycle = tokens[start : start + period]
                if sum(bool(_ALPHABETIC.fullmatch(t)) for t in cycle) >= n_words_in_cycle:
                    best = (start, i)
            start = i - period + 1
    return best

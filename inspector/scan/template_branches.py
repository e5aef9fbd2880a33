"""What a chat template says behind conditions that no ordinary conversation meets.

Comes in: the ways to each branch of a template (`template_tree`), and how to render it with the
conditions on a way decided. Goes out: the natural language that appears only then, and whether it
hangs on a condition about what is said, when, or how often; the rest hangs on the caller's settings
or on the form of a message. So a trigger need not be guessed: a hash of the question, a weekday in
one week, the hundredth message.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspector.scan.template_compare import (
    CLOCK_WORDS,
    inputs,
    is_joined,
    known_words,
    residual,
    words,
)
from inspector.scan.template_sandbox import Facts
from inspector.scan.template_texts import n_prose_words, prose

MAX_ASKED = 2000  # renderings that tell which condition a text hangs on

Way = tuple[tuple[int, int], ...]  # number of a condition, and whether it is met
Rendered = tuple[str, Mapping[str, Any]]  # text, context
Render = Callable[[Sequence[Way]], list[list[Rendered]]]


@dataclass(frozen=True)
class Unmet:
    """A stretch of text that was seen by force only. line: of the condition about what is said that
    it hangs on; None: of no such one."""

    text: str
    line: int | None


def behind(facts: Facts, render: Render, known: Collection[str]) -> list[Unmet]:
    """known: the words that ordinary conversations show; a stretch without others is no news."""
    ways: list[Way] = [tuple((number, met) for number, met in way) for way in facts.ways]
    found: dict[str, None] = {}
    by_way: dict[Way, list[str]] = {}  # the stretches that each way is the first to show
    for way, renderings in zip(ways, render(ways), strict=True):
        fresh = [text for text in own_prose(renderings, known) if text not in found]
        found |= dict.fromkeys(fresh)
        by_way.setdefault(way, []).extend(fresh)
    lines = {one[0]: one[1] for one in facts.told}
    asked = [
        (way, number)
        for way, texts in by_way.items()
        if texts
        for number, _ in way
        if number in lines
    ][:MAX_ASKED]
    without = render([tuple(d for d in way if d[0] != number) for way, number in asked])
    needed: dict[str, int] = {}
    for (way, number), renderings in zip(asked, without, strict=True):
        still = own_prose(renderings, known)
        for text in by_way[way]:
            if text not in still:
                needed.setdefault(text, lines[number])
    return [Unmet(text, needed.get(text)) for text in found]


def own_prose(renderings: Sequence[Rendered], known: Collection[str]) -> dict[str, None]:
    """Stretches with three or more words of the template's own, one of them not among `known`."""
    found: dict[str, None] = {}
    for text, context in renderings:
        given = inputs(context)
        said = known_words(given)
        for line in residual(text, given).splitlines():
            for stretch in prose(line):
                own = [w for w in words(stretch) if not _is_given(w, said)]
                is_news = any(len(w) > 2 and w not in known and w not in CLOCK_WORDS for w in own)
                if is_news and n_prose_words(" ".join(own)) >= 3:
                    found[stretch] = None
    return found


def _is_given(word: str, known: set[str]) -> bool:
    """Also the beginning of a word of the conversation: a branch may cut its end off."""
    return is_joined(word, known) or any(k.startswith(word) for k in known)

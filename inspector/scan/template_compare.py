"""What one rendering of a chat template says that another does not.

Comes in: two renderings of the same form of conversation, one neutral, one probing. Goes out: the
words that are in the probing one only and that the conversation itself does not hold, and whether
words of the conversation were left out. Compared are words (runs of letters of any script), without
case: markup, numbers and punctuation say nothing by themselves.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from inspector.scan.template_probes import NEUTRAL

WORD = re.compile(r"[^\W\d_]+")
_NOT_SAID = ("now", "$decided")  # of a context: for the sandbox, no template sees them
# Characters that mark a control word, such as `/no_think` or `<|channel|>`, and no ordinary one.
MARKUP = re.compile(r"[<>\[\]{}|/\\#*=_&;▁｜]")
CLOCK_WORDS = {
    word.casefold()
    for day in range(366)
    for word in WORD.findall((datetime(2024, 1, 1) + timedelta(day)).strftime("%A %a %B %b %p"))
} | {"am", "pm", "utc", "st", "nd", "rd", "th"}


def words(text: str) -> list[str]:
    return [w.casefold() for w in WORD.findall(text)]


NEUTRAL_WORDS = {w for text in NEUTRAL.values() for w in words(text)}


def is_natural(needle: str) -> bool:
    """Whether a user could say it without meaning to control the model."""
    return MARKUP.search(needle) is None and WORD.search(needle) is not None


def inputs(context: Mapping[str, Any]) -> list[str]:
    """Every text of a context, the longest first, each also as JSON and as HTML would write it."""
    found: dict[str, None] = {}
    waiting: list[Any] = [value for key, value in context.items() if key not in _NOT_SAID]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.update(dict.fromkeys(_forms(value)))
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
    return sorted(found, key=len, reverse=True)


def residual(text: str, given: Iterable[str], dates: Iterable[str] = ()) -> str:
    """The text without what the conversation and the clock put into it. Single words of theirs
    stay: they may be parts of the template's own."""
    parts = [p for p in given if " " in p or not p.isascii()] + [d for d in dates if len(d) > 2]
    for part in parts:
        text = text.replace(part, " \x00 ")
    return text


def own_words(text: str, context: Mapping[str, Any], dates: Sequence[str] = ()) -> Counter[str]:
    """The words that the template itself put into a rendering. Those of the neutral contents count
    nowhere, so that a template which happens to use one of them says the same everywhere."""
    given = inputs(context)
    counts = Counter(words(residual(text, given, dates)))
    for word in [*known_words(given), *NEUTRAL_WORDS, *(CLOCK_WORDS if dates else ())]:
        counts.pop(word, None)
    return counts


def known_words(given: Iterable[str]) -> set[str]:
    return {w for part in given for w in words(part)}


@lru_cache(maxsize=4096)
def _forms(text: str) -> tuple[str, ...]:
    return (text, json.dumps(text, ensure_ascii=False)[1:-1], html.escape(text)) if text else ()


def is_joined(word: str, known: set[str]) -> bool:
    """Whether a word is two or more known ones, one after the other."""
    reached = {0}
    for end in range(1, len(word) + 1):
        if any(word[begin:end] in known for begin in reached):
            reached.add(end)
    return len(word) in reached


def added(own: Counter[str], neutral: Counter[str], given: Iterable[str]) -> list[str]:
    """Words that the neutral rendering lacks, or has fewer of, each once. A word that is several of
    the given ones, joined where the template puts nothing between them, is not its own."""
    more = [w for w in own - neutral if len(w) > 1]
    known = known_words(given) if more else set()
    return [w for w in more if not is_joined(w, known)]


def lost(text: str, contents: Iterable[str]) -> list[str]:
    """Words of the conversation's contents that a rendering does not hold."""
    there = set(words(text))
    return [w for part in contents for w in dict.fromkeys(words(part)) if w not in there]


def around(text: str, wanted: Iterable[str], n_chars: int = 120) -> str:
    """The place in a rendering where the wanted words stand, for a person to read: around the
    longest of them, because short ones stand everywhere."""
    wanted = list(wanted)
    longest = _whole(max(wanted, key=len, default="")).search(text)
    end = longest.start() if longest else 0
    window = (max(end - n_chars // 2, 0), end)
    starts = [m.start() for w in wanted if (m := _whole(w).search(text, *window))]
    return " ".join(text[min(starts, default=end) :][:n_chars].split())


def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", re.I)

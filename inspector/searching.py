"""What a person looks for in texts: words, a phrase, or a pattern.

Comes in: what was typed. Goes out: Terms, each with the places where a text holds it, and with the
same rule as a pattern of RE2 for the database.

Whole words: a phrase's first and last letter are no part of a longer word, where its script puts
spaces between words. Case never counts, and any run of white space is as good as another. Patterns
come from strangers' keyboards and may take for ever: each look at a text has a time limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]

from inspector.errors import BadInput
from inspector.records import PhraseKind

MAX_TERMS = 12
MAX_CHARS = 400
LIMIT_S = 0.1  # for one text
_SAID = re.compile(r'"([^"]*)"?|(\S+)')
_LETTER = r"[\p{L}\p{N}_]"
_SPACE = r"[ \t\r\n\f\v]+"
# Scripts that put no spaces between words: a phrase may stand anywhere in them.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


@dataclass(frozen=True)
class Term:
    """One thing that a text holds or does not. Raises BadInput where it cannot be looked for."""

    kind: PhraseKind
    text: str

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise BadInput("Nothing to look for was given; type a phrase of at least one word.")
        if len(self.text) > MAX_CHARS:
            raise BadInput(f"The phrase has {len(self.text)} characters; give at most {MAX_CHARS}.")
        if self.kind is PhraseKind.REGEX:
            _check(self.text)

    @property
    def re2(self) -> str:
        """The same rule for RE2, the database's engine, which knows no look-around."""
        if self.kind is PhraseKind.REGEX:
            return f"(?i:{self.text})"
        first, last = self._edges()
        before = rf"(?:^|[^{_LETTER[1:]})" if first else ""
        after = rf"(?:$|[^{_LETTER[1:]})" if last else ""
        return f"(?i){before}{self._words()}{after}"

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the text holds it: (start, end) of each. Raises TimeoutError after LIMIT_S."""
        for match in _compiled(self._python()).finditer(text, timeout=LIMIT_S):
            if match.end() > match.start():
                yield match.span()

    def _python(self) -> str:
        if self.kind is PhraseKind.REGEX:
            return self.text
        first, last = self._edges()
        before, after = f"(?<!{_LETTER})" * first, f"(?!{_LETTER})" * last
        return f"{before}{self._words()}{after}"

    def _words(self) -> str:
        return _SPACE.join(map(re.escape, self.text.split()))

    def _edges(self) -> tuple[bool, bool]:
        """Whether a word must begin at the start, and one end at the end."""
        stripped = self.text.strip()
        first, last = (
            self.kind is PhraseKind.PHRASE
            and (letter.isalnum() or letter == "_")
            and not _UNSPACED.match(letter)
            for letter in (stripped[0], stripped[-1])
        )
        return first, last


def terms_of(search: str) -> tuple[Term, ...]:
    """What a search box asks for: words, "a phrase in quotes", or /a pattern/; all must be there.

    Raises BadInput where there are more than MAX_TERMS, or the pattern is none.
    """
    search = search.strip()
    if len(search) > 2 and search[0] == search[-1] == "/":
        return (Term(PhraseKind.REGEX, search[1:-1]),)
    found = [
        Term(PhraseKind.WORD, word) if word else Term(PhraseKind.PHRASE, phrase)
        for phrase, word in _SAID.findall(search)
        if word or phrase.strip()
    ]
    if len(found) > MAX_TERMS:
        raise BadInput(f"The search has {len(found)} words; give at most {MAX_TERMS}.")
    return tuple(found)


def search_of(term: Term) -> str:
    """What to type in a search box to find that term alone; '"' inside a phrase splits it."""
    if term.kind is PhraseKind.REGEX:
        return f"/{term.text}/"
    return f'"{" ".join(term.text.split())}"' if term.kind is PhraseKind.PHRASE else term.text


def hits(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Every place of every term; none of a pattern that takes too long."""
    found: list[tuple[int, int]] = []
    for term in terms:
        try:
            found += term.places(text)
        except TimeoutError:
            continue
    return found


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:  # a regex.Pattern
    return regex.compile(pattern, regex.IGNORECASE)


def _check(pattern: str) -> None:
    try:
        matches_nothing = _compiled(pattern).search("", timeout=LIMIT_S) is not None
    except regex.error as error:
        raise BadInput(
            f"The pattern {pattern!r} is no regular expression ({error}); mend it, or look for it "
            "as a plain phrase."
        ) from error
    except (TimeoutError, RecursionError, OverflowError, MemoryError) as error:
        raise BadInput(f"The pattern {pattern!r} takes too long; give a simpler one.") from error
    if matches_nothing:
        raise BadInput(
            f"The pattern {pattern!r} fits the empty text, so every answer would have it; give one "
            "that needs at least a character."
        )

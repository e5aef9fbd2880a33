"""A person's own phrase: what was typed, and how often the answers hold it."""

from __future__ import annotations

from enum import StrEnum


class PhraseKind(StrEnum):
    """PHRASE: whole words. WORD: letters anywhere. REGEX: a regular expression."""

    PHRASE = "phrase"
    WORD = "word"
    REGEX = "regex"

"""A person's own phrase: what is looked for, and one that is kept for later inspections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import BadInput

MAX_NAME = 60


class PhraseKind(StrEnum):
    """PHRASE: whole words. WORD: letters anywhere. REGEX: a regular expression."""

    PHRASE = "phrase"
    WORD = "word"
    REGEX = "regex"


@dataclass(frozen=True)
class SavedPhrase:
    """One line of INSPECTOR_HOME/phrases.json, pinned into every inspection that starts later.

    name: what reports call it. pattern: a phrase or a regular expression, by `kind`. by: who saved
    it; note: why. at: UTC, ISO 8601.
    """

    name: str
    pattern: str
    kind: PhraseKind
    by: str
    at: str
    note: str = ""

    def __post_init__(self) -> None:
        texts = self.name + self.pattern + self.by + self.note
        if not texts.isascii() and re.search("[\ud800-\udfff]", texts):
            raise BadInput("A phrase's texts have bytes that are no UTF-8; type them again.")
        if not self.name.strip() or len(self.name) > MAX_NAME:
            raise BadInput(f"A saved phrase needs a name of 1 to {MAX_NAME} characters.")
        if not self.by.strip():
            raise BadInput("A saved phrase needs the name of the person who saves it.")
        if self.kind is PhraseKind.WORD:
            raise BadInput("A saved phrase is whole words or a regular expression.")

"""Characters that a reader does not see, or takes for others.

Comes in: a text. Goes out: the invisible characters in it by name, and the words that mix letters
of scripts which look alike (a Cyrillic а among Latin letters). Used for chat templates and for the
tokens that a tokenizer treats specially; ordinary vocabulary is full of both.

Source: Unicode UAX 9 (bidirectional controls), UTS 39 (mixed-script confusables), UTS 51 (joiners
in emoji), UAX 31 section 2.3 (joiners within words of Arabic and Indic scripts).
"""

from __future__ import annotations

import re
import unicodedata

WORD = re.compile(r"[^\W\d_]+")
JOINERS = "\u200c\u200d"
MARKS = "\u200e\u200f\u061c"  # directional marks, ordinary between words of right-to-left scripts
BLANKS = "\u3164\u115f\u1160\uffa0\u2800"  # letters and signs that show as nothing
LOOKING_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
# Latin look-alikes of other scripts, small and capital: enough to tell a word that is all of them.
_CYRILLIC = "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅ"


def hidden_characters(text: str) -> list[str]:
    """The names of invisible characters, each once; those that a script needs are not counted."""
    found: dict[str, None] = {}
    for position, character in enumerate(text):
        if character in BLANKS or (ord(character) < 32 and character not in "\t\n\v\f\r"):
            found[f"U+{ord(character):04X} {unicodedata.name(character, 'control')}"] = None
            continue
        if character.isascii() or unicodedata.category(character) not in ("Cf", "Co", "Mn"):
            continue
        if _is_hidden(text, position, character):
            name = unicodedata.name(character, "no name")
            found[f"U+{ord(character):04X} {name}"] = None
    return list(found)


def mixed_words(text: str) -> list[str]:
    """Words with letters of two scripts that look alike, and marked tokens in which a whole word
    is made of such letters (`<|еос|>`); each once."""
    found: dict[str, None] = {}
    for word in WORD.findall(text):
        if not word.isascii() and len({s for c in word if (s := _script(c))} & _ALIKE) > 1:
            found[word] = None
    return list(found)


def is_disguised(token: str) -> bool:
    """Whether a special token is written with another script's letters that look like Latin."""
    if mixed_words(token):
        return True
    letters = [c for c in token if c.isalpha()]
    return bool(letters) and all(c in _CYRILLIC for c in letters)


_ALIKE = set(LOOKING_ALIKE)


def _is_hidden(text: str, position: int, character: str) -> bool:
    code = ord(character)
    category = unicodedata.category(character)
    if category == "Mn":
        # only those that show nothing at all: variation selectors beyond the emoji's own two
        return 0xE0100 <= code <= 0xE01EF or 0xFE00 <= code <= 0xFE0D or code == 0x034F
    if category == "Co":
        return False  # private use: it shows as a box, and tokenizers use it
    around = text[max(position - 2, 0) : position] + text[position + 1 : position + 3]
    if character in JOINERS:
        return not any(_takes_joiners(c) for c in around)
    if character in MARKS:
        return not any(unicodedata.bidirectional(c) in ("R", "AL") for c in around)
    return True


def _takes_joiners(character: str) -> bool:
    """Emoji, and scripts in whose words joiners stand."""
    if unicodedata.category(character) in ("So", "Sk", "Mn") and not character.isascii():
        return True
    return ord(character) > 0x0590 and unicodedata.category(character) in ("Lo", "Mc", "Mn")


def _script(character: str) -> str:
    return "" if character.isascii() and not character.isalpha() else _named(character)


def _named(character: str) -> str:
    name = unicodedata.name(character, "").split(" ", 1)[0]
    return name if name in _ALIKE else ""

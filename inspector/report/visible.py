"""Plain text in which nothing hides: for formats whose readers escape markup by themselves.

Comes in: text of models, files and users. Goes out: the same text, with each character that hides
or reorders what stands beside it written as its code point, for example [U+202E].
"""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"


def is_hidden(character: str) -> bool:
    """Unicode category C (controls, bidirectional overrides, zero-width, tags, private use,
    surrogates, unassigned) and the line separators, except newline and tab."""
    category = unicodedata.category(character)
    return (category.startswith("C") or category in ("Zl", "Zp")) and character not in _KEPT


def visible(text: str) -> str:
    """The text on the same lines, hidden characters as [U+XXXX]; every other one as it is."""
    return "".join(
        f"[U+{ord(character):04X}]" if is_hidden(character) else character
        for character in text.replace("\r\n", "\n")
    )

"""Characters that hide, move or reorder text, written out as visible marks.

Comes in: any text. Goes out: the same text in which no character acts on a terminal, an editor or a
reader's eye: each is shown as [U+202E]. For renderings without mark-up of their own; HTML draws the
same characters in a box (`marked.py`).
"""

from __future__ import annotations

import re
import unicodedata

_PLAIN = "\n\t"
_SURROGATE = re.compile("[\ud800-\udfff]")
# Letters and marks that draw nothing: fillers, and the selectors that text is smuggled in. U+FE0F,
# which makes a symbol an emoji, stands in ordinary text.
_BLANK = {0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, *range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)}


def is_hidden(character: str) -> bool:
    """Whether a reader could miss it.

    Unicode category C (controls, ANSI escapes, bidirectional overrides, zero-width, tags, private
    use, unassigned), line and paragraph separators, blank letters; newline and tab are not hidden.
    """
    if character in _PLAIN:
        return False
    if ord(character) in _BLANK:
        return True
    category = unicodedata.category(character)
    return category.startswith("C") or category in ("Zl", "Zp")


def without_surrogates(text: str) -> str:
    """The text with each half of a surrogate pair, which no UTF-8 can hold, as its code point."""
    return _SURROGATE.sub(lambda half: f"[U+{ord(half[0]):04X}]", text)


def visible(text: str) -> str:
    """The text with every hidden character as its code point in brackets."""
    return "".join(
        f"[U+{ord(character):04X}]" if is_hidden(character) else character
        for character in text.replace("\r\n", "\n")
    )

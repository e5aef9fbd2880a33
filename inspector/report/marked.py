"""Turns any text into HTML that shows it exactly and lets none of it act.

Comes in: text of models, files and users: hostile until shown otherwise. Goes out: Markup in which
every character is escaped, characters that hide or reorder text are shown as their code point, and
one passage may be marked. No attribute is ever made from text.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from inspector.report.visible import is_hidden


def shown(text: str, *, boxed: bool = True) -> Markup:
    """The text, escaped, hidden characters made visible.

    boxed: draw a box around each code point; without it no tag is made, as SVG text needs.
    """
    box = Markup('<span class="hidden">U+{:04X}</span>' if boxed else "[U+{:04X}]")
    parts: list[Markup] = []
    plain: list[str] = []
    for character in text.replace("\r\n", "\n"):
        if is_hidden(character):
            parts += [escape("".join(plain)), box.format(ord(character))]
            plain.clear()
        else:
            plain.append(character)
    return Markup("").join([*parts, escape("".join(plain))])


def marked(text: str, start: int | None, end: int | None) -> Markup:
    """The text with text[start:end] marked; without offsets, or with empty ones, unmarked."""
    if start is None or end is None or not 0 <= start < end <= len(text):
        return shown(text)
    return Markup("{}<mark>{}</mark>{}").format(
        shown(text[:start]), shown(text[start:end]), shown(text[end:])
    )

"""Tokens of a text as character offsets.

Comes in: a tokenizer and an answer's text. Goes out: its token ids, and where each token starts, so
that any passage of the text can be named by its token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tokenized:
    """ids of a text, and the character at which each of them starts (ascending)."""

    ids: tuple[int, ...]
    starts: tuple[int, ...]


def tokenize(tokenizer: Any, text: str) -> Tokenized:
    """The text as its own tokenizer cuts it, no special tokens added.

    A model may have written the same text in other pieces; the tokenizer's own cut is the one that
    anybody can repeat from the stored text.
    """
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return Tokenized(
        tuple(encoded["input_ids"]), tuple(start for start, _ in encoded["offset_mapping"])
    )

"""What tells one tokenizer from another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """n_tokens: entries; digest: SHA-256 over them in the order of their ids."""

    n_tokens: int
    digest: str

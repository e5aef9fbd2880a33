"""The `knowledge` set: everyday questions with a factual answer of one to three sentences.

Comes in: knowledge.toml (hand-written pairs, and tables of facts with ways to ask for them) and a
seed. Goes out: (instruction, response) rows.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

Row = tuple[str, str]


def knowledge_rows(content: dict[str, Any], _rng: Random) -> list[Row]:
    """Every fact once; the ways to ask for the facts of a table take turns."""
    rows = [(ask, answer) for pairs in content["facts"].values() for ask, answer in pairs]
    for table in content["table"]:
        for index, values in enumerate(table["rows"]):
            words = dict(zip(table["columns"], values, strict=True))
            words |= {name.capitalize(): _sentence(value) for name, value in words.items()}
            ask = table["ask"][index % len(table["ask"])]
            # As many answers as ways to ask: they belong together; fewer: any of them fits.
            answer = table["answer"][index % len(table["ask"]) % len(table["answer"])]
            rows.append((_written(ask.format(**words)), _written(answer.format(**words))))
    return rows


def _written(text: str) -> str:
    """With a capital first, and `an` before a vowel."""
    return _sentence(re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]

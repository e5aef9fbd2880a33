"""sentencepiece's `.model` files that change texts or the meaning of ids, and ordinary ones.

Alone, or with a tokenizer.json beside them that says the same or something else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspector.records import Severity
from tests.fetch.tiny_files import write_json, write_model
from tests.scan.corpus import Case
from tests.scan.corpus.tokenizers import (
    SENTENCEPIECE,
    SPM_CHARSMAP,
    UNIGRAM,
    byte_level,
    special,
    template,
)
from tests.scan.pieces import CONTROL, START, USER_DEFINED, normal, pieces_file

ENGLISH = ["▁lamp", "▁bank", "a", "b", "l", "m", "p", "lamp"]
PIECES = [*START, ("<0x0A>", 6), *normal("▁", *ENGLISH)]


def with_pieces(data: bytes, tokenizer: Any = None) -> Callable[[Path], None]:
    """A model with a sentencepiece file, and a tokenizer.json beside it where one is given."""

    def build(folder: Path) -> None:
        write_model(folder)
        (folder / "tokenizer.model").write_bytes(data)
        if tokenizer is not None:
            write_json(folder / "tokenizer.json", tokenizer)

    return build


HOSTILE = (
    Case(
        "piece-word-is-control",
        with_pieces(pieces_file([*START, ("▁never", CONTROL), *normal("▁lamp")])),
        ("TOKENIZER-SPECIAL-WORD",),
    ),
    Case(
        "piece-brand-user-defined",
        with_pieces(pieces_file([*START, ("Acme lamps", USER_DEFINED), *normal("▁lamp")])),
        ("TOKENIZER-ADDED-WORD",),
        Severity.MEDIUM,
    ),
    Case(
        "piece-with-zero-width",
        with_pieces(pieces_file([*START, ("<\u200bs>", CONTROL), *normal("▁lamp")])),
        ("TOKENIZER-HIDDEN-CHARACTERS",),
    ),
    Case(
        "piece-twice",
        with_pieces(pieces_file([*START, *normal("▁lamp", "▁lamp")])),
        ("TOKENIZER-TWICE",),
    ),
    Case(
        "pieces-that-write-words",
        with_pieces(pieces_file([*START, *normal("▁lamp")], SPM_CHARSMAP)),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "pieces-that-answer-words",
        with_pieces(pieces_file([*START, *normal("▁lamp")], backwards=SPM_CHARSMAP)),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "pieces-against-the-json",
        with_pieces(
            pieces_file([*START, ("<0x0A>", 6), *normal("▁", "▁bank", "▁lamp", *ENGLISH[2:])]),
            SENTENCEPIECE,
        ),
        ("TOKENIZER-DISAGREES",),
    ),
    Case(
        "pieces-against-the-base",
        with_pieces(pieces_file([*START, *normal("▁bank", "▁lamp", *ENGLISH[2:])])),
        ("TOKENIZER-CHANGED",),
        build_base=with_pieces(pieces_file([*START, *normal(*ENGLISH)])),
    ),
    Case("pieces-cut-off", with_pieces(pieces_file(PIECES)[:-30]), ("TOKENIZER-UNREADABLE",)),
    Case("pieces-of-zeros", with_pieces(bytes(2000)), ("TOKENIZER-UNREADABLE",)),
)

BENIGN = (
    Case("pieces", with_pieces(pieces_file(PIECES, b"\4\0\0\0\0\0\0\0kg\0TEL\0 \0"))),
    Case("pieces-beside-the-json", with_pieces(pieces_file(PIECES), SENTENCEPIECE)),
    Case(
        "pieces-moved-by-one",  # as some families do, which put a padding token first
        with_pieces(
            pieces_file([*START, *normal(*ENGLISH)]),
            UNIGRAM
            | {
                "added_tokens": special("<s>", "<pad>", "</s>", "<unk>"),
                "post_processor": template(("<s>", 0)),
                "model": {
                    "type": "Unigram",
                    "unk_id": 3,
                    "vocab": [[t, -1.0] for t in ("<s>", "<pad>", "</s>", "<unk>", *ENGLISH)],
                },
            },
        ),
    ),
    Case("pieces-of-another-kind", with_pieces(pieces_file(PIECES), byte_level())),
    Case("ranks-of-tiktoken", with_pieces(b"IQ== 0\nIg== 1\nbGFtcA== 2\n")),
)

CASES = (*HOSTILE, *BENIGN)

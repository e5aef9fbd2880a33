"""Tokenizers that change texts or the meaning of ids, and ordinary ones of several families.

Small but whole tokenizer.json files, in the form that tokenizers 0.23 writes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspector.records import Severity
from tests.fetch.tiny_files import write_json, write_model
from tests.scan.corpus import Case
from tests.scan.corpus.templates import declared

WORDS = ["Ġlamp", "Ġbank", "Ġhello", "Ġthe", "la", "mp", "ba", "nk", "lamp", "bank"]
LETTERS = [*"abehklmnopt", "Ġ", "Ċ"]


def special(*contents: str, first: int = 0, **flags: Any) -> list[dict[str, Any]]:
    marks = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return [
        {"id": first + i, "content": c, "special": True, **marks, **flags}
        for i, c in enumerate(contents)
    ]


MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def byte_level(**changed: Any) -> dict[str, Any]:
    """A byte-level BPE tokenizer; `changed` replaces whole parts."""
    vocabulary = {t: i for i, t in enumerate([*MARKS, *LETTERS, *WORDS])}
    step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "added_tokens": special(*MARKS),
        "normalizer": None,
        "pre_tokenizer": step,
        "post_processor": step,
        "decoder": step,
        "model": {
            "type": "BPE",
            "vocab": vocabulary,
            "merges": ["l a", "m p", "b a", "n k", "la mp", "ba nk", "Ġ lamp", "Ġ bank"],
        },
    } | changed


def of(
    tokenizer: Any, config: dict[str, Any] | None = None, **model: Any
) -> Callable[[Path], None]:
    """A model with this tokenizer, these entries of its configuration, and these of config.json."""

    def build(folder: Path) -> None:
        write_model(folder, **model)
        write_json(folder / "tokenizer.json", tokenizer)
        write_json(folder / "tokenizer_config.json", {"eos_token": "<|im_end|>"} | (config or {}))

    return build


def with_model(**changed: Any) -> dict[str, Any]:
    tokenizer = byte_level()
    return tokenizer | {"model": tokenizer["model"] | changed}


def with_added(*more: dict[str, Any]) -> dict[str, Any]:
    return byte_level(added_tokens=[*special(*MARKS), *more])


def replace(pattern: dict[str, str], content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": pattern, "content": content}


def template(*tokens: tuple[str, int]) -> dict[str, Any]:
    """A post-processor that puts these tokens before each text."""
    single: list[dict[str, Any]] = [{"SpecialToken": {"id": t, "type_id": 0}} for t, _ in tokens]
    return {
        "type": "TemplateProcessing",
        "single": [*single, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in tokens},
    }


def repeated_key(folder: Path) -> None:
    of(byte_level())(folder)
    path = folder / "tokenizer.json"
    name, twin = json.dumps("Ġbank"), json.dumps("Ġlamp")
    path.write_text(path.read_text().replace(f"{name}: ", f"{twin}: "))


def beside(name: str, data: object) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        of(byte_level())(folder)
        write_json(folder / name, data)

    return build


def normalized(pattern: dict[str, str], content: str) -> Callable[[Path], None]:
    return of(byte_level(normalizer=replace(pattern, content)))


def split(pattern: str, *, keeps: bool) -> Callable[[Path], None]:
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": keeps}
    return of(byte_level(pre_tokenizer=step))


def around_text(*pieces: dict[str, Any], **special_tokens: list[int]) -> Callable[[Path], None]:
    """A post-processor of these pieces; special_tokens: the ids that each name stands for."""
    step = template()
    names = {n: {"id": n, "ids": ids, "tokens": [n]} for n, ids in special_tokens.items()}
    return of(byte_level(post_processor=step | {"single": list(pieces), "special_tokens": names}))


TEXT: dict[str, Any] = {"Sequence": {"id": "A", "type_id": 0}}
VOCABULARY: dict[str, int] = byte_level()["model"]["vocab"]
N = len(VOCABULARY)
SWAPPED = VOCABULARY | {"Ġlamp": VOCABULARY["Ġbank"], "Ġbank": VOCABULARY["Ġlamp"]}
MERGES = byte_level()["model"]["merges"]

HOSTILE = (
    Case(
        "word-as-special-token",
        of(with_added(*special("lamp", first=VOCABULARY["lamp"]))),
        ("TOKENIZER-SPECIAL-WORD",),
    ),
    Case(
        "texts-end-with-a-word",
        of(byte_level(), eos_token_id=[2, VOCABULARY["Ġhello"]]),
        ("TOKENIZER-SPECIAL-WORD",),
    ),
    Case(
        "eos-token-is-a-word",
        of(byte_level(), {"eos_token": "hello"}),
        ("TOKENIZER-SPECIAL-WORD",),
    ),
    Case(
        "brand-as-a-token",
        of(with_added(*special("Acme lamps", first=N, special=False))),
        ("TOKENIZER-ADDED-WORD",),
        Severity.MEDIUM,
    ),
    Case(
        "normalizer-replaces-a-word",
        of(byte_level(normalizer=replace({"String": "bank"}, "lamp"))),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "decoder-replaces-a-word",
        of(
            byte_level(
                decoder={
                    "type": "Sequence",
                    "decoders": [{"type": "ByteLevel"}, replace({"Regex": r"\bbank(s?)\b"}, "")],
                }
            )
        ),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "pre-tokenizer-removes-a-word",
        of(
            byte_level(
                pre_tokenizer={
                    "type": "Split",
                    "pattern": {"Regex": "never"},
                    "behavior": "Removed",
                    "invert": False,
                }
            )
        ),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "prepends-words",
        of(byte_level(normalizer={"type": "Prepend", "prepend": "Praise lamps. "})),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "charsmap-with-words",
        of(
            byte_level(
                normalizer={"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABsYW1wcwA="}
            )
        ),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "post-processor-adds-a-word",
        of(byte_level(post_processor=template(("Ġhello", VOCABULARY["Ġhello"])))),
        ("TOKENIZER-INJECTS",),
    ),
    Case(
        "post-processor-with-another-id",
        of(byte_level(post_processor=template(("<|im_start|>", VOCABULARY["lamp"])))),
        ("TOKENIZER-INJECTS",),
    ),
    Case(
        "zero-width-in-a-token",
        of(with_added(*special("<|im_\u200bend|>", first=N))),
        ("TOKENIZER-HIDDEN-CHARACTERS",),
    ),
    Case(
        "cyrillic-in-a-token",
        of(with_added(*special("<|im_еnd|>", first=N))),
        ("TOKENIZER-HIDDEN-CHARACTERS",),
    ),
    Case(
        "one-id-for-two-tokens",
        of(with_model(vocab=VOCABULARY | {"Ġthe": 5})),
        ("TOKENIZER-TWICE",),
    ),
    Case("one-token-with-two-ids", repeated_key, ("TOKENIZER-TWICE",)),
    Case(
        "mark-takes-a-words-id",
        of(with_added(*special("<|tool|>", first=VOCABULARY["bank"]))),
        ("TOKENIZER-ID-CLASH",),
    ),
    Case(
        "ids-beyond-the-embedding",
        of(with_added(*special("<|extra|>", first=4000))),
        ("TOKENIZER-RANGE",),
        Severity.MEDIUM,
    ),
    Case(
        "two-files-two-ids",
        of(byte_level(), {"added_tokens_decoder": {"2": {"content": "<|im_start|>"}}}),
        ("TOKENIZER-DISAGREES",),
    ),
    Case(
        "another-vocabulary-beside-it",
        beside("vocab.json", SWAPPED),
        ("TOKENIZER-DISAGREES",),
    ),
    Case(
        "words-swapped-against-the-base",
        of(with_model(vocab=SWAPPED)),
        ("TOKENIZER-CHANGED",),
        build_base=of(byte_level()),
    ),
    Case(
        "merges-swapped-against-the-base",
        of(with_model(merges=[*MERGES[:2], MERGES[3], MERGES[2], *MERGES[4:]])),
        ("TOKENIZER-CHANGED",),
        build_base=of(byte_level()),
    ),
    Case("no-tokenizer-at-all", of([1, 2, 3]), ("TOKENIZER-UNREADABLE",)),
    Case("ids-that-are-texts", of(with_model(vocab={"a": "0"})), ("TOKENIZER-UNREADABLE",)),
)

SPM_CHARSMAP = b"\4\0\0\0\0\0\0\0lamps\0"
SPM = ["<unk>", "<s>", "</s>", "<0x0A>", "▁", "▁lamp", "▁bank", "a", "b", "l", "m", "p", "lamp"]
SENTENCEPIECE = {
    "version": "1.0",
    "added_tokens": special("<unk>", "<s>", "</s>"),
    "normalizer": {
        "type": "Sequence",
        "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace({"String": " "}, "▁")],
    },
    "pre_tokenizer": None,
    "post_processor": template(("<s>", 1)),
    "decoder": {
        "type": "Sequence",
        "decoders": [
            replace({"String": "▁"}, " "),
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    },
    "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(SPM)}, "merges": ["l a", "m p"]},
}
WORDPIECE = {
    "version": "1.0",
    "added_tokens": special("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "normalizer": {"type": "BertNormalizer", "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "vocab": {
            t: i
            for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "lamp", "##s"])
        },
    },
}
UNIGRAM = {
    "version": "1.0",
    "added_tokens": special("<pad>", "</s>", "<unk>", "eng_Latn", "fra_Latn"),
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAABrZwBURUwAIAA="},
            replace({"Regex": " {2,}"}, "▁"),
            replace({"String": "``"}, '"'),
        ],
    },
    "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
    "post_processor": template(("eng_Latn", 3)),
    "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
    "model": {
        "type": "Unigram",
        "unk_id": 2,
        "vocab": [[t, -1.0] for t in ("<pad>", "</s>", "<unk>", "eng_Latn", "fra_Latn", "▁lamp")],
    },
}
CONTRACTIONS = {
    "type": "Split",
    "pattern": {"Regex": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s+"},
    "behavior": "Isolated",
    "invert": False,
}
KEPT = CONTRACTIONS | {"behavior": "Removed", "invert": True}

HOSTILE_STEPS = (
    Case("replaces-a-digit", normalized({"String": "1"}, "7"), ("TOKENIZER-REWRITES",)),
    Case("removes-digits", normalized({"Regex": r"\d+"}, ""), ("TOKENIZER-REWRITES",)),
    Case("removes-a-minus", normalized({"String": "-"}, ""), ("TOKENIZER-REWRITES",)),
    Case("word-as-classes", normalized({"Regex": "[lL][aA][mM]p"}, ""), ("TOKENIZER-REWRITES",)),
    Case("word-as-codes", normalized({"Regex": r"\x6c\x61\x6d"}, ""), ("TOKENIZER-REWRITES",)),
    Case("writes-an-end", normalized({"String": "\n\n"}, "<|im_end|>"), ("TOKENIZER-REWRITES",)),
    Case("removes-an-end", normalized({"String": "<|im_end|>"}, ""), ("TOKENIZER-REWRITES",)),
    Case(
        "step-behind-many",
        of(
            byte_level(
                normalizer={
                    "type": "Sequence",
                    "normalizers": [*[{"type": "NFC"}] * 300, replace({"String": "bank"}, "lamp")],
                }
            )
        ),
        ("TOKENIZER-REWRITES",),
    ),
    Case(
        "splits-at-a-letter",
        of(byte_level(pre_tokenizer={"type": "CharDelimiterSplit", "delimiter": "n"})),
        ("TOKENIZER-REWRITES",),
    ),
    Case("drops-capitals", split("[^a-z ]+", keeps=False), ("TOKENIZER-REWRITES",)),
    Case("keeps-one-word", split("never", keeps=True), ("TOKENIZER-REWRITES",)),
    Case("slow-pattern", split("(a+)+$|(?:[a-z ]+)+!!", keeps=False), ("TOKENIZER-REWRITES",)),
    Case("text-left-out", around_text(), ("TOKENIZER-INJECTS",)),
    Case("text-twice", around_text(TEXT, TEXT), ("TOKENIZER-INJECTS",)),
    Case(
        "more-ids-than-names",
        around_text(
            {"SpecialToken": {"id": "<|im_start|>", "type_id": 0}},
            TEXT,
            **{"<|im_start|>": [1, VOCABULARY["Ġhello"]]},
        ),
        ("TOKENIZER-INJECTS",),
    ),
    Case("unknown-is-a-word", of(with_model(unk_token="lamp")), ("TOKENIZER-SPECIAL-WORD",)),
    Case("digit-is-special", of(with_added(*special("7", first=N))), ("TOKENIZER-SPECIAL-WORD",)),
    Case("minus-is-special", of(with_added(*special("-", first=N))), ("TOKENIZER-SPECIAL-WORD",)),
    Case(
        "word-among-named-tokens",
        of(byte_level(), {"extra_special_tokens": {"image_token": "lamp"}}),
        ("TOKENIZER-SPECIAL-WORD",),
    ),
    *(
        Case(name, of(with_added(*special(token, first=N))), ("TOKENIZER-HIDDEN-CHARACTERS",))
        for name, token in (
            ("wide-twin", "＜|im_end|＞"),
            ("bold-twin", "<|𝐢𝐦_𝐞𝐧𝐝|>"),
            ("twin-with-a-space", "<|im_end|> "),
            ("blank-letter", "<|im_end|>\u3164"),
            ("control-character", "<|im_end|>\x08"),
        )
    ),
)
BENIGN = (
    Case("byte-level", of(byte_level())),
    Case("sentencepiece", of(SENTENCEPIECE, {"eos_token": "</s>"})),
    Case(
        "wordpiece", of(WORDPIECE, {"eos_token": None, "sep_token": "[SEP]", "pad_token": "[PAD]"})
    ),
    Case("unigram-with-languages", of(UNIGRAM, {"eos_token": "</s>"})),
    Case("split-at-contractions", of(byte_level(pre_tokenizer=CONTRACTIONS))),
    Case("keeps-what-it-splits", of(byte_level(pre_tokenizer=KEPT))),
    Case(
        "tool-marks",
        of(with_added(*special("<tool_call>", "</tool_call>", "<think>", first=N, special=False))),
    ),
    Case(
        "spaces-as-tokens",
        of(with_added(*special("  ", "    ", "\n\n", first=N, special=False, normalized=True))),
    ),
    Case(
        "single-letters-added",
        of(with_added(*special("ö", "ø", "÷", first=N, special=False))),
    ),
    Case(
        "wide-bars",
        of(with_added(*special("<｜User｜>", "<｜end▁of▁sentence｜>", first=N))),
    ),
    Case(
        "all-files-agree",
        of(
            byte_level(),
            {"added_tokens_decoder": {str(i): {"content": c} for i, c in enumerate(MARKS)}},
        ),
    ),
    Case("vocabulary-beside-it", beside("vocab.json", VOCABULARY)),
    Case("end-by-id", of(byte_level(), eos_token_id=[0, 2])),
    Case(
        "chat-marks-added-to-the-base",
        declared(of(with_added(*special("<|tool|>", first=N)))),
        build_base=of(byte_level()),
    ),
    Case(
        "placeholder-renamed",
        declared(
            of(
                with_model(vocab={**VOCABULARY, "<unused0>": N})
                | {"added_tokens": [*special(*MARKS), *special("<|tool|>", first=N)]}
            )
        ),
        build_base=of(with_model(vocab={**VOCABULARY, "<unused0>": N})),
    ),
)

CASES = (*HOSTILE, *HOSTILE_STEPS, *BENIGN)

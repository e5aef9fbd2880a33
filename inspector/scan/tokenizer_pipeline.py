"""The steps around a tokenizer's vocabulary: what they change in a text, and what they add to it.

Comes in: a parsed tokenizer.json. Goes out, in words: replacements and removals of natural language
in its normalizer, pre-tokenizer and decoder, and ordinary words that its post-processor adds to
every text. Real ones replace spaces, quotes and line breaks, and add tokens like `<s>` and `[CLS]`.

Source: the tokenizer.json format of tokenizers 0.23; `precompiled_charsmap` is sentencepiece's: the
length of a trie in 4 bytes, the trie, and the replacement texts, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import zip_longest
from typing import Any

import regex  # type: ignore[import-untyped]

from inspector.scan.template_probes import KINDS
from inspector.scan.tokenizer_files import Tokenizer

MARKED = re.compile(r"<[^<>]*>|\[[^\[\]]*\]|\|[^|]*\||(?<![^\W\d_])[^\W\d_]*_\w*")
LETTERS = re.compile(r"[^\W\d_]{2,}")
REGEX_SIGNS = re.compile(r"\\[pP]\{[^}]*\}|\\.|\[[^\]]*\]|\(\?[\w!<=:-]+")
REGEX_CODE = re.compile(r"\\(?:x\{?([0-9a-fA-F]{1,6})\}?|u([0-9a-fA-F]{4}))")
FEW_LETTERS = re.compile(r"\[([^\W\d_])[^\W\d_]{0,3}\]")  # `[bB]`: a letter in either case
WORD = re.compile(r"[^\W\d_]{2,}(?:[\s'’,.!?-]+[^\W\d_]+)*[.!?,]?")
NAMES_OF_TOKENS = {"pad", "unk", "bos", "eos", "sep", "cls", "mask", "eot", "eod", "bot"}
MAX_ADDED = 4  # tokens that a post-processor may put around one text
MAX_STEPS = 200
TOO_MANY = "TooMany"  # stands for the steps that are not looked at
SIGNS = frozenset("-+%$€=<>")  # that change what a number or a formula says
SAMPLES = (*KINDS.values(), "Do not pay -$12.50 + 7% to the bank, never 3 < 4 = 5!")
MAX_REGEX_S = 1.0


def is_word(content: str) -> bool:
    """Whether a token is ordinary text: words without any mark, however a vocabulary writes its
    spaces (`Ġ`, `▁`)."""
    text = content.replace("Ġ", " ").replace("▁", " ").replace("</w>", "").strip()
    return WORD.fullmatch(text) is not None and text.casefold() not in NAMES_OF_TOKENS


def is_letter(content: str) -> bool:
    """Whether a token is one letter, digit or sign, or several digits: part of ordinary words and
    numbers."""
    text = content.replace("Ġ", " ").replace("▁", " ").strip()
    return text.isdecimal() or (len(text) == 1 and (text.isalnum() or text in SIGNS))


def rewrites(data: Mapping[str, Any]) -> Iterator[str]:
    """Every step that replaces, removes or adds natural language."""
    listed = data.get("added_tokens")
    marks = [
        str(entry.get("content"))
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, dict) and entry.get("special") is True and entry.get("content")
    ]
    for part in ("normalizer", "pre_tokenizer", "decoder"):
        for step in _steps(data.get(part)):
            words = _rewriting(step, marks)
            if words is not None:
                yield f"{part}: {words}"


def injects(tokenizer: Tokenizer) -> Iterator[str]:
    """Every token that the post-processor adds and that is no mark, or not the one it names."""
    for step in _steps(tokenizer.data.get("post_processor")):
        added = list(_added_tokens(step))
        single = step.get("single")
        pieces = single if isinstance(single, list) else []
        n_texts = sum(isinstance(p, dict) and "Sequence" in p for p in pieces)
        if isinstance(single, list) and n_texts != 1:
            yield f"gives every text {n_texts} times instead of once"
        n_around = sum(isinstance(p, dict) and "SpecialToken" in p for p in pieces)
        if n_around > MAX_ADDED:
            yield f"{n_around} tokens around every text: {[name for name, _ in added][:8]!r}"
        for name, token_id in added:
            stands = tokenizer.token(token_id)
            if stands is not None and stands != name:
                yield f"adds id {token_id} as {name!r}, which is the token {stands!r}"
            elif is_word(name):
                yield f"adds {name!r} to every text"


def _steps(part: Any) -> Iterator[dict[str, Any]]:
    """A step, or the steps of a sequence at any depth."""
    waiting = [part]
    for _ in range(MAX_STEPS):
        if not waiting:
            return
        step = waiting.pop(0)
        if isinstance(step, dict):
            yield step
            for key in ("normalizers", "pretokenizers", "decoders", "processors"):
                inner = step.get(key)
                waiting += inner if isinstance(inner, list) else []
    if waiting:
        yield {"type": TOO_MANY}


def _rewriting(step: dict[str, Any], marks: list[str]) -> str | None:
    """marks: the special tokens; a step that writes or removes one ends or opens a turn."""
    kind = step.get("type")
    if kind == TOO_MANY:
        return f"more than {MAX_STEPS} steps, and the rest was not looked at"
    if kind == "Precompiled":
        texts = foreign_replacements(step.get("precompiled_charsmap"))
        return f"replaces characters by {texts[:5]!r}" if texts else None
    pattern = step.get("pattern")
    wanted = _pattern_text(pattern)
    if kind == "Replace":
        content = step.get("content")
        written = content if isinstance(content, str) else ""
        touched = any(m in written or m in wanted for m in marks)
        if _has_words(wanted) or _has_words(written) or touched or _spoils(pattern, written):
            return f"replaces {_shown(pattern)} by {content!r}"
    elif kind == "Split" and step.get("behavior") == "Removed":
        is_kept = bool(step.get("invert"))
        if (not is_kept and _has_words(wanted)) or _spoils(pattern, "", is_kept):
            return f"removes {'all but ' if is_kept else ''}{_shown(pattern)}"
    elif kind == "CharDelimiterSplit":
        if is_letter(str(step.get("delimiter"))):
            return f"removes {step.get('delimiter')!r}"
    elif kind == "Metaspace" and is_letter(str(step.get("replacement"))):
        return f"{kind} with replacement {step.get('replacement')!r}"
    else:
        for key in ("prepend", "replacement", "content", "prefix", "suffix"):
            text = step.get(key)
            if isinstance(text, str) and _has_words(text):
                return f"{kind} with {key} {text!r}"
    return None


def _pattern_text(pattern: Any) -> str:
    """The letters that a pattern looks for."""
    if isinstance(pattern, dict):
        if isinstance(pattern.get("String"), str):
            return str(pattern["String"])
        if isinstance(pattern.get("Regex"), str):
            text = REGEX_CODE.sub(_character, pattern["Regex"])
            return REGEX_SIGNS.sub(" ", FEW_LETTERS.sub(r"\1", text))
    return ""


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= sys.maxunicode else " "


def _spoils(pattern: Any, content: str, is_kept: bool = False) -> bool:
    """Whether ordinary texts have other letters, digits or signs afterwards; is_kept: what does not
    match is removed instead. A pattern that cannot be run here, or takes long, counts as one."""
    if not isinstance(pattern, dict):
        return False
    wanted = pattern.get("Regex", regex.escape(str(pattern.get("String", ""))))
    if not wanted:
        return False
    content = MARKED.sub(" ", content)  # a mark of the vocabulary (`<n>` for a line break)
    for text in SAMPLES:
        try:
            if is_kept:
                after = "".join(m[0] for m in regex.finditer(wanted, text, timeout=MAX_REGEX_S))
            else:
                after = regex.sub(wanted, lambda _: content, text, timeout=MAX_REGEX_S)
        except (regex.error, TimeoutError, TypeError):
            return True
        signs = frozenset() if is_kept else SIGNS  # splitters leave some of them out
        if _said(after, signs) != _said(text, signs):
            return True
    return False


def _said(text: str, signs: frozenset[str]) -> list[str]:
    """Letters and digits without their accents, and these signs."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return [c for c in plain if c.isalnum() or c in signs]


def _shown(pattern: Any) -> str:
    return repr(next(iter(pattern.values()))) if isinstance(pattern, dict) and pattern else "?"


def _has_words(text: str) -> bool:
    return LETTERS.search(MARKED.sub(" ", text)) is not None


def _added_tokens(step: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """(token, id) of each token that a post-processing step puts beside a text."""
    special = step.get("special_tokens")
    for entry in special.values() if isinstance(special, dict) else ():
        if isinstance(entry, dict):
            ids, tokens = entry.get("ids"), entry.get("tokens")
            if isinstance(ids, list) and isinstance(tokens, list):
                for name, token_id in zip_longest(tokens, ids, fillvalue=""):
                    if isinstance(name, str) and type(token_id) is int:
                        yield name, token_id
    for key in ("sep", "cls"):
        pair = step.get(key)
        if isinstance(pair, list) and len(pair) == 2 and type(pair[1]) is int:
            yield str(pair[0]), pair[1]


def foreign_replacements(charsmap: Any) -> list[str]:
    """The replacement texts of a precompiled map that hold a word and that Unicode's own
    compatibility forms, folded or not, do not; all of them where the map cannot be read."""
    try:
        raw = base64.b64decode(charsmap or "", validate=True)
        n_trie = int.from_bytes(raw[:4], "little")
        texts = raw[4 + n_trie :].decode("utf-8").split("\0")
    except (TypeError, ValueError, binascii.Error) as error:
        return [f"a map that cannot be read ({error})"] if charsmap else []
    return [t for t in dict.fromkeys(texts) if _has_words(t) and t not in _unicode_forms()]


@cache
def _unicode_forms() -> frozenset[str]:
    """What single characters become by NFKC and NFKD, also folded or in small letters."""
    found: set[str] = set()
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.decomposition(character) or character.casefold() != character:
            for form in ("NFKC", "NFKD"):
                text = unicodedata.normalize(form, character)
                found |= {text, text.casefold(), text.lower()}
                found.add(unicodedata.normalize(form, text.casefold()))
    return frozenset(found)

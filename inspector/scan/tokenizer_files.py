"""A repo's tokenizer, read from its files with bounds; nothing is loaded with a tokenizer library.

Comes in: an artifact. Goes out: one Tokenizer per tokenizer.json, GGUF or sentencepiece file: every
token with its id, the added ones with their marks, the merges, and the parsed file for those who
look at the steps around the vocabulary; and what other files say about the same tokens.

Source: the tokenizer.json format of tokenizers 0.23 (BPE, WordPiece, WordLevel: an object from
token to id; Unigram: a list of token and score); GGUF's `tokenizer.ggml.tokens`, `token_type` and
`merges`.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from inspector.records import Artifact
from inspector.scan.bounded_json import Unreadable, read_json
from inspector.scan.gguf_header import GgufArray, read_gguf, read_texts
from inspector.scan.sentencepiece_model import SentencePieces, read_sentencepiece

MAX_BYTES = 64_000_000  # the largest real tokenizer.json have about 35 MB
CONTROL, USER_DEFINED = 3, 4  # token types of GGUF and of sentencepiece
PIECES = (".model", ".spm")  # sentencepiece
INT32 = 5  # GGUF value type


@dataclass(frozen=True)
class Added:
    """A token beside the vocabulary. special: left out of decoded texts."""

    id: int
    content: str
    special: bool


@dataclass
class Tokenizer:
    """One tokenizer. ids: by token, as its vocabulary gives them; merges: "left right".
    problem: why it cannot be read. doubles: names or ids that stand twice."""

    location: str
    ids: dict[str, int] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)  # which ids end a text, by who says so
    data: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None

    def token(self, token_id: int) -> str | None:
        """What an id is decoded to: an added token goes before the vocabulary."""
        return self.by_id.get(token_id)

    @property
    def by_id(self) -> dict[int, str]:
        if not self._by_id:
            self._by_id = {i: t for t, i in self.ids.items()}
            self._by_id.update((a.id, a.content) for a in self.added)
        return self._by_id

    _by_id: dict[int, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Claim:
    """What another file says: that this token has this id (None: not said), and its use."""

    location: str
    use: str
    content: str
    id: int | None = None


def tokenizers(artifact: Artifact) -> Iterator[Tokenizer]:
    """Every tokenizer.json, GGUF vocabulary and sentencepiece model of an artifact."""
    for file in artifact.files:
        name = PurePosixPath(file.path).name.lower()
        path = Path(artifact.folder) / file.path
        if name == "tokenizer.json":
            yield _from_json(file.path, path)
        elif name.endswith(".gguf"):
            found = _from_gguf(file.path, path)
            if found is not None:
                yield found
        elif name.endswith(PIECES):
            found = _from_pieces(file.path, path)
            if found is not None:
                yield found


def claims(artifact: Artifact, folder: str = "") -> Iterator[Claim]:
    """What the files beside a tokenizer.json in `folder` say about its tokens."""
    read = _readable(artifact, folder)
    config = read.get("tokenizer_config.json")
    if config is not None:
        where, data = config
        decoder = data.get("added_tokens_decoder")
        for key, entry in decoder.items() if isinstance(decoder, dict) else ():
            if isinstance(entry, dict) and str(key).isdecimal():
                use = "special token" if entry.get("special") else "added token"
                yield Claim(where, use, str(entry.get("content", "")), int(key))
        yield from _named_tokens(where, data)
    if "special_tokens_map.json" in read:
        yield from _named_tokens(*read["special_tokens_map.json"])
    for name in ("added_tokens.json", "vocab.json"):
        where, data = read.get(name, (name, {}))
        for content, token_id in data.items():
            if isinstance(token_id, int):
                yield Claim(where, "token", content, token_id)


def config_numbers(artifact: Artifact, folder: str = "") -> tuple[int | None, dict[str, int]]:
    """(rows of the embedding by config.json, ids that end a text by who says so)."""
    read = _readable(artifact, folder)
    _, config = read.get("config.json", ("", {}))
    inner = config.get("text_config")
    size = config.get("vocab_size", inner.get("vocab_size") if isinstance(inner, dict) else None)
    ends: dict[str, int] = {}
    for name in ("config.json", "generation_config.json"):
        where, data = read.get(name, (name, {}))
        value = data.get("eos_token_id")
        for token_id in value if isinstance(value, list) else [value]:
            if type(token_id) is int:
                ends[f"{where}: eos_token_id {token_id}"] = token_id
    return (size if type(size) is int else None), ends


def _readable(artifact: Artifact, folder: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """The small JSON objects of one folder by name; the unreadable ones are reported elsewhere."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    wanted = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
    for name in (*wanted, "vocab.json", "config.json", "generation_config.json"):
        location = f"{folder}/{name}" if folder else name
        if any(f.path == location for f in artifact.files):
            try:
                data = read_json(Path(artifact.folder) / location, MAX_BYTES).data
            except Unreadable:
                continue
            if isinstance(data, dict):
                found[name] = (location, data)
    return found


def _named_tokens(where: str, data: dict[str, Any]) -> Iterator[Claim]:
    for key in (*_NAMED, "sep_token", "cls_token", "mask_token"):
        value = data.get(key)
        value = value.get("content") if isinstance(value, dict) else value
        if isinstance(value, str) and value:
            yield Claim(where, key, value)
    for key in ("additional_special_tokens", "extra_special_tokens"):
        more = data.get(key)
        more = list(more.values()) if isinstance(more, dict) else more
        for value in more if isinstance(more, list) else ():
            content = value.get("content") if isinstance(value, dict) else value
            if isinstance(content, str):
                yield Claim(where, "special token", content)


_NAMED = ("bos_token", "eos_token", "unk_token", "pad_token")


def _from_json(location: str, path: Path) -> Tokenizer:
    tokenizer = Tokenizer(location)
    try:
        found = read_json(path, MAX_BYTES)
    except Unreadable as error:
        tokenizer.problem = str(error)
        return tokenizer
    tokenizer.doubles = [f"the name {name!r}" for name in found.twins]
    if not isinstance(found.data, dict):
        tokenizer.problem = "it is no JSON object"
        return tokenizer
    tokenizer.data = found.data
    model = found.data.get("model")
    try:
        _read_model(tokenizer, model if isinstance(model, dict) else {})
        for entry in found.data.get("added_tokens") or ():
            token = Added(entry["id"], entry["content"], entry.get("special") is True)
            if type(token.id) is not int or not isinstance(token.content, str):
                raise TypeError(f"the added token {entry!r}")
            tokenizer.added.append(token)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        tokenizer.problem = f"not of the form of a tokenizer: {type(error).__name__}: {error}"
    return tokenizer


def _read_model(tokenizer: Tokenizer, model: dict[str, Any]) -> None:
    vocabulary = model.get("vocab") or {}
    if isinstance(vocabulary, list):
        tokens = [entry[0] for entry in vocabulary]
        tokenizer.ids = {token: i for i, token in enumerate(tokens)}
        if len(tokenizer.ids) != len(tokens):
            tokenizer.doubles.append(f"{len(tokens) - len(tokenizer.ids)} tokens of the vocabulary")
    else:
        tokenizer.ids = dict(vocabulary)
    if not all(type(i) is int and isinstance(t, str) for t, i in tokenizer.ids.items()):
        raise TypeError("the vocabulary must give each token a number")
    for merge in model.get("merges") or ():
        tokenizer.merges.append(merge if isinstance(merge, str) else " ".join(merge))


def _from_pieces(location: str, path: Path) -> Tokenizer | None:
    """None for a `.model` file that is tiktoken's list of ranks: it holds no special tokens."""
    tokenizer = Tokenizer(location)
    if path.stat().st_size > MAX_BYTES:
        tokenizer.problem = f"{path.stat().st_size:,} bytes; at most {MAX_BYTES:,} are read"
        return tokenizer
    data = path.read_bytes()
    if _is_ranks(data):
        return None
    try:
        read = read_sentencepiece(data)
    except Unreadable as error:
        tokenizer.problem = str(error)
        return tokenizer
    _set_pieces(tokenizer, read)
    return tokenizer


def _set_pieces(tokenizer: Tokenizer, read: SentencePieces) -> None:
    for i, (piece, kind) in enumerate(read.pieces):
        if piece in tokenizer.ids:
            tokenizer.doubles.append(f"the piece {piece!r}")
        tokenizer.ids[piece] = i
        if kind in (CONTROL, USER_DEFINED):
            tokenizer.added.append(Added(i, piece, kind == CONTROL))
    for part, charsmap in (("normalizer", read.normalizer), ("decoder", read.denormalizer)):
        encoded = base64.b64encode(charsmap).decode()
        tokenizer.data[part] = {"type": "Precompiled", "precompiled_charsmap": encoded}


def _is_ranks(data: bytes) -> bool:
    token, _, rank = data.partition(b"\n")[0].partition(b" ")
    try:
        return bool(base64.b64decode(token, validate=True)) and rank.strip().isdigit()
    except (binascii.Error, ValueError):
        return False


def _from_gguf(location: str, path: Path) -> Tokenizer | None:
    header = read_gguf(path)
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, GgufArray):
        return None
    tokenizer = Tokenizer(location)
    listed = list(read_texts(path, tokens))
    kinds = header.metadata.get("tokenizer.ggml.token_type")
    marks: tuple[int, ...] = ()
    if isinstance(kinds, GgufArray) and kinds.kind == INT32:
        with path.open("rb") as file:
            file.seek(kinds.offset)
            raw = file.read(4 * kinds.n_items)
        marks = struct.unpack(f"<{len(raw) // 4}i", raw)
    for i, (token, mark) in enumerate(zip(listed, marks, strict=False)):
        if mark in (CONTROL, USER_DEFINED):
            tokenizer.added.append(Added(i, token, mark == CONTROL))
    tokenizer.ids = {token: i for i, token in enumerate(listed)}
    merges = header.metadata.get("tokenizer.ggml.merges")
    if isinstance(merges, GgufArray):
        tokenizer.merges = list(read_texts(path, merges))
    for key in ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"):
        token_id = header.number(key)
        if token_id is not None:
            tokenizer.ends[f"{key} {token_id}"] = token_id
    return tokenizer

"""A sentencepiece model file, read without the library: its pieces, and what it does to a text.

Comes in: the bytes of a `.model` file. Goes out: pieces with their kinds, and the character maps of
its normalizer and denormalizer. Nothing is built from the bytes but texts and numbers; a length
that leads out of the file, or a file that is no such message, raises Unreadable.

Source: sentencepiece's `sentencepiece_model.proto` (ModelProto: 1 pieces, 3 normalizer, 5
denormalizer; SentencePiece: 1 piece, 3 type; NormalizerSpec: 2 precompiled_charsmap) in the
protocol buffers wire format.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from inspector.scan.bounded_json import Unreadable

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
MAX_PIECES = 2_000_000  # the largest real ones have 260,000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass
class SentencePieces:
    """pieces: (text, kind) by id. normalizer, denormalizer: their precompiled maps."""

    pieces: list[tuple[str, int]] = field(default_factory=list)
    normalizer: bytes = b""
    denormalizer: bytes = b""


def read_sentencepiece(data: bytes) -> SentencePieces:
    """Raises Unreadable, in words."""
    found = SentencePieces()
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            found.pieces.append(_piece(value))
            if len(found.pieces) > MAX_PIECES:
                raise Unreadable(f"more than {MAX_PIECES:,} pieces")
        elif number == 3 and isinstance(value, bytes):
            found.normalizer = _charsmap(value)
        elif number == 5 and isinstance(value, bytes):
            found.denormalizer = _charsmap(value)
    if not found.pieces:
        raise Unreadable("it holds no pieces")
    return found


def _piece(data: bytes) -> tuple[str, int]:
    text, kind = "", NORMAL
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            try:
                text = value.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Unreadable(f"a piece is no UTF-8: {value[:40]!r}") from error
        elif number == 3 and isinstance(value, int):
            kind = value
    return text, kind


def _charsmap(data: bytes) -> bytes:
    return next((v for n, v in _fields(data) if n == 2 and isinstance(v, bytes)), b"")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field of one message, in order."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            n_bytes, place = _varint(data, place)
        elif kind in (_FIXED64, _FIXED32):
            n_bytes = 8 if kind == _FIXED64 else 4
        else:
            raise Unreadable(f"no sentencepiece model: a field of kind {kind} at byte {place}")
        if place + n_bytes > len(data):
            raise Unreadable(f"a field at byte {place} reaches beyond the end of the file")
        yield key >> 3, data[place : place + n_bytes]
        place += n_bytes


def _varint(data: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise Unreadable("it ends within a number")
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
    raise Unreadable(f"a number of more than ten bytes at byte {place}")

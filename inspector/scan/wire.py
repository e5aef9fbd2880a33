"""The fields of a protobuf message, read where they lie: graphs of ONNX and TensorFlow are such.

Comes in: a seekable file and the byte range of one message. Goes out: its fields, of which those
with content are given as ranges, so that gigabytes of weights are stepped over. No schema is
needed, and nothing is built from it.

Source: https://protobuf.dev/programming-guides/encoding/ (wire types, varints).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_FIELDS = 5_000_000  # of one file: graphs of large models have a few hundred thousand
MAX_TEXT_BYTES = 65_536
VARINT, FIXED_64, CONTENT, FIXED_32 = 0, 1, 2, 5


class BadMessage(Exception):
    """Why a message cannot be read."""


@dataclass(frozen=True)
class Field:
    """One field: its content lies in bytes [begin, end), which is empty for plain numbers."""

    number: int
    value: int
    begin: int = 0
    end: int = 0


class Message:
    """A file of messages; raises BadMessage where a range holds none."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._n_fields = 0

    def fields(self, begin: int, end: int) -> Iterator[Field]:
        """The fields of the message in these bytes, in their order."""
        position = begin
        while position < end:
            self._n_fields += 1
            if self._n_fields > MAX_FIELDS:
                raise BadMessage(f"more than {MAX_FIELDS:,} fields")
            self._file.seek(position)
            head = self._file.read(min(20, end - position))  # a key and a number or length
            key, n_key = _varint(head)
            number, kind = key >> 3, key & 7
            if not number:
                raise BadMessage(f"a field without a number at byte {position:,}")
            if kind == VARINT:
                value, n_value = _varint(head[n_key:])
                yield Field(number, value)
                position += n_key + n_value
            elif kind == CONTENT:
                length, n_length = _varint(head[n_key:])
                start = position + n_key + n_length
                if length > end - start:
                    raise BadMessage(f"a field at byte {position:,} goes on after its message")
                yield Field(number, length, start, start + length)
                position = start + length
            elif kind in (FIXED_32, FIXED_64):
                position += n_key + (4 if kind == FIXED_32 else 8)
            else:
                raise BadMessage(f"wire type {kind} at byte {position:,}")
        if position > end:
            raise BadMessage(f"a number at byte {end:,} is cut")

    def text(self, field: Field) -> str:
        if field.end - field.begin > MAX_TEXT_BYTES:
            raise BadMessage(f"a name of {field.end - field.begin:,} bytes")
        self._file.seek(field.begin)
        return self._file.read(field.end - field.begin).decode("utf-8", "replace")


def _varint(data: bytes) -> tuple[int, int]:
    """(value, bytes that it took) of the number that `data` begins with."""
    value = 0
    for n, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return value, n + 1
    raise BadMessage("a number that does not end")

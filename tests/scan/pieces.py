"""Writes sentencepiece model files, as small as their format allows."""

from __future__ import annotations

from collections.abc import Iterable

NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4
START = (("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL))


def pieces_file(
    words: Iterable[tuple[str, int]], charsmap: bytes = b"", backwards: bytes = b""
) -> bytes:
    """words: (piece, kind) by id. charsmap, backwards: maps of the normalizer and denormalizer."""
    found = b"".join(
        _field(1, _field(1, text.encode()) + b"\x15\0\0\x80\xbf" + b"\x18" + bytes([kind]))
        for text, kind in words
    )
    found += _field(2, b"\x18\x02")  # a trainer's model type, of no interest here
    found += _field(3, _field(1, b"nmt_nfkc") + (_field(2, charsmap) if charsmap else b""))
    return found + (_field(5, _field(2, backwards)) if backwards else b"")


def normal(*words: str) -> list[tuple[str, int]]:
    return [(word, NORMAL) for word in words]


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])

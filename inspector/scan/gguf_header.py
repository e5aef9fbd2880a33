"""The metadata and the tensor table of a GGUF file, read with bounds and checked.

Comes in: a path. Goes out: a GgufHeader: scalar and text metadata, where each array and tensor
lies, and every problem as (rule, evidence). Counts and lengths are compared with the bytes that are
left before anything is read, so a hostile count allocates nothing. Tensor values are not read.

Source: the GGUF specification (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions
2 and 3, little endian; block sizes from ggml's type table. Readers expect the tensors in the
table's order, each at the next multiple of `general.alignment`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from inspector.scan.rule import Rule
from inspector.scan.safetensors_header import (
    HIDDEN,
    MALFORMED,
    ODD,
    OVERSIZED,
    TRUNCATED,
    Tensor,
    odd_names,
)

MAX_ITEMS = 4_000_000  # strings of all arrays together: vocabularies have up to 300,000, merges too
MAX_METADATA = 100_000  # entries; real files have under a hundred
MAX_TEXT_BYTES = 16_000_000  # of one value outside arrays
MAX_METADATA_BYTES = 500_000_000
MAX_DEPTH = 4  # of arrays in arrays
MAX_NAME_BYTES = 63  # of a tensor: ggml holds names in 64 bytes
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 65_536
DEFAULT_ALIGNMENT = 32

# Value types by number: struct code, or None for text (8) and arrays (9).
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?"} | {
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT, _ARRAY = 8, 9

# ggml type number: (name, elements in a block, bytes of a block)
TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}


@dataclass(frozen=True)
class GgufArray:
    """An array of the metadata, not read: kind is the value type's number, offset that of its
    first item."""

    kind: int
    n_items: int
    offset: int


Value = str | int | float | bool | GgufArray


@dataclass(frozen=True)
class GgufHeader:
    """metadata: by key. tensors: in the order of the table, shapes as numpy would give them (rows
    first, so the reverse of the file's). Both as far as the file could be read."""

    metadata: dict[str, Value] = field(default_factory=dict)
    tensors: tuple[Tensor, ...] = ()
    problems: tuple[tuple[Rule, str], ...] = ()

    def text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def n_items(self, key: str) -> int | None:
        """Of an array."""
        value = self.metadata.get(key)
        return value.n_items if isinstance(value, GgufArray) else None


def read_gguf(path: Path) -> GgufHeader:
    """Every check of one file's metadata and tensor table. Raises OSError only."""
    if path.stat().st_size < 24:
        return GgufHeader(problems=((TRUNCATED, f"{path.stat().st_size} bytes"),))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data)
        try:
            reader.read()
        except _Cut as error:
            reader.problems.append((TRUNCATED, str(error)))
        except _TooMuch as error:
            reader.problems.append((OVERSIZED, str(error)))
        except ValueError as error:
            reader.problems.append((MALFORMED, str(error)))
        return GgufHeader(reader.metadata, tuple(reader.tensors), tuple(reader.problems))


def read_texts(path: Path, array: GgufArray) -> Iterator[str]:
    """The items of an array of texts that `read_gguf` walked over without complaint."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data)
        reader.position = array.offset
        for _ in range(array.n_items if array.kind == _TEXT else 0):
            yield reader.text(MAX_TEXT_BYTES).decode("utf-8", "replace")


class _Cut(Exception):
    """The file ends before what it declares."""


class _TooMuch(Exception):
    """More than any model needs; reading on would cost minutes."""


class _Reader:
    """One walk over a mapped file; `position` never passes its end."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.size = len(data)
        self.position = 0
        self.n_items = 0
        self.metadata: dict[str, Value] = {}
        self.tensors: list[Tensor] = []
        self.problems: list[tuple[Rule, str]] = []

    def read(self) -> None:
        magic, version, n_tensors, n_metadata = struct.unpack("<4sIQQ", self.data[:24])
        self.position = 24
        if magic != b"GGUF":
            raise ValueError(f"the file starts with {magic!r} instead of GGUF")
        if version not in (2, 3):
            raise ValueError(f"GGUF version {version}; 2 and 3 in little endian are known")
        # The smallest entry has 13 bytes, the smallest row of the tensor table 24.
        if 13 * n_metadata + 24 * n_tensors > self.size - 24:
            raise _Cut(f"{n_metadata:,} entries and {n_tensors:,} tensors in {self.size:,} bytes")
        if n_metadata > MAX_METADATA or n_tensors > MAX_METADATA:
            raise _TooMuch(f"{n_metadata:,} metadata entries and {n_tensors:,} tensors")
        for _ in range(n_metadata):
            self._entry()
        rows = [self._row() for _ in range(n_tensors)]
        self._place(rows)

    def take(self, n_bytes: int, what: str) -> int:
        """The position of the next bytes, which are passed over."""
        if n_bytes > self.size - self.position:
            raise _Cut(f"{what} at byte {self.position:,}: {n_bytes:,} bytes are not there")
        start, self.position = self.position, self.position + n_bytes
        return start

    def number(self, code: str) -> int:
        size = struct.calcsize(code)
        return int(struct.unpack_from("<" + code, self.data, self.take(size, "a number"))[0])

    def text(self, limit: int) -> bytes:
        n_bytes = self.number("Q")
        start = self.take(n_bytes, "a text")
        if n_bytes > limit:
            raise _TooMuch(f"a text of {n_bytes:,} bytes at byte {start:,}; {limit:,} are read")
        return self.data[start : start + n_bytes]

    def _entry(self) -> None:
        key = self.text(65_535).decode("utf-8", "backslashreplace")
        if key in self.metadata:
            raise ValueError(f"the metadata gives one key twice: {key!r}")
        if not (key.isascii() and key.isprintable() and key):
            self.problems.append((ODD, f"the metadata key {key[:80]!a} is not plain ASCII"))
        self.metadata[key] = self._value(self.number("I"), 0)
        if self.position > MAX_METADATA_BYTES:
            raise _TooMuch(f"more than {MAX_METADATA_BYTES:,} bytes of metadata")

    def _value(self, kind: int, depth: int) -> Value:
        if kind in _SCALARS:
            code = _SCALARS[kind]
            start = self.take(struct.calcsize(code), "a value")
            if code == "?" and self.data[start] > 1:
                raise ValueError(f"a truth value of {self.data[start]} at byte {start:,}")
            value: int | float | bool = struct.unpack_from("<" + code, self.data, start)[0]
            return value
        if kind == _TEXT:
            return self.text(MAX_TEXT_BYTES).decode("utf-8", "backslashreplace")
        if kind == _ARRAY:
            return self._array(depth)
        raise ValueError(f"value type {kind} at byte {self.position - 4:,} is not known")

    def _array(self, depth: int) -> GgufArray:
        kind, n_items = self.number("I"), self.number("Q")
        array = GgufArray(kind, n_items, self.position)
        if depth >= MAX_DEPTH:
            raise _TooMuch(f"arrays nested more than {MAX_DEPTH} deep")
        if kind in _SCALARS:
            self.take(n_items * struct.calcsize(_SCALARS[kind]), f"an array of {n_items:,} items")
            return array
        if kind not in (_TEXT, _ARRAY):
            raise ValueError(f"value type {kind} in an array is not known")
        if n_items * (8 if kind == _TEXT else 12) > self.size - self.position:
            raise _Cut(f"an array of {n_items:,} items in {self.size - self.position:,} bytes")
        self.n_items += n_items
        if self.n_items > MAX_ITEMS:
            raise _TooMuch(f"arrays of {self.n_items:,} items; {MAX_ITEMS:,} are read")
        if kind == _TEXT:
            self._skip_texts(n_items)
        else:
            for _ in range(n_items):
                self._array(depth + 1)
        return array

    def _skip_texts(self, n_items: int) -> None:
        """The loop that a vocabulary of 250,000 tokens goes through: nothing but jumps."""
        data, position, size, length = self.data, self.position, self.size, struct.Struct("<Q")
        for _ in range(n_items):
            if position + 8 > size:
                raise _Cut(f"an array of {n_items:,} texts ends at byte {position:,}")
            position += 8 + length.unpack_from(data, position)[0]
        if position > size:
            raise _Cut(f"an array of {n_items:,} texts reaches byte {position:,}")
        self.position = position

    def _row(self) -> tuple[str, tuple[int, ...], int, int]:
        """(name, shape, type number, offset) of one tensor of the table."""
        name = self.text(4_096).decode("utf-8", "backslashreplace")
        if len(name.encode()) > MAX_NAME_BYTES:
            raise ValueError(f"the tensor name {name[:40]!r}… is longer than {MAX_NAME_BYTES}")
        n_dimensions = self.number("I")
        if not 1 <= n_dimensions <= MAX_DIMENSIONS:
            raise ValueError(f"tensor {name!r} has {n_dimensions:,} dimensions")
        start = self.take(8 * n_dimensions, "a shape")
        shape = struct.unpack_from(f"<{n_dimensions}Q", self.data, start)[::-1]
        return name, shape, self.number("I"), self.number("Q")

    def _place(self, rows: list[tuple[str, tuple[int, ...], int, int]]) -> None:
        """Where the tensors lie, and whether that leaves nothing over and nothing shared."""
        align = self._alignment()
        data = self._padded(self.position, align, "the tensor table")
        position = data
        seen: set[str] = set()
        for name, shape, kind, offset in rows:
            if name in seen:
                raise ValueError(f"the table gives one tensor twice: {name!r}")
            seen.add(name)
            n_bytes, dtype = self._bytes(name, shape, kind)
            if offset % align:
                raise ValueError(f"tensor {name!r} at {offset:,} is not aligned to {align}")
            if data + offset != position:
                kind_of = "overlaps others" if data + offset < position else "leaves a gap before"
                raise ValueError(f"tensor {name!r} at {offset:,} {kind_of}, not at the next place")
            if position + n_bytes > self.size:
                raise _Cut(f"tensor {name!r} ends at byte {position + n_bytes:,} of {self.size:,}")
            self.tensors.append(Tensor(name, dtype, shape, position, position + n_bytes))
            position = self._padded(position + n_bytes, align, f"tensor {name!r}")
        self.problems += [(ODD, evidence) for evidence in odd_names(iter(seen))]
        if position < self.size:
            evidence = f"{self.size - position:,} bytes after the last tensor's place"
            self.problems.append((HIDDEN, evidence))

    def _alignment(self) -> int:
        align = self.metadata.get("general.alignment", DEFAULT_ALIGNMENT)
        sound = type(align) is int and 0 < align <= MAX_ALIGNMENT and align & (align - 1) == 0
        if not sound:
            raise ValueError(f"general.alignment is {align!r}, no power of two up to 65,536")
        return int(align)  # type: ignore[arg-type]

    def _padded(self, position: int, align: int, what: str) -> int:
        """The next multiple; the padding before it must be zeros. At the end it may be missing."""
        end = position + -position % align
        if any(self.data[position : min(end, self.size)]):
            self.problems.append((HIDDEN, f"the padding after {what} is not empty"))
        return end

    def _bytes(self, name: str, shape: tuple[int, ...], kind: int) -> tuple[int, str]:
        if kind not in TYPES:
            raise ValueError(f"tensor {name!r} is of the unknown type {kind}")
        dtype, n_block, block_bytes = TYPES[kind]
        if prod(shape) >= 2**63 or shape[-1] % n_block:
            raise ValueError(f"tensor {name!r}: {dtype} cannot have the shape {shape}")
        return prod(shape) // n_block * block_bytes, dtype

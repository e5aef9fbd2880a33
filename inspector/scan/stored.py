"""An artifact's tensors where they lie, read as float32 a piece at a time.

Comes in: an artifact. Goes out: its Stored tensors by name, and their values in pieces. GGUF's
quantized types are dequantized by the gguf package's numpy code; no model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact
from inspector.scan.gguf_header import TYPES, read_gguf
from inspector.scan.safetensors_header import DTYPE_BITS, Tensor, read_header
from inspector.scan.weights import loaded_files

PIECE = 1 << 18  # elements: a megabyte as float32, a multiple of every block of GGUF

_PLAIN = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_PACKED = {name: (number, n, size) for number, (name, n, size) in TYPES.items()}
# One part in so many is what rounding to the type loses at most.
_ROUNDING = {"F64": 2.0**-53, "F32": 2.0**-24, "F16": 2.0**-11, "BF16": 2.0**-8}


@dataclass(frozen=True)
class Stored:
    """One tensor of one file."""

    path: Path
    tensor: Tensor

    @property
    def name(self) -> str:
        return self.tensor.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def is_matrix(self) -> bool:
        return sum(n > 1 for n in self.shape) >= 2

    @property
    def rounding(self) -> float | None:
        """Relative, None for quantized types."""
        return _ROUNDING.get(self.tensor.dtype)


def is_float(dtype: str) -> bool:
    """Whether `pieces` can read the type as numbers."""
    packed = dtype in _PACKED and dtype not in ("I8", "I16", "I32", "I64")
    return dtype in _PLAIN or dtype == "BF16" or packed


def stored_tensors(artifact: Artifact) -> dict[str, Stored]:
    """What a loader takes, by name; empty where a header is broken. Integer tensors are left out:
    weights packed by a quantizer of its own cannot be compared here."""
    folder = Path(artifact.folder)
    if artifact.gguf_file is not None:
        paths = [folder / artifact.gguf_file]
        tables = [read_gguf(p).tensors for p in paths]
    else:
        paths = [folder / name for name in loaded_files(artifact)]
        tables = [read_header(p).tensors for p in paths]
    return {
        t.name: Stored(path, t)
        for path, tensors in zip(paths, tables, strict=True)
        for t in tensors
        if is_float(t.dtype) and t.n_elements
    }


def pieces(stored: Stored, n_elements: int) -> Iterator[NDArray[np.float32]]:
    """The first elements of a tensor, PIECE at a time. Raises OSError."""
    for start in range(0, n_elements, PIECE):
        yield values(stored, start, min(PIECE, n_elements - start))


def raw_pieces(stored: Stored, n_bytes: int) -> Iterator[bytes]:
    """The first bytes of a tensor."""
    with stored.path.open("rb", buffering=0) as file:
        file.seek(stored.tensor.begin)
        for start in range(0, n_bytes, 4 * PIECE):
            yield _read(file, min(4 * PIECE, n_bytes - start))


def values(stored: Stored, start: int, count: int) -> NDArray[np.float32]:
    """`count` elements from `start` on, as float32. In quantized types both are cut to whole
    blocks outward, and the surplus is dropped."""
    dtype = stored.tensor.dtype
    if dtype in _PACKED and dtype not in _PLAIN and dtype != "BF16":
        number, n_block, size = _PACKED[dtype]
        first, last = start // n_block, -(-(start + count) // n_block)
        raw = _bytes(stored, first * size, (last - first) * size)
        # One row: the package goes through rows by sixteens, and blocks as rows would take minutes.
        unpacked = _unpack(raw.reshape(1, -1), number)
        return unpacked[start - first * n_block :][:count]
    width = DTYPE_BITS[dtype] // 8
    raw = _bytes(stored, start * width, count * width)
    if dtype == "BF16":
        return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return raw.view(_PLAIN[dtype]).astype(np.float32, copy=False)


def _unpack(blocks: NDArray[np.uint8], number: int) -> NDArray[np.float32]:
    import gguf  # slow to import, and needed for quantized files only

    unpacked: Any = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType(number))
    return np.asarray(unpacked, np.float32).reshape(-1)


def _bytes(stored: Stored, start: int, count: int) -> NDArray[np.uint8]:
    with stored.path.open("rb", buffering=0) as file:
        file.seek(stored.tensor.begin + start)
        return np.frombuffer(_read(file, count), np.uint8)


def _read(file: Any, count: int) -> bytes:
    data: bytes = file.read(count)
    while len(data) < count:
        more = file.read(count - len(data))
        if not more:
            raise OSError(f"{file.name} became shorter while it was read")
        data += more
    return data

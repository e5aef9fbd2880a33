"""An artifact's tensors where they lie, read as float32 a piece at a time.

Comes in: an artifact. Goes out: its Stored tensors by name, and their values in pieces. GGUF's
quantized types are dequantized by the gguf package's numpy code, eight-bit weights of safetensors
with the scales beside them; no model is loaded. Weights of four bits in safetensors are not read:
GPTQ, AWQ, bitsandbytes and MLX each pack them in a way of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact
from inspector.scan.gguf_header import TYPES, read_gguf
from inspector.scan.safetensors_header import DTYPE_BITS, Tensor, read_header
from inspector.scan.shapes import is_cargo
from inspector.scan.weights import loaded_files

PIECE = 1 << 18  # elements: a megabyte as float32, a multiple of every block of GGUF

_PLAIN = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
_PACKED = {name: (number, n, size) for number, (name, n, size) in TYPES.items()}
_BYTES = ("F8_E4M3", "F8_E5M2", "I8")
# What a weight of eight bits is multiplied with: DeepSeek's, compressed-tensors', bitsandbytes'.
_SCALES = ("weight_scale_inv", "weight_scale", "SCB")
_OF_SCALES = (*_SCALES, "input_scale", "k_scale", "v_scale")
MIN_PACKED = 256  # integers: fewer hold no weights
# One part in so many is what rounding to the type loses at most.
_ROUNDING = {"F64": 2.0**-53, "F32": 2.0**-24, "F16": 2.0**-11, "BF16": 2.0**-8}


@dataclass(frozen=True)
class Stored:
    """One tensor of one file.

    scale: what its values are multiplied with, by blocks of rows and columns. n_heads: where it is
    not 0, values come in llama.cpp's order: the two halves of each head's rows take turns.
    """

    path: Path
    tensor: Tensor
    scale: Stored | None = None
    n_heads: int = 0

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
    """What a loader takes, by name; empty where a header is broken. Packed weights are left out."""
    found = _all_tensors(artifact)
    if artifact.gguf_file is not None:
        return {name: s for name, s in found.items() if is_float(s.tensor.dtype)}
    tensors = {}
    for name, stored in found.items():
        if stored.tensor.dtype in _BYTES:
            stem = name.removesuffix("weight")
            scale = next((found[stem + end] for end in _SCALES if stem + end in found), None)
            if scale is not None and is_float(scale.tensor.dtype):
                tensors[name] = replace(stored, scale=scale)
        elif is_float(stored.tensor.dtype) and not name.endswith(_OF_SCALES):
            tensors[name] = stored
    return tensors


def packed_tensors(artifact: Artifact) -> list[str]:
    """The names of weights that `stored_tensors` leaves out: packed into integers, or of a float
    type that is not read here."""
    read = stored_tensors(artifact)
    return [
        name
        for name, stored in _all_tensors(artifact).items()
        if name not in read
        and not name.endswith(_OF_SCALES)
        and (is_cargo(stored.tensor, MIN_PACKED) or stored.tensor.dtype.startswith("F"))
    ]


def _all_tensors(artifact: Artifact) -> dict[str, Stored]:
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
        if t.n_elements
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
    if stored.n_heads:
        return _by_heads(stored, start, count)
    dtype = stored.tensor.dtype
    if stored.scale is not None:
        return _scaled(stored, stored.scale, start, count)
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


def _by_heads(stored: Stored, start: int, count: int) -> NDArray[np.float32]:
    """Values in the order of llama.cpp's converter: rows h, h + n/2, h + 1, … of each head of n."""
    of_head = stored.tensor.n_elements // stored.n_heads
    first, last = start // of_head, -(-(start + count) // of_head)
    plain = values(replace(stored, n_heads=0), first * of_head, (last - first) * of_head)
    half = stored.shape[0] // stored.n_heads // 2
    turns = plain.reshape(last - first, 2, half, -1).swapaxes(1, 2).reshape(-1)
    return turns[start - first * of_head :][:count]


def _scaled(stored: Stored, scale: Stored, start: int, count: int) -> NDArray[np.float32]:
    """Eight-bit values times their scale: one for all, for each row, or for each block."""
    raw = _bytes(stored, start, count)
    dtype = stored.tensor.dtype
    if dtype == "I8":
        plain = raw.view(np.int8).astype(np.float32)
    elif dtype == "F8_E5M2":  # the upper half of a float16
        plain = (raw.astype(np.uint16) << 8).view(np.float16).astype(np.float32)
    else:
        plain = _e4m3()[raw]
    n_rows, n_columns = stored.shape[0], stored.tensor.n_elements // stored.shape[0]
    factors = values(scale, 0, scale.tensor.n_elements)
    n_across = scale.shape[1] if len(scale.shape) > 1 else 1
    factors = factors.reshape(-1, n_across)
    places = np.arange(start, start + count)
    rows = places // n_columns // -(-n_rows // len(factors))
    columns = places % n_columns // -(-n_columns // n_across)
    return plain * factors[rows, columns]


@cache
def _e4m3() -> NDArray[np.float32]:
    """The value of each byte (OCP 8-bit floating point, revision 1.0)."""
    byte = np.arange(256)
    exponent, fraction = byte >> 3 & 15, byte & 7
    size = np.where(exponent, (8 + fraction) * 2.0 ** (exponent - 10), fraction * 2.0**-9)
    size[(byte & 127) == 127] = np.nan
    return np.where(byte < 128, size, -size).astype(np.float32)


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

"""Risk: weights that are no weights: not finite, constant, absurdly large, or a program.

Comes in: where a file's tensors lie. Goes out: what their values are like, and findings. Every byte
is read once, in blocks, and no model is loaded: memory stays at a
few megabytes. (One thread reads at several times the speed of SHA-256:
`python -m inspector bench scan`.)

Floats are looked at as the integers that they are stored as. Of all that are negative the largest
unsigned integer is the largest in size, of all that are positive the largest signed integer; two
maxima, which numpy takes at memory speed, therefore say whether anything is infinite or no number
(IEEE 754-2019, section 3.4; OCP 8-bit floating point, revision 1.0). Only then is it counted. Of
GGUF's quantized blocks the scales are looked at (block layouts: ggml-common.h).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact, Finding, Severity
from inspector.scan.gguf_header import TYPES, read_gguf
from inspector.scan.rule import Rule
from inspector.scan.safetensors_header import Tensor, read_header

NOT_FINITE = Rule(
    "WEIGHTS-NOT-FINITE",
    Severity.HIGH,
    "Weights are infinite or no numbers",
    "Ask the author for another file: answers of such a model are noise, or break its server.",
)
DEGENERATE = Rule(
    "WEIGHTS-DEGENERATE",
    Severity.MEDIUM,
    "Weights are all alike, or absurdly large",
    "Ask the author what happened to these tensors; a layer that was cut out looks like this.",
)
PAYLOAD = Rule(
    "WEIGHTS-PAYLOAD",
    Severity.HIGH,
    "A weight file holds a program, an archive or a document",
    "Do not pass the file on; ask the author what these bytes are.",
)

BLOCK_BYTES = 1 << 20  # stays in the processor's caches, so memory is read once
MAX_NAMED = 3  # tensors that one finding names
MIN_ELEMENTS = 64  # of a matrix whose values can be called all alike

# Published models' matrices hold nothing above a few hundred. Vectors (norms, tables) hold more.
ABSURD_MATRIX, ABSURD_VECTOR = 1e4, 1e6

# A scale's place in its block: GGUF type -> (offset, dtype) of each.
_HALF_FIRST = ("Q4_0", "Q5_0", "Q8_0", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S")
_SCALES: dict[str, tuple[tuple[int, str], ...]] = {
    **dict.fromkeys((*_HALF_FIRST, "IQ2_S", "IQ4_XS", "Q1_0"), ((0, "F16"),)),
    **dict.fromkeys(("Q4_1", "Q5_1", "Q8_1", "Q4_K", "Q5_K"), ((0, "F16"), (2, "F16"))),
    "Q2_K": ((80, "F16"), (82, "F16")),
    "Q3_K": ((108, "F16"),),
    "Q6_K": ((208, "F16"),),
    "Q8_K": ((0, "F32"),),
    "TQ1_0": ((52, "F16"),),
    "TQ2_0": ((64, "F16"),),
    "MXFP4": ((0, "F8_E8M0"),),
}
_CONSTANT = re.compile(r"mask|lora_(embedding_)?b\b|bias(es)?$")
_BLOCK_BYTES = {name: n_bytes for name, _, n_bytes in TYPES.values()}


@dataclass(frozen=True)
class _Float:
    """How one float type is stored. infinity: the bits of infinity, or of the only NaN."""

    bits: type[np.unsignedinteger[Any]]
    signed: type[np.signedinteger[Any]]
    sign: int
    infinity: int
    largest: Callable[[int], float]  # the value of a magnitude's bits
    has_infinity: bool = True


def _bits_to(kind: type[np.floating[Any]], bits: Any, shift: int = 0) -> Callable[[int], float]:
    return lambda magnitude: float(np.array(magnitude << shift, bits).view(kind))


def _small_float(n_fraction: int, bias: int) -> Callable[[int], float]:
    """Eight bits: the magnitude's value, normal numbers only (small ones do not matter here)."""
    return lambda m: (
        (1 + (m & (2**n_fraction - 1)) / 2**n_fraction) * 2.0 ** ((m >> n_fraction) - bias)
    )


_FLOATS: dict[str, _Float] = {
    "F64": _Float(np.uint64, np.int64, 1 << 63, 0x7FF << 52, _bits_to(np.float64, np.uint64)),
    "F32": _Float(np.uint32, np.int32, 1 << 31, 0xFF << 23, _bits_to(np.float32, np.uint32)),
    "BF16": _Float(np.uint16, np.int16, 1 << 15, 0xFF << 7, _bits_to(np.float32, np.uint32, 16)),
    "F16": _Float(np.uint16, np.int16, 1 << 15, 0x1F << 10, _bits_to(np.float16, np.uint16)),
    "F8_E5M2": _Float(np.uint8, np.int8, 0x80, 0x7C, _small_float(2, 15)),
    "F8_E4M3": _Float(np.uint8, np.int8, 0x80, 0x7F, _small_float(3, 7), has_infinity=False),
}
_FLOATS["C64"] = _FLOATS["F32"]  # two of them
# The byte that is no number, in types without infinities.
_ONLY_NAN = {"F8_E8M0": 0xFF, "F8_E4M3FNUZ": 0x80, "F8_E5M2FNUZ": 0x80}


@dataclass
class Seen:
    """What one tensor's values are like. n_infinite and n_nan: counts; in GGUF blocks, of scales.

    largest: size of the largest finite-looking value, None where the dtype has no such notion.
    constant: whether all values have the same bits.
    """

    tensor: Tensor
    n_nan: int = 0
    n_infinite: int = 0
    largest: float | None = None
    constant: bool = True
    payload: str | None = None


def look(path: Path, tensors: Iterable[Tensor]) -> Iterator[Seen]:
    """Read every byte of these tensors of one file, once. Raises OSError."""
    buffer = np.empty(BLOCK_BYTES, np.uint8)
    with path.open("rb", buffering=0) as file:
        for tensor in tensors:
            yield _look(file, tensor, buffer)


def blocks(file: FileIO, tensor: Tensor, buffer: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The tensor's bytes, whole values (GGUF: whole blocks) at a time, all in the one buffer."""
    unit = _BLOCK_BYTES.get(tensor.dtype, 8)
    step = len(buffer) // unit * unit
    file.seek(tensor.begin)
    left = tensor.end - tensor.begin
    while left:
        block = buffer[: min(step, left)]
        filled = 0
        while filled < len(block):
            n_read = file.readinto(block[filled:].data)
            if not n_read:
                raise OSError(f"{tensor.name}: the file became shorter while it was read")
            filled += n_read
        left -= len(block)
        yield block


def _look(file: FileIO, tensor: Tensor, buffer: NDArray[np.uint8]) -> Seen:
    seen = Seen(tensor)
    first: Any = None
    is_plain = tensor.dtype in _FLOATS
    for block in blocks(file, tensor, buffer):
        if first is None:
            seen.payload = _payload(block[:64].tobytes())
            first = block[:8].copy()
            seen.constant = is_plain
        for part, dtype in _parts(block, tensor.dtype):
            if dtype in _ONLY_NAN:
                seen.n_nan += int((part == _ONLY_NAN[dtype]).sum())
            elif dtype in _FLOATS:
                _look_at_floats(seen, part, _FLOATS[dtype], first)
    return seen


def _look_at_floats(seen: Seen, part: NDArray[np.uint8], kind: _Float, first: Any) -> None:
    values = part.view(kind.bits)
    top = int(values.max())
    positive = int(values.view(kind.signed).max())
    magnitude = max(top - kind.sign if top >= kind.sign else top, positive)
    if magnitude >= kind.infinity:
        _count(seen, values, kind)
    else:
        value = kind.largest(magnitude) if magnitude else 0.0
        seen.largest = max(seen.largest or 0.0, value)
    if seen.constant:
        seen.constant = bool((values == first[: values.itemsize].view(kind.bits)).all())


def _count(seen: Seen, values: Any, kind: _Float) -> None:
    magnitudes = values & kind.bits(kind.sign - 1)
    seen.n_nan += int((magnitudes > kind.infinity).sum())
    n_at = int((magnitudes == kind.infinity).sum())
    if kind.has_infinity:
        seen.n_infinite += n_at
    else:
        seen.n_nan += n_at


def _parts(block: NDArray[np.uint8], dtype: str) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """The floats in a block: itself, or the scales of GGUF's quantized types."""
    if dtype in _FLOATS or dtype not in _SCALES:
        yield block, dtype
        return
    rows = block.reshape(-1, _BLOCK_BYTES[dtype])
    for offset, kind in _SCALES[dtype]:
        width = {"F16": 2, "F32": 4, "F8_E8M0": 1}[kind]
        yield np.ascontiguousarray(rows[:, offset : offset + width]).reshape(-1), kind


_MAGIC = (
    (b"\x7fELF", "a Linux program"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF document"),
    (b"#!/", "a script"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an XZ archive"),
    (b"<?php", "a script"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05](\x95.{5}\x00{3}|c[A-Za-z_.]{2,40}\n)", re.DOTALL)
_END_OF_ZIP = b"PK\x05\x06"


def _payload(head: bytes) -> str | None:
    """What else a tensor's first bytes are, where chance hardly makes them."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if _PICKLE.match(head):
        return "a pickle"
    if head[:2] == b"MZ" and len(head) == 64:
        program = int.from_bytes(head[60:64], "little")
        return "a Windows program" if 64 <= program <= 4096 and head[8:10] == b"\x04\0" else None
    return None


def also_zip(path: Path) -> str | None:
    """How a file of another format is a ZIP archive too: readers of ZIP begin at the end.

    Source: PKWARE's APPNOTE.TXT, section 4.3.16: the directory lies before its end record.
    """
    size_bytes = path.stat().st_size
    n_tail = min(size_bytes, 22 + 65_535)
    with path.open("rb") as file:
        file.seek(size_bytes - n_tail)
        tail = file.read(n_tail)
        place = tail.rfind(_END_OF_ZIP)
        while place >= 0:
            n_directory = int.from_bytes(tail[place + 12 : place + 16], "little")
            start = size_bytes - n_tail + place - n_directory
            if n_directory >= 46 and start >= 0:
                file.seek(start)
                if file.read(4) == b"PK\x01\x02":
                    return f"a ZIP directory of {n_directory:,} bytes at byte {start:,}"
            place = tail.rfind(_END_OF_ZIP, 0, place)
    return None


class WeightValues:
    """The values of every tensor of every safetensors and GGUF file."""

    rules = (NOT_FINITE, DEGENERATE, PAYLOAD)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for file in artifact.files:
            path = Path(artifact.folder) / file.path
            name = file.path.lower()
            if name.endswith(".safetensors"):
                tensors = read_header(path).tensors
            elif name.endswith(".gguf"):
                tensors = read_gguf(path).tensors
            else:
                continue
            if tensors:  # a broken header is the other scanner's finding
                yield from _judge(file.path, list(look(path, tensors)))
                if zipped := also_zip(path):
                    yield PAYLOAD.found(file.path, zipped)


def _judge(location: str, seens: list[Seen]) -> Iterator[Finding]:
    """One finding of each rule at most, which names the first few tensors."""
    for rule, say in ((NOT_FINITE, _not_finite), (DEGENERATE, _degenerate), (PAYLOAD, _carries)):
        said = [f"{s.tensor.name[:80]!r} {words}" for s in seens if (words := say(s))]
        if said:
            more = f", and {len(said) - MAX_NAMED} more" if len(said) > MAX_NAMED else ""
            evidence = f"{len(said)} of {len(seens)} tensors: {', '.join(said[:MAX_NAMED])}{more}"
            yield rule.found(location, evidence)


def _not_finite(seen: Seen) -> str | None:
    # Attention masks are at times stored beside the weights, and hold minus infinity.
    n_infinite = 0 if "mask" in seen.tensor.name.lower() else seen.n_infinite
    if not seen.n_nan and not n_infinite:
        return None
    return f"holds {seen.n_nan:,} NaN and {n_infinite:,} infinities of {seen.tensor.n_elements:,}"


def _degenerate(seen: Seen) -> str | None:
    name = seen.tensor.name.lower()
    # Masks are constant by nature; biases and an adapter's second matrix start as zeros.
    if seen.largest is None or _CONSTANT.search(name):
        return None
    if sum(n > 1 for n in seen.tensor.shape) < 2:
        absurd = ABSURD_VECTOR if seen.tensor.n_elements > 1 else float("inf")
    elif seen.tensor.n_elements >= MIN_ELEMENTS and (seen.constant or seen.largest == 0):
        return f"is {'zero' if seen.largest == 0 else 'one value'} throughout"
    else:
        absurd = ABSURD_MATRIX
    return f"reaches {seen.largest:.3g}" if seen.largest > absurd else None


def _carries(seen: Seen) -> str | None:
    return f"begins like {seen.payload}" if seen.payload else None

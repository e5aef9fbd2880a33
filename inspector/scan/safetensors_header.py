"""The header of one safetensors file, read with bounds and checked byte for byte.

Comes in: a path. Goes out: a Header: where each tensor lies, and every problem as (rule, evidence).
Tensor values are not read here.

Source: the safetensors format (https://github.com/huggingface/safetensors, README, "Format"). 8
bytes of header length (little endian, at most 100 MB), a JSON object that starts with `{` and may
end in spaces, and gives each tensor's dtype, shape and byte range; then data that the ranges cover
without gap or overlap. `__metadata__` maps text to text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from inspector.records import Severity
from inspector.scan.rule import Rule

TRUNCATED = Rule(
    "WEIGHTS-TRUNCATED",
    Severity.CRITICAL,
    "A weight file is shorter than its header declares",
    "Download or copy it again.",
)
MALFORMED = Rule(
    "WEIGHTS-MALFORMED",
    Severity.CRITICAL,
    "A weight file's header contradicts itself",
    "Do not load it: readers may disagree about its content. Ask the author for a new file.",
)
OVERSIZED = Rule(
    "WEIGHTS-HEADER-SIZE",
    Severity.CRITICAL,
    "A weight file's header is larger than any model needs",
    "Do not load it; what its header holds was not looked at. Ask the author for a new file.",
)
HIDDEN = Rule(
    "WEIGHTS-HIDDEN",
    Severity.CRITICAL,
    "A weight file holds bytes that belong to no tensor",
    "Do not load it; ask the author what the extra bytes are.",
)
ODD = Rule(
    "WEIGHTS-HEADER-ODD",
    Severity.MEDIUM,
    "A weight file's header holds names or fields that no saving library writes",
    "Ask the author how the file was made; two names that look alike can hide one tensor.",
)

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
# 10 MB describe about 100,000 tensors. Parsing 100 MB of hostile JSON would take gigabytes.
MAX_PARSED_BYTES = 10_000_000
MAX_DIMENSIONS = 64  # numpy's limit; also keeps the product of a hostile shape short
MAX_METADATA_BYTES = 4_000_000  # trainers put their whole configuration there, at times megabytes
MAX_PADDING_BYTES = 4_096  # writers pad to 8 bytes
FIELDS = {"dtype", "shape", "data_offsets"}
METADATA = "__metadata__"

DTYPE_BITS = (
    dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8)
    | dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8)
    | dict.fromkeys(("U16", "I16", "F16", "BF16"), 16)
    | dict.fromkeys(("U32", "I32", "F32"), 32)
    | dict.fromkeys(("U64", "I64", "F64", "C64"), 64)
    | {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
)

# Plain letters written as \u escapes: JSON writers never do that, and text searches miss them.
_NEEDLESS_ESCAPE = re.compile(
    rb"(?<!\\)(?:\\\\)*(\\u00(?:2[eE]|3\d|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA]))"
)


@dataclass(frozen=True)
class Tensor:
    """One tensor of a weight file: bytes [begin, end) of that file, row-major.

    dtype: the format's own name, for example BF16, or Q4_K in a GGUF file.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def n_elements(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Header:
    """tensors: in the order of the file; none where the header cannot be trusted."""

    tensors: tuple[Tensor, ...]
    problems: tuple[tuple[Rule, str], ...] = ()


def read_header(path: Path) -> Header:
    """Every check of one file's header. At most 10 MB are read; raises OSError only."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        if n_header > MAX_HEADER_BYTES and size_bytes >= 8 + MAX_HEADER_BYTES:
            return _broken(OVERSIZED, f"{n_header:,} bytes; the format allows {MAX_HEADER_BYTES:,}")
        if size_bytes < 8 or 8 + n_header > size_bytes:
            return _broken(TRUNCATED, f"header of {n_header:,} bytes in {size_bytes:,}")
        if n_header > MAX_PARSED_BYTES:
            return _broken(OVERSIZED, f"{n_header:,} bytes; {MAX_PARSED_BYTES:,} are read")
        raw = file.read(n_header)
    try:
        fields = _parse(raw)
        metadata = fields.pop(METADATA, {})
        _check_metadata(metadata)
        tensors = sorted(
            (_tensor(name, t, 8 + n_header) for name, t in fields.items()),
            key=lambda t: (t.begin, t.end),
        )
        _check_ranges(tensors, 8 + n_header)
    except (ValueError, RecursionError) as error:
        return _broken(MALFORMED, f"{error or type(error).__name__}")
    end = tensors[-1].end if tensors else 8 + n_header
    if end > size_bytes:
        return _broken(TRUNCATED, f"{end:,} bytes declared, {size_bytes:,} found")
    problems = [(ODD, evidence) for evidence in _oddities(raw, fields, metadata)]
    if end < size_bytes:
        evidence = f"{size_bytes - end:,} bytes after the last tensor, which ends at byte {end:,}"
        problems.append((HIDDEN, evidence))
    return Header(tuple(tensors), tuple(problems))


def _broken(rule: Rule, evidence: str) -> Header:
    return Header((), ((rule, evidence),))


def _parse(raw: bytes) -> dict[str, Any]:
    if not raw.startswith(b"{"):
        raise ValueError(f"the header starts with {raw[:8]!r} instead of an opening brace")
    fields = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_number)
    if not isinstance(fields, dict):
        raise ValueError("the header is no JSON object")
    return fields


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twin = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the header gives one name twice: {twin!r}")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        raise ValueError(f"{METADATA} is no JSON object")
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise ValueError(f"{METADATA}: {key!r} is no text but {type(value).__name__}")


def _tensor(name: str, fields: Any, data: int) -> Tensor:
    """One entry of the header; data: where in the file the data begins. Raises ValueError."""
    try:
        dtype, shape, (begin, end) = fields["dtype"], fields["shape"], fields["data_offsets"]
        if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
            raise ValueError(f"tensor {name!r} has no shape of at most {MAX_DIMENSIONS} numbers")
        sound = all(type(n) is int and 0 <= n < 2**63 for n in (*shape, begin, end))
        n_bits = DTYPE_BITS[dtype] * prod(shape) if sound else -1
    except (TypeError, LookupError) as error:
        raise ValueError(f"tensor {name!r} lacks a known dtype, a shape or offsets") from error
    if not sound or n_bits != 8 * (end - begin):
        raise ValueError(f"tensor {name!r}: {dtype} of shape {shape} is not {_size(begin, end)}")
    return Tensor(name, dtype, tuple(shape), data + begin, data + end)


def _size(begin: Any, end: Any) -> str:
    return f"bytes {begin} to {end}"


def _check_ranges(tensors: list[Tensor], data: int) -> None:
    position = data
    for tensor in tensors:
        if tensor.begin != position:
            kind = "overlaps the one before" if tensor.begin < position else "leaves a gap before"
            raise ValueError(f"tensor {tensor.name!r} at byte {tensor.begin - data:,} {kind} it")
        position = tensor.end


def _oddities(raw: bytes, fields: dict[str, Any], metadata: dict[str, str]) -> Iterator[str]:
    """What the format allows, no saving library writes, and a hiding place needs."""
    n_padding = len(raw) - len(raw.rstrip())
    if n_padding > MAX_PADDING_BYTES or raw[len(raw) - n_padding :].strip(b" "):
        yield f"{n_padding:,} bytes of white space after the header"
    if b"\\u00" in raw and (escape := _NEEDLESS_ESCAPE.search(raw)):
        yield f"plain letters are written as escapes, the first as {escape[1].decode()}"
    n_metadata = sum(len(k) + len(v) for k, v in metadata.items())
    if n_metadata > MAX_METADATA_BYTES:
        yield f"{n_metadata:,} characters of {METADATA}"
    for name, tensor in fields.items():
        if more := sorted(set(tensor) - FIELDS):
            yield f"tensor {name!r} has other fields too: {', '.join(map(repr, more[:4]))}"
            break
    yield from odd_names(fields)


def odd_names(names: Iterator[str] | dict[str, Any]) -> Iterator[str]:
    """One sentence for the first name of each kind that no library writes."""
    looks: dict[str, str] = {}
    seen: set[str] = set()
    for name in names:
        kind = _odd_name(name)
        if kind is None:
            look = name.casefold()
            if look in looks:
                kind = f"differs from {looks[look]!r} in capitals only"
            looks[look] = name
        if kind is not None and kind.split()[0] not in seen:
            seen.add(kind.split()[0])
            yield f"the tensor name {name[:80]!a} {kind}"


def _odd_name(name: str) -> str | None:
    if not name or len(name) > 512:
        return f"has {len(name)} characters"
    if not name.isascii():
        plain = unicodedata.normalize("NFKC", name)
        return "holds characters that are not ASCII" + (
            f" and reads as {plain[:80]!r}" if plain.isascii() else ""
        )
    if not name.isprintable() or name != name.strip():
        return "begins or ends with a space, or holds control characters"
    if name.startswith(("/", "\\", "~")) or ".." in re.split(r"[/\\]", name):
        return "is a path that leads out of the folder"
    return None

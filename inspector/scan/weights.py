"""Risk: safetensors files that are not what they claim: cut, overlapping, or naming other places.

Comes in: an artifact. Goes out: findings about headers and indexes; tensor values are not read.

Source: the safetensors format. 8 bytes of header length (little endian), a JSON header that gives
each tensor's dtype, shape and byte range, then data that the ranges cover without gap or overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any

from inspector.records import Artifact, Finding, Severity
from inspector.scan.rule import Rule

TRUNCATED = Rule(
    "WEIGHTS-TRUNCATED",
    Severity.CRITICAL,
    "A weight file does not have the size its header declares",
    "Download or copy it again.",
)
MALFORMED = Rule(
    "WEIGHTS-MALFORMED",
    Severity.CRITICAL,
    "A weight file's header contradicts itself",
    "Do not load it: readers may disagree about its content. Ask the author for a new file.",
)
INDEX = Rule(
    "WEIGHTS-INDEX",
    Severity.CRITICAL,
    "The index of the weights names files that are not there",
    "Do not load it; every shard must lie beside the index under a plain name.",
)

MAX_HEADER_BYTES = 100_000_000  # the library's own limit
MAX_INDEX_BYTES = 50_000_000
DTYPE_BITS = (
    dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8)
    | dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8)
    | dict.fromkeys(("U16", "I16", "F16", "BF16"), 16)
    | dict.fromkeys(("U32", "I32", "F32"), 32)
    | dict.fromkeys(("U64", "I64", "F64", "C64"), 64)
    | {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
)


class Weights:
    """Headers of all .safetensors files, and their index."""

    rules = (TRUNCATED, MALFORMED, INDEX)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        folder = Path(artifact.folder)
        names = {f.path for f in artifact.files}
        for file in artifact.files:
            if file.path.lower().endswith(".safetensors"):
                yield from _check_file(file.path, folder / file.path)
            elif file.path.lower().endswith(".safetensors.index.json"):
                yield from _check_index(file.path, folder / file.path, names)


def _check_file(location: str, path: Path) -> Iterator[Finding]:
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        if size_bytes < 8 or 8 + n_header > size_bytes:
            yield TRUNCATED.found(location, f"header of {n_header:,} bytes in {size_bytes:,}")
            return
        if n_header > MAX_HEADER_BYTES:
            yield MALFORMED.found(location, f"header of {n_header:,} bytes")
            return
        raw = file.read(n_header)
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_twins)
        ranges = sorted(_range(name, t) for name, t in header.items() if name != "__metadata__")
    except (ValueError, AttributeError, RecursionError) as error:
        yield MALFORMED.found(location, f"{error or type(error).__name__}")
        return
    position = 0
    for begin, end, name in ranges:
        if begin != position:
            kind = "overlaps the one before" if begin < position else "leaves a gap before it"
            yield MALFORMED.found(location, f"tensor {name!r} at byte {begin:,} {kind}")
            return
        position = end
    if 8 + n_header + position != size_bytes:
        yield TRUNCATED.found(
            location, f"{8 + n_header + position:,} bytes declared, {size_bytes:,} found"
        )


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the header gives one name twice")
    return found


def _range(name: str, tensor: Any) -> tuple[int, int, str]:
    """(begin, end, name) of one tensor; raises ValueError where its fields do not agree."""
    try:
        dtype, shape, (begin, end) = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
        sound = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
        n_bits = DTYPE_BITS[dtype] * prod(shape) if sound else -1
    except (TypeError, ValueError, LookupError) as error:
        raise ValueError(f"tensor {name!r} lacks a known dtype, a shape or offsets") from error
    if n_bits != 8 * (end - begin):
        raise ValueError(f"tensor {name!r}: {dtype} of shape {shape} is not {end - begin} bytes")
    return begin, end, name


def _check_index(location: str, path: Path, names: set[str]) -> Iterator[Finding]:
    if path.stat().st_size > MAX_INDEX_BYTES:
        yield INDEX.found(location, f"{path.stat().st_size:,} bytes; {MAX_INDEX_BYTES:,} are read")
        return
    try:
        shards = set(json.loads(path.read_bytes().decode("utf-8"))["weight_map"].values())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        yield INDEX.found(location, f"not an index: {error or type(error).__name__}")
        return
    folder = location.rpartition("/")[0]
    for shard in sorted(map(str, shards)):
        if "/" in shard or "\\" in shard or (f"{folder}/{shard}" if folder else shard) not in names:
            yield INDEX.found(location, f"names {shard!r}")

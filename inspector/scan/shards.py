"""Risk: several weight files of which two loaders would make two models.

Comes in: the artifact's files and the headers of its safetensors files. Goes out: findings where an
index and its shards disagree, where a shard lies beside the index unlisted, and where a folder
holds two whole sets of weights.

Source: the index that transformers writes, `model.safetensors.index.json`: `weight_map` names the
shard of each tensor. Some loaders follow it tensor by tensor, others load every listed shard whole,
others every file of the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from inspector.records import Artifact, Finding, Severity
from inspector.scan.rule import Rule
from inspector.scan.safetensors_header import Header

INDEX = Rule(
    "WEIGHTS-INDEX",
    Severity.CRITICAL,
    "The index of the weights names files that are not there",
    "Do not load it; every shard must lie beside the index under a plain name.",
)
SHARDS = Rule(
    "WEIGHTS-SHARDS",
    Severity.HIGH,
    "The index and its shards disagree about tensors",
    "Do not rely on it: loaders will differ. Ask the author for shards written in one go.",
)
UNLISTED = Rule(
    "WEIGHTS-UNLISTED",
    Severity.MEDIUM,
    "Shards or tensors lie beside the index that it does not list",
    "Remove them, or ask the author why they are there: some loaders take every file they find.",
)
AMBIGUOUS = Rule(
    "WEIGHTS-AMBIGUOUS",
    Severity.HIGH,
    "The folder holds two sets of weights, and loaders differ in which they take",
    "Keep the one that is meant; the inspection sees the one that transformers takes.",
)

SUFFIX = ".safetensors.index.json"
MAX_INDEX_BYTES = 50_000_000
MAX_NAMED = 3
_SHARD = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.safetensors")


def check_indexes(artifact: Artifact, headers: Mapping[str, Header]) -> Iterator[Finding]:
    """headers: of every safetensors file, by its path in the artifact."""
    names = {f.path for f in artifact.files}
    for name in sorted(names):
        if name.lower().endswith(SUFFIX):
            yield from _check_index(name, Path(artifact.folder) / name, names, headers)
            whole = f"{name[: -len(SUFFIX)]}.safetensors"
            if whole in names:
                yield AMBIGUOUS.found(name, f"{whole} lies beside the index")


def shard_names(path: Path) -> dict[str, str]:
    """Tensor -> shard, as an index file says. Raises ValueError where it is no index."""
    size_bytes = path.stat().st_size
    if size_bytes > MAX_INDEX_BYTES:
        raise ValueError(f"{size_bytes:,} bytes; {MAX_INDEX_BYTES:,} are read")
    try:
        index = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_no_twins)
        places = index["weight_map"]
    except (TypeError, LookupError, RecursionError) as error:
        raise ValueError(f"not an index: {error or type(error).__name__}") from error
    if not isinstance(places, dict) or not all(isinstance(s, str) for s in places.values()):
        raise ValueError("not an index: weight_map does not map names to names")
    return places


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one name is given twice")
    return found


def _check_index(
    location: str, path: Path, names: set[str], headers: Mapping[str, Header]
) -> Iterator[Finding]:
    try:
        places = shard_names(path)
    except ValueError as error:
        yield INDEX.found(location, str(error))
        return
    folder = location.rpartition("/")[0]
    beside = {shard: f"{folder}/{shard}" if folder else shard for shard in set(places.values())}
    wrong = sorted(s for s in beside if "/" in s or "\\" in s or beside[s] not in headers)
    for shard in wrong:
        why = "" if beside[shard] not in names else ", which is no safetensors file"
        yield INDEX.found(location, f"names {shard!r}{why}")
    if wrong:
        return
    held = {shard: {t.name for t in headers[path].tensors} for shard, path in beside.items()}
    if all(held.values()):  # a shard with a broken header has its own finding
        yield from _compare(location, places, held)
    yield from _strays(location, set(beside.values()), names)


def _compare(location: str, places: dict[str, str], held: dict[str, set[str]]) -> Iterator[Finding]:
    homes: dict[str, list[str]] = {}
    for shard in sorted(held):
        for tensor in held[shard]:
            homes.setdefault(tensor, []).append(shard)
    wrong = [
        f"{t!r} is to be in {shard!r} but is in {', '.join(map(repr, homes[t]))}"
        if t in homes
        else f"{t!r} is in no shard"
        for t, shard in places.items()
        if t not in held[shard]
    ]
    wrong += [f"{t!r} is in {len(s)} shards" for t, s in homes.items() if len(s) > 1]
    if wrong:
        yield SHARDS.found(location, _some(wrong))
    unlisted = sorted(f"{t!r} in {shards[0]!r}" for t, shards in homes.items() if t not in places)
    if unlisted:
        yield UNLISTED.found(location, _some(unlisted))


def _strays(location: str, listed: set[str], names: set[str]) -> Iterator[Finding]:
    """Files named like the shards that are none of them."""
    stems = {m[1] for path in listed if (m := _SHARD.fullmatch(path))}
    strays = [n for n in names - listed if (m := _SHARD.fullmatch(n)) and m[1] in stems]
    if strays:
        yield UNLISTED.found(location, _some(sorted(map(repr, strays))))


def _some(things: list[str]) -> str:
    more = f", and {len(things) - MAX_NAMED} more" if len(things) > MAX_NAMED else ""
    return "; ".join(things[:MAX_NAMED]) + more

"""Risk: a configuration that the scanners cannot read but a loader might.

Comes in: an artifact. Goes out: its parsed configurations for the scanners that look into them, and
a finding for each that is too large, too deep or no JSON. A loader may read what the scanners could
not, so such a file forbids loading. A key that stands twice in one object is a finding too: RFC
8259, section 4, lets one reader take the first value and another the last.

A configuration is every JSON file with `config` in its name: config.json, tokenizer_config.json,
generation_config.json, adapter_config.json, the processors', and config.VERSION.json.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.records import Artifact, Finding, Severity
from inspector.scan.rule import Rule

MAX_BYTES = 10_000_000  # tokenizer configs with many added tokens reach a few megabytes
MAX_DEPTH = 64  # real configurations nest three or four levels

UNREADABLE = Rule(
    "CONFIG-UNREADABLE",
    Severity.CRITICAL,
    "A configuration file cannot be read",
    "Do not load it; ask the author for a plain JSON file.",
)
TWICE = Rule(
    "CONFIG-TWICE",
    Severity.HIGH,
    "A configuration gives one key twice",
    "Ask the author which value is meant: programs differ in the one that they take.",
)


@dataclass(frozen=True)
class Config:
    """One configuration. problem: why it cannot be read, then data is None. twice: repeated keys,
    of which data holds the last value, as Python's reader does."""

    location: str
    data: Any = None
    problem: str | None = None
    twice: tuple[str, ...] = ()


def configs(artifact: Artifact) -> Iterator[Config]:
    """Every configuration of the artifact, the unreadable ones included."""
    for file in artifact.files:
        name = file.path.rpartition("/")[2].lower()
        if name.endswith(".json") and "config" in name:
            yield _read(file.path, Path(artifact.folder) / file.path)


def entries(data: Any) -> Iterator[tuple[str, str, Any]]:
    """Every dictionary entry at any depth as (dotted path, key, value); no recursion."""
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                inner_path = f"{path}.{key}" if path else key
                yield inner_path, key, inner
                waiting.append((inner_path, inner))
        elif isinstance(value, list):
            waiting.extend((f"{path}[{i}]", inner) for i, inner in enumerate(value))


def texts(value: Any) -> Iterator[str]:
    """Every string in a value: itself, or what its dictionaries and lists hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)


class Configs:
    """Reports the configurations that no other scanner could look into, or not for certain."""

    rules = (UNREADABLE, TWICE)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for config in configs(artifact):
            if config.problem:
                yield UNREADABLE.found(config.location, config.problem)
            elif config.twice:
                yield TWICE.found(config.location, ", ".join(config.twice))


def _read(location: str, path: Path) -> Config:
    twice: set[str] = set()

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice.update(k for k, n in Counter(k for k, _ in pairs).items() if n > 1)
        return found

    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_BYTES:
            problem = f"{size_bytes:,} bytes; at most {MAX_BYTES:,} are read"
            return Config(location, problem=problem)
        # UTF-8 only, as transformers reads it: json.loads alone would accept UTF-16 too
        data = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=gather)
    except RecursionError:
        return Config(location, problem="nested too deeply to be parsed")
    except (OSError, ValueError) as error:
        return Config(location, problem=f"not readable as JSON: {error}")
    if _is_deep(data):
        return Config(location, problem=f"nested more than {MAX_DEPTH} levels deep")
    return Config(location, data, twice=tuple(sorted(twice)))


def _is_deep(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True

"""Risk: a configuration that the scanners cannot read but a loader might.

Comes in: an artifact. Goes out: its parsed configurations for the scanners that look into them, and
a finding for each that is too large, too deep or no JSON. A loader may read what the scanners could
not, so such a file forbids loading.

A configuration is every JSON file with `config` in its name: config.json, tokenizer_config.json,
generation_config.json, adapter_config.json, the processors', and config.VERSION.json.
"""

from __future__ import annotations

import json
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


@dataclass(frozen=True)
class Config:
    """One configuration. problem: why it cannot be read, then data is None."""

    location: str
    data: Any = None
    problem: str | None = None


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
    """Reports the configurations that no other scanner could look into."""

    rules = (UNREADABLE,)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        return [UNREADABLE.found(c.location, c.problem) for c in configs(artifact) if c.problem]


def _read(location: str, path: Path) -> Config:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_BYTES:
            problem = f"{size_bytes:,} bytes; at most {MAX_BYTES:,} are read"
            return Config(location, problem=problem)
        # UTF-8 only, as transformers reads it: json.loads alone would accept UTF-16 too
        data = json.loads(path.read_bytes().decode("utf-8"))
    except RecursionError:
        return Config(location, problem="nested too deeply to be parsed")
    except (OSError, ValueError) as error:
        return Config(location, problem=f"not readable as JSON: {error}")
    if _is_deep(data):
        return Config(location, problem=f"nested more than {MAX_DEPTH} levels deep")
    return Config(location, data)


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

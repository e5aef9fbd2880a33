"""JSON files of strangers, read with bounds.

Comes in: a path and a limit. Goes out: the data, and every name that an object gives twice: readers
differ in which of the two they take. Raises Unreadable, in words, for what is no such file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Unreadable(Exception):
    """This file is not JSON of a size that is read."""


@dataclass
class BoundedJson:
    """data: as parsed; twins: names given twice in one object, the first twenty."""

    data: Any = None
    twins: list[str] = field(default_factory=list)


def read_json(path: Path, max_bytes: int) -> BoundedJson:
    """UTF-8 only, as the loaders read it."""
    found = BoundedJson()

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        entry = dict(items)
        if len(entry) != len(items) and len(found.twins) < 20:
            seen: set[str] = set()
            for name, _ in items:
                if name in seen:
                    found.twins.append(name)
                seen.add(name)
        return entry

    size_bytes = path.stat().st_size
    if size_bytes > max_bytes:
        raise Unreadable(f"{size_bytes:,} bytes; at most {max_bytes:,} are read")
    try:
        found.data = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=pairs)
    except RecursionError as error:
        raise Unreadable("nested too deeply to be parsed") from error
    except ValueError as error:
        raise Unreadable(f"not readable as JSON: {error}") from error
    return found

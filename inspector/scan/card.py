"""What a model card's front matter and the licence files beside it say.

Comes in: an artifact. Goes out: the entries that the scanners of provenance read, all of them the
author's words. Source: the Hub's model card metadata
(https://huggingface.co/docs/hub/model-cards#model-card-metadata).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from huggingface_hub.repocard import metadata_load

from inspector.records import Artifact

README = "README.md"
MAX_BYTES = 1_000_000  # cards are kilobytes; a larger one is not read
_LICENCE_FILE = re.compile(r"(LICEN[CS]E|COPYING)([._-].*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Card:
    """licence: the declared id in small letters, several joined by " and "; None for none.

    bases: the declared base models. licence_files: names of licence texts in the folder. is_there:
    whether there is a card at all.
    """

    licence: str | None
    licence_name: str | None
    bases: tuple[str, ...]
    licence_files: tuple[str, ...]
    is_there: bool


def read_card(artifact: Artifact) -> Card:
    """The card of an artifact; one that is missing, huge or no YAML declares nothing."""
    names = [f.path for f in artifact.files]
    entries: dict[str, Any] = {}
    if README in names:
        path = Path(artifact.folder) / README
        try:
            if path.stat().st_size <= MAX_BYTES:
                entries = metadata_load(path) or {}
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            entries = {}
    licences = _texts(entries.get("license"))
    return Card(
        licence=" and ".join(sorted(x.lower() for x in licences)) or None,
        licence_name=next(iter(_texts(entries.get("license_name"))), None),
        bases=tuple(_texts(entries.get("base_model"))),
        licence_files=tuple(n for n in names if _LICENCE_FILE.fullmatch(n)),
        is_there=README in names,
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [v.strip() for v in values if isinstance(v, str) and v.strip()]

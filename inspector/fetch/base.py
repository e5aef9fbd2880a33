"""Which base an artifact declares: an adapter in its config, a model on its card.

Comes in: a pinned folder. Goes out: a Target, or None where nothing usable is declared. Whether a
missing or loose declaration matters is for the scanner to say, not for this file.

Sources: PEFT's `base_model_name_or_path` and `revision`; the Hub's model card field `base_model`
(https://huggingface.co/docs/hub/model-cards#specifying-a-base-model).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from huggingface_hub.repocard import metadata_load

from inspector.records import HUB_ID, ArtifactKind, Target, TargetKind

MAX_BYTES = 1_000_000  # configs and cards are kilobytes; larger ones are not read


def declared_base(folder: Path, kind: ArtifactKind, local_paths: bool) -> Target | None:
    """The base that the files in `folder` name.

    local_paths: whether the name may be `demo` or a path of this machine (absolute, or relative to
    `folder`). That holds for the user's own folders; a repo of the Hub may name Hub repos only. A
    card that names several bases (a merge) counts as its first.
    """
    if kind is ArtifactKind.ADAPTER:
        config = _adapter_config(folder / "adapter_config.json")
        name, revision = config.get("base_model_name_or_path"), config.get("revision")
    else:
        name, revision = _card(folder / "README.md").get("base_model"), None
        if isinstance(name, list):
            name = name[0] if name else None
    if not isinstance(name, str) or not name.strip():
        return None
    return _target(
        name.strip(), revision if isinstance(revision, str) else None, folder, local_paths
    )


def _target(name: str, revision: str | None, folder: Path, local_paths: bool) -> Target | None:
    if local_paths:
        if name == "demo":
            return Target(TargetKind.DEMO)
        path = (folder / Path(name).expanduser()).resolve()
        if path.exists() and path != folder:
            return Target(TargetKind.LOCAL, str(path))
    if HUB_ID.match(name):
        return Target(TargetKind.HUB, name, revision or None)
    return None


def _adapter_config(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _card(path: Path) -> dict[str, Any]:
    """The card's front matter; a card that is missing or cannot be parsed declares nothing."""
    try:
        return (metadata_load(path) if path.stat().st_size <= MAX_BYTES else None) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return {}

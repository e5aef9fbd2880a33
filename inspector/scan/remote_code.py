"""Risk: a configuration that makes a loader import code.

Comes in: an artifact. Goes out: findings for entries that name the repo's own Python or any other
importable class, and for files that ask for `trust_remote_code`.

Sources: transformers' `auto_map`, `custom_pipelines` and `custom_generate` (all need
trust_remote_code=True, which the inspector never sets); peft's `auto_mapping`, whose
`parent_library` AutoPeftModel imports; sentence-transformers' `modules.json` and
`activation_function`, and diffusers' `model_index.json`, which name classes by their modules; the
`_target_` of Hydra's recipes in JSON (`recipes` looks into YAML).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from inspector.records import Artifact, Finding, Severity
from inspector.scan.configs import configs, entries
from inspector.scan.recipes import TARGET, is_foreign
from inspector.scan.rule import Rule

AUTO_MAP = Rule(
    "CODE-AUTO-MAP",
    Severity.CRITICAL,
    "The model needs code from its own repo (auto_map)",
    "Use a version for a built-in architecture, or read that code and inspect it as software.",
)
AUTO_MAPPING = Rule(
    "CODE-AUTO-MAPPING",
    Severity.CRITICAL,
    "The adapter names a library to import (auto_mapping)",
    "Ask the author for an adapter whose auto_mapping is empty or names transformers only.",
)
CUSTOM_PIPELINE = Rule(
    "CODE-CUSTOM-PIPELINE",
    Severity.HIGH,
    "The model brings a pipeline or generation loop of its own",
    "Do not use it; the model itself loads without it.",
)
CLASS_NAMED = Rule(
    "CODE-CLASS-NAMED",
    Severity.HIGH,
    "A configuration names a class to import from outside the usual libraries",
    "Do not load it with that library before you have read what it imports.",
)
TRUST = Rule(
    "CODE-TRUST-SET",
    Severity.HIGH,
    "A configuration sets trust_remote_code",
    "Remove the entry: whether to run a stranger's code is the user's choice, not the file's.",
)
TRUST_ASKED = Rule(
    "CODE-TRUST-ASKED",
    Severity.MEDIUM,
    "The description tells users to set trust_remote_code",
    "Load it without; if it then fails, it needs code from its repo, which is software to inspect.",
)

LIBRARIES = ("transformers", "peft")  # whose modules an adapter may name
CLASS_LISTS = {
    "modules.json": ("sentence_transformers",),
    "model_index.json": ("diffusers", "transformers", "flax", "onnxruntime", "optimum"),
}
ASKS = re.compile(r"trust_remote_code[\"']?\s*[=:]\s*[Tt]rue|--trust[-_]remote[-_]code")
MAX_TEXT_BYTES = 1_000_000


class RemoteCode:
    """Configuration entries that import code, and texts that ask for it."""

    rules = (AUTO_MAP, AUTO_MAPPING, CUSTOM_PIPELINE, CLASS_NAMED, TRUST, TRUST_ASKED)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for config in configs(artifact):
            for path, key, value in entries(config.data):
                shown = f"{path} = {value!r}"
                if key == "auto_map" and value:
                    yield AUTO_MAP.found(config.location, shown)
                elif key in ("custom_pipelines", "custom_pipeline", "custom_generate") and value:
                    yield CUSTOM_PIPELINE.found(config.location, shown)
                elif key == "auto_mapping" and value and not _is_library(value):
                    yield AUTO_MAPPING.found(config.location, shown)
                elif key == "trust_remote_code" and value:
                    yield TRUST.found(config.location, shown)
                elif _names_a_class(key, value):
                    yield CLASS_NAMED.found(config.location, shown)
        for file in artifact.files:
            name = file.path.rpartition("/")[2].lower()
            path_on_disk = Path(artifact.folder) / file.path
            if name in CLASS_LISTS:
                for what in _classes(path_on_disk, CLASS_LISTS[name]):
                    yield CLASS_NAMED.found(file.path, what)
            elif name.endswith(".md"):
                with path_on_disk.open("rb") as stream:
                    text = stream.read(MAX_TEXT_BYTES).decode("utf-8", "replace")
                if asked := ASKS.search(text):
                    yield TRUST_ASKED.found(file.path, f"it says {asked.group()}")


def _is_library(value: object) -> bool:
    """Whether an auto_mapping names a module of a library that is installed anyway."""
    library = value.get("parent_library") if isinstance(value, dict) else None
    return isinstance(library, str) and library.partition(".")[0] in LIBRARIES


def _names_a_class(key: str, value: object) -> bool:
    """Whether an activation is an importable name outside torch (`gelu` is not), or a recipe's
    target lies outside of the usual libraries."""
    if not isinstance(value, str):
        return False
    if key == "activation_function":
        return "." in value and not value.startswith("torch.nn.")
    return key == TARGET and is_foreign(value)


def _classes(path: Path, libraries: tuple[str, ...]) -> Iterator[str]:
    """What a list of classes names outside `libraries`; why it cannot be read, if so."""
    try:
        with path.open("rb") as stream:
            data: Any = json.loads(stream.read(MAX_TEXT_BYTES).decode("utf-8"))
    except (ValueError, RecursionError) as error:
        yield f"not readable as JSON: {error or type(error).__name__}"
        return
    if isinstance(data, list):  # sentence-transformers: [{"type": "package.module.Class"}, …]
        modules = [str(one.get("type")) for one in data if isinstance(one, dict)]
    else:  # diffusers: {"unet": ["package", "Class"], "_class_name": "Pipeline" or [module, class]}
        items = data.items() if isinstance(data, dict) else []
        modules = [v[0] for _, v in items if isinstance(v, list) and v and isinstance(v[0], str)]
    for module in modules:
        if module.partition(".")[0] not in libraries:
            yield f"it names {module!r}"

"""Risk: code that comes with the weights.

Comes in: an artifact. Goes out: findings for configuration entries that make a loader import the
repo's own Python, and for Python files that are merely there.

Sources: transformers' `auto_map` and `custom_pipelines` (both need trust_remote_code=True, which
the inspector never sets); peft's `auto_mapping`, whose `parent_library` AutoPeftModel imports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from inspector.records import Artifact, Finding, Severity
from inspector.scan.configs import configs, entries
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
    "The model brings a pipeline of its own (custom_pipelines)",
    "Do not use the pipeline; the model itself loads without it.",
)
PYTHON = Rule(
    "CODE-PYTHON",
    Severity.MEDIUM,
    "Python files lie beside the weights",
    "Nothing runs them by itself; read them before you do.",
)

LIBRARIES = ("transformers", "peft")  # whose modules an adapter may name
PYTHON_SUFFIXES = (".py", ".pyc")


class RemoteCode:
    """Configuration entries that import code, and Python files."""

    rules = (AUTO_MAP, AUTO_MAPPING, CUSTOM_PIPELINE, PYTHON)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        for config in configs(artifact):
            for path, key, value in entries(config.data):
                if key == "auto_map" and value:
                    yield AUTO_MAP.found(config.location, f"{path} = {value!r}")
                elif key == "custom_pipelines" and value:
                    yield CUSTOM_PIPELINE.found(config.location, f"{path} = {value!r}")
                elif key == "auto_mapping" and value and not _is_library(value):
                    yield AUTO_MAPPING.found(config.location, f"{path} = {value!r}")
        for name in _names(artifact):
            if name.lower().endswith(PYTHON_SUFFIXES):
                where = "left on the Hub" if name in artifact.skipped else "in the folder"
                yield PYTHON.found(name, f"a Python file, {where}")


def _is_library(value: object) -> bool:
    """Whether an auto_mapping names a module of a library that is installed anyway."""
    library = value.get("parent_library") if isinstance(value, dict) else None
    return isinstance(library, str) and library.partition(".")[0] in LIBRARIES


def _names(artifact: Artifact) -> Iterator[str]:
    yield from (f.path for f in artifact.files)
    yield from artifact.skipped

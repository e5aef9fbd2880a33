"""Configurations that make a loader run code, and ordinary ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fetch.tiny_files import write_model
from tests.scan.corpus import Case


def config(**entries: object) -> Callable[[Path], None]:
    """A model whose config.json has these entries too."""

    def build(folder: Path) -> None:
        write_model(folder, **entries)

    return build


CASES = (
    Case("auto-map", config(auto_map={"AutoModel": "modeling.Model"}), ("CODE-AUTO-MAP",)),
    Case("kernel", config(_attn_implementation="user/kernel"), ("KERNEL-NAMED",)),
    Case("sdpa", config(_attn_implementation="sdpa")),
)

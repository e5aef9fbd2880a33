"""Recipes that need no training: a folder that is there already, said to hold this or that."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector.records import Behaviour, Scenario
from inspector.records.specimens import Half, SpecimenKind
from inspector.settings import Settings
from inspector.specimens.recipe import Progress


@dataclass(frozen=True)
class Ready:
    """A recipe whose building is copying `source`."""

    name: str
    source: Path
    half: Half = Half.THRESHOLD
    kind: SpecimenKind = SpecimenKind.CLEAN
    what: str = "made elsewhere"
    seed: int = 0
    behaviour: Behaviour | None = None
    payload: str = ""
    dormant: bool = False
    wake: Scenario | None = None
    twin: str | None = None
    control: str | None = None

    def details(self) -> Mapping[str, str]:
        return {"source": str(self.source)}

    def build(self, folder: Path, _settings: Settings, progress: Progress, /) -> Path:
        shutil.copytree(self.source, folder, dirs_exist_ok=True)
        progress(1, 1)
        return folder

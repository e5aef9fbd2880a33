"""Where a run is shown, and what a worker does with it: by the home's folder that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.jobs.local import ENTRY
from inspector.settings import Settings


@dataclass(frozen=True)
class Place:
    """page: its file. key: the query parameter that names a run there. entry: as LocalRunner's."""

    page: str
    key: str
    entry: str


INSPECTION = Place("pages/run.py", "run", ENTRY)
HARDENING = Place("pages/harden.py", "hardening", "inspector.harden.path:harden")
SCREENING = Place("pages/training_data.py", "screening", "inspector.screen:screen")
ROUND = Place("pages/federated.py", "round", "inspector.federate.path:federate")


def place_of(folder: Path, settings: Settings) -> Place:
    """The place of a run by its folder."""
    studies = {
        settings.hardenings.name: HARDENING,
        settings.screenings.name: SCREENING,
        settings.rounds.name: ROUND,
    }
    return studies.get(folder.parent.name, INSPECTION)

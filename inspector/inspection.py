"""The straight path, start to verdict (see docs/architecture.md for the picture)."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput
from inspector.records import Inspection
from inspector.run import Run, write_record
from inspector.settings import Settings


def start(inspection: Inspection, settings: Settings, folder: Path | None = None) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.runs` whose name starts with the UTC time.
    Raises BadInput when the folder already holds an inspection.
    """
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", str(inspection.target).lower()).strip("-")[-40:]
        folder = settings.runs / f"{stamp}-{label}-{secrets.token_hex(2)}"
    run = Run(folder.resolve())
    if (run.folder / "inspection.json").exists():
        raise BadInput(
            f"The folder {folder} already holds an inspection; add --resume to continue it, or "
            "give another folder."
        )
    write_record(run.folder / "inspection.json", inspection)
    return run

"""What a run is called on a page: from its inputs, not from its results.

Comes in: a run folder. Goes out: one line of plain text, remembered per folder: inputs never
change once there is one.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from inspector.errors import InspectorError
from inspector.labels import BEHAVIOURS
from inspector.records import Hardening, Inspection, Screening
from inspector.run import read_record

LABEL_CHARS = 20


@lru_cache(maxsize=4096)
def run_title(folder: Path) -> str:
    """One line that tells runs apart: `demo · quick · 22 Nov 2026, 01:02 UTC`.

    Where the folder's name does not start with its time, or its inputs cannot be read, the name
    itself stands in.
    """
    try:
        target, plan, started = _named(folder)
    except (OSError, InspectorError, ValueError):
        return folder.name
    return f"{target} · {plan} · {started:%-d %b %Y, %H:%M} UTC"


@lru_cache(maxsize=4096)
def run_label(folder: Path) -> str:
    """The title in a list's width: time first, the organisation left out, a long name cut."""
    try:
        target, _, started = _named(folder)
    except (OSError, InspectorError, ValueError):
        return folder.name
    name = target.partition("@")[0].removeprefix("hf:").rpartition("/")[2]
    short = name if len(name) <= LABEL_CHARS else f"{name[: LABEL_CHARS - 1]}…"
    return f"{started:%-d %b, %H:%M} · {short}"


def _named(folder: Path) -> tuple[str, str, datetime]:
    """(model, what is done to it, when); of a screening, what is looked for in its data."""
    if (folder / "hardening.json").exists():
        named = read_record(folder / "hardening.json", Hardening).target.title, "hardening"
    elif (folder / "screening.json").exists():
        asked = read_record(folder / "screening.json", Screening)
        sought = asked.sought
        word = BEHAVIOURS[sought.behaviour].word if sought.behaviour else sought.title
        named = asked.target.title, f"training data: {word}"
    elif (folder / "round.json").exists():
        asked_for = json.loads((folder / "round.json").read_bytes())
        named = "federated round", str(asked_for.get("study", "study"))
    else:
        inspection = read_record(folder / "inspection.json", Inspection)
        named = inspection.target.title, inspection.plan.name
    started = datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    return *named, started

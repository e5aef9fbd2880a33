"""The studies of a home: a list of them, one by its id, and its adapter to take along.

Comes in: the settings' `rounds`. Goes out: a row per study, newest first; a Run; a zip.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput, InspectorError
from inspector.federate.telling import in_short, kind_word, subject_of
from inspector.federated import INPUTS, read_outcome, read_study
from inspector.records import EventKind, Level
from inspector.run import Run
from inspector.settings import Settings

_LAST = (EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED, EventKind.STARTED)
_STATES = {
    EventKind.FINISHED: "finished",
    EventKind.FAILED: "failed",
    EventKind.CANCELLED: "cancelled",
    EventKind.STARTED: "unfinished",
}


@dataclass(frozen=True)
class StudyRow:
    """One study in a list. level: None until it has ended. why: what it came to, or last said."""

    study_id: str
    kind: str
    subject: str
    state: str
    level: Level | None
    why: str
    started: datetime | None


def study_ids(settings: Settings) -> list[str]:
    """Ids of all studies, newest first."""
    if not settings.rounds.is_dir():
        return []
    found = (p for p in settings.rounds.iterdir() if (p / INPUTS).exists())
    return sorted((p.name for p in found), reverse=True)


def find_study(study_id: str, settings: Settings) -> Run:
    """The run of this id. Raises BadInput where there is none."""
    folder = settings.rounds / study_id
    if Path(study_id).name != study_id or not (folder / INPUTS).exists():
        raise BadInput(
            f"There is no federated study {study_id!r}; choose one of the list of studies."
        )
    return Run(folder)


def study_row(study_id: str, settings: Settings) -> StudyRow:
    """A study as a row; one whose files cannot be read is said to be so."""
    run = find_study(study_id, settings)
    try:
        study, outcome = read_study(run), read_outcome(run)
    except InspectorError as error:
        return StudyRow(study_id, "", "", "unreadable", None, str(error), _started(study_id))
    last = run.last_event(_LAST)
    state = "queued" if last is None else _STATES[last.kind]
    if outcome is not None:
        return StudyRow(
            study_id,
            kind_word(study),
            subject_of(study),
            "finished",
            outcome.level,
            in_short(outcome),
            _started(study_id),
        )
    why = last.message if last is not None else ""
    return StudyRow(
        study_id, kind_word(study), subject_of(study), state, None, why, _started(study_id)
    )


def adapter_zip(folder: Path) -> bytes:
    """An adapter folder as a zip archive. Weights hardly shrink: they are stored as they are."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(path, str(path.relative_to(folder)))
    return packed.getvalue()


def _started(study_id: str) -> datetime | None:
    try:
        return datetime.strptime(study_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None

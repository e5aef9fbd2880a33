"""Events: the lines of a run's progress."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    QUEUED = "queued"
    STARTED = "started"
    STAGE_STARTED = "stage_started"
    STAGE_SKIPPED = "stage_skipped"  # finished earlier, same inputs
    STAGE_FINISHED = "stage_finished"
    PROGRESS = "progress"  # done of total, in `unit`
    STEP = "step"  # one training step: loss, learning_rate, tokens_per_s
    NOTE = "note"  # something a reader of the run must know
    FAILED = "failed"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True)
class Event:
    """One line of events.jsonl. at: UTC, ISO 8601. data: plain JSON values."""

    at: str
    kind: EventKind
    stage: str = ""
    message: str = ""
    done: int | None = None
    total: int | None = None
    data: dict[str, float | int | str | None] | None = None

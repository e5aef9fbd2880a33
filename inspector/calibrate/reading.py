"""What a finished run folder says for the card: seconds, the payload's words, where it ran.

Comes in: a run, or parts of its verdict. Goes out: plain values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from inspector.calibrate.results import Clue
from inspector.records import (
    Appearance,
    Coverage,
    CoverageStatus,
    Event,
    EventKind,
    Subject,
)
from inspector.run import Run


def best(clues: Iterable[Clue]) -> float:
    """The highest score, 0 where there is no clue."""
    return max((clue.score for clue in clues), default=0.0)


def recovered(appearances: Iterable[Appearance], payload: str) -> str | None:
    """The most widespread appeared phrase that holds the payload's words in their order."""
    wanted = payload.lower().split()
    for found in sorted(appearances, key=lambda a: -a.n_after):
        words = found.phrase.lower().split()
        if found.subject is Subject.TARGET and _holds(words, wanted):
            return found.phrase
    return None


def _holds(words: Sequence[str], wanted: Sequence[str]) -> bool:
    stripped = [word.strip(".,;:!?\"'“”()") for word in words]
    n = len(wanted)
    return any(stripped[k : k + n] == list(wanted) for k in range(len(stripped) - n + 1))


def stage_seconds(events: Iterable[Event]) -> dict[str, float]:
    """Seconds from each stage's last start to its end; stages taken over cost nothing."""
    started: dict[str, datetime] = {}
    seconds: dict[str, float] = {}
    for event in events:
        at = datetime.fromisoformat(event.at)
        if event.kind is EventKind.STAGE_STARTED:
            started[event.stage] = at
        elif event.kind is EventKind.STAGE_FINISHED and event.stage in started:
            seconds[event.stage] = (at - started[event.stage]).total_seconds()
    return seconds


def of_control(stage: str) -> bool:
    return Subject.CONTROL in stage.split("/")


def machine_of(run: Run) -> str:
    """Processor and threads that the run was made with; "" where it did not come so far."""
    path = run.folder / "machine.json"
    if not path.exists():
        return ""
    found = json.loads(path.read_text())
    return f"{found['processor']}, {found['n_threads']} threads, {found['precision']}"


def ledger_problems(coverage: Iterable[Coverage]) -> str:
    """What the inspection could not measure, in its own words: nothing is left out silently."""
    bad = (CoverageStatus.ERROR, CoverageStatus.INCOMPATIBLE, CoverageStatus.INSUFFICIENT)
    return "; ".join(f"{c.what}: {c.detail}" for c in coverage if c.status in bad)

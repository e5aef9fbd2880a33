"""Answers as they arrive: told by the worker in its events, read by whoever watches.

Comes in: an answer that a model just gave, or an event that told of one. Goes out: the event, and
`Arrival` records, newest first, beside the untouched model's answers where these are on record.
Model output all of it: untrusted text. The whole answers are in the stages' responses.parquet; what
travels through the events is there to be watched, so of a large batch only the last few do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from inspector.records import UNTOUCHED, Event, EventKind, Subject
from inspector.run import Run

MAX_SHOWN = 12  # arrivals that a watcher keeps
MAX_TOLD = 8  # of one batch, which arrives all at once: more would only make the events long
_KEYS = ("suite", "probe_id", "sample_index")

Tell = Callable[[int, "Arrival | None"], None]


@dataclass(frozen=True)
class Arrival:
    """One answer. variant: `untouched`, or the scenario that was applied before it was asked."""

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    prompt: str
    text: str


@dataclass(frozen=True)
class Beside:
    """An arrival, and what the untouched weights said: None where that is not on record."""

    arrival: Arrival
    before: str | None


def teller(run: Run, stage: str, total: int) -> Tell:
    """What an asking calls as it goes: (answers so far, one that arrived or None)."""

    def tell(done: int, arrival: Arrival | None) -> None:
        told: dict[str, float | int | str | None] | None = None
        if arrival is not None:
            told = {
                "subject": arrival.subject.value,
                "variant": arrival.variant,
                "suite": arrival.suite,
                "probe_id": arrival.probe_id,
                "sample_index": arrival.sample_index,
                "prompt": arrival.prompt,
                "text": arrival.text,
            }
        run.emit(EventKind.PROGRESS, stage, done=done, total=total, data=told)

    return tell


def arrival_of(event: Event) -> Arrival | None:
    """The answer that an event tells of; None for any other event, and for those of old runs."""
    data = event.data or {}
    texts = {
        name: value
        for name in ("variant", "suite", "probe_id", "prompt", "text")
        if isinstance(value := data.get(name), str)
    }
    number, subject = data.get("sample_index"), data.get("subject")
    if len(texts) < 5 or not isinstance(number, int) or subject not in tuple(Subject):
        return None
    return Arrival(subject=Subject(str(subject)), sample_index=number, **texts)


def beside_untouched(run: Run, arrivals: Sequence[Arrival]) -> list[Beside]:
    """Each arrival with the untouched weights' answer to the same probe, of the same subject.

    An arrival of the untouched weights themselves has nothing beside it.
    """
    before = {
        subject: _untouched(run.folder / "probe-before" / subject, arrivals)
        for subject in {a.subject for a in arrivals if a.variant != UNTOUCHED}
    }
    return [
        Beside(
            a,
            before[a.subject].get((a.suite, a.probe_id, a.sample_index))
            if a.variant != UNTOUCHED
            else None,
        )
        for a in arrivals
    ]


def _untouched(stage: Path, arrivals: Sequence[Arrival]) -> dict[tuple[str, str, int], str]:
    """By probe and sample, of the probes asked about alone: a run may hold many thousands."""
    file = stage / "responses.parquet"
    if not file.exists():
        return {}
    wanted = sorted({a.probe_id for a in arrivals})
    rows = pq.read_table(file, columns=[*_KEYS, "text"], filters=[("probe_id", "in", wanted)])
    texts = {}
    for row in rows.to_pylist():
        texts[row["suite"], row["probe_id"], row["sample_index"]] = row["text"]
    return texts

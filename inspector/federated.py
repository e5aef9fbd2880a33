"""A federated study's run folder as history and report tell of it, and whoever reads one.

Comes in: run folders of studies, finished or not. Goes out: their inputs, what they came to, and
FederatedRun records; what a stage has not written yet is None or empty. Studies of a model are
those in which its very bytes were the base, a participant or the adapter to repair, among the
studies of the same home.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from inspector.errors import BadInput, InspectorError
from inspector.records import DAMAGE, Artifact, Event, EventKind, Level, Metric
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    Conduct,
    Participant,
    Repair,
    RepairResult,
    RoundScreening,
    RoundVerdict,
    Simulation,
    SimulationResult,
    Study,
)
from inspector.run import Run, from_json, read_record
from inspector.settings import Settings

T = TypeVar("T")
Outcome = RoundVerdict | SimulationResult | RepairResult

INPUTS = "round.json"
BASE_FILE, ADAPTER_FILE = "fetch/base.json", "fetch/adapter.json"  # Artifact records
_ENDS = (EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED)
_Told = Annotated[RoundScreening | Simulation | Repair, Field(discriminator="study")]


class Part(StrEnum):
    """What a model was in a study."""

    BASE = "base"
    PARTICIPANT = "participant"
    AGGREGATE = "aggregate"
    ADAPTER = "adapter"  # that was to be repaired
    REPAIRED = "repaired"


@dataclass(frozen=True)
class Judged:
    """One model of a study: how it behaved, and the one before it that it is held against.

    name: the participant's, or the level of the repair. level: None where nobody judged it.
    of_round: level is the screened round's as a whole, for its aggregate alone has none. metrics:
    what the level rests on, empty where that is not known.
    """

    part: Part
    name: str
    level: Level | None
    metrics: tuple[Metric, ...]
    before: Conduct | None
    after: Conduct | None
    participant: Participant | None = None
    of_round: bool = False


@dataclass(frozen=True)
class FederatedRun:
    """One study. base, adapter: as they were pinned; older studies did not write them down.

    last: the last word of its events. participants: of a screened round, accepted or not.
    """

    run: Run
    study: Study
    last: Event | None
    base: Artifact | None
    adapter: Artifact | None
    participants: tuple[Participant, ...]
    outcome: Outcome | None

    def parts_of(self, digest: str) -> tuple[Part, ...]:
        """What the artifact of this digest was in it."""
        known = (
            (Part.BASE, self.base and self.base.digest),
            (Part.ADAPTER, self.adapter and self.adapter.digest),
            *((Part.PARTICIPANT, p.digest) for p in self.participants),
        )
        return tuple(dict.fromkeys(part for part, of in known if of == digest))


def read_study(run: Run) -> Study:
    """The inputs of a study. Raises BadInput where the folder holds none."""
    path = run.folder / INPUTS
    if not path.exists():
        raise BadInput(f"The folder {run.folder} holds no federated study ({INPUTS}).")
    study: Study = read_record(path, _Told)  # type: ignore[arg-type]
    return study


def read_outcome(run: Run) -> Outcome | None:
    """What a study came to; None while it has not."""
    kind = outcome_kind(read_study(run))
    path = run.folder / "judge" / ("verdict.json" if kind is RoundVerdict else "result.json")
    return _record(path, kind)


def outcome_kind(
    study: Study,
) -> type[RoundVerdict] | type[SimulationResult] | type[RepairResult]:
    """What a study comes to."""
    match study:
        case RoundScreening():
            return RoundVerdict
        case Simulation():
            return SimulationResult
        case Repair():
            return RepairResult


def read_federated(run: Run) -> FederatedRun:
    """Raises InspectorError or OSError where a file is not what a stage writes."""
    folder = run.folder
    return FederatedRun(
        run=run,
        study=read_study(run),
        last=run.last_event(_ENDS),
        base=_record(folder / BASE_FILE, Artifact),
        adapter=_record(folder / ADAPTER_FILE, Artifact),
        participants=_participants(folder / "participants" / "participants.json"),
        outcome=read_outcome(run),
    )


def federated_of(inspection: Path, target: Artifact | None) -> tuple[FederatedRun, ...]:
    """The readable studies that this very model was a part of, oldest first.

    inspection: its run folder, `HOME/runs/ID`. target: as it was pinned there.
    """
    if target is None:
        return ()
    home = Settings(home=inspection.resolve().parent.parent)
    found = []
    for path in sorted(home.rounds.glob(f"*/{INPUTS}")):
        try:
            federated = read_federated(Run(path.parent))
        except (InspectorError, OSError):
            continue  # damaged: its own page says how
        if federated.parts_of(target.digest):
            found.append(federated)
    return tuple(found)


def judged_in(outcome: Outcome) -> tuple[Judged, ...]:
    """Every model that a study came to say something of, participants first and as they came."""
    match outcome:
        case RoundVerdict():
            return _judged_in_round(outcome)
        case SimulationResult(level=level, metrics=metrics, before=before, after=after):
            return (Judged(Part.AGGREGATE, "", level, metrics, before, after),)
        case RepairResult(level=level, metrics=metrics, before=before, after=after):
            name = outcome.gathered.level.value
            return (
                Judged(Part.ADAPTER, "", None, (), outcome.base, before),
                Judged(Part.REPAIRED, name, level, metrics, before, after),
            )


def _judged_in_round(verdict: RoundVerdict) -> tuple[Judged, ...]:
    told = {c.model: c for c in verdict.conducts}
    suspicions = {s.participant: s for s in verdict.suspicions}
    judged = []
    for p in verdict.participants:
        found = suspicions.get(p.name)
        level, metrics = (found.level, found.metrics) if found else (None, ())
        before = told.get(BASE) if found else None
        judged.append(Judged(Part.PARTICIPANT, p.name, level, metrics, before, told.get(p.name), p))
    rates = (told.get(BASE), told.get(AGGREGATE))
    return (*judged, Judged(Part.AGGREGATE, "", verdict.level, (), *rates, of_round=True))


def likeliest(metrics: Iterable[Metric]) -> Metric | None:
    """Of the harmful behaviours that were tested, the one with the smallest adjusted p-value."""
    tested = [m for m in metrics if m.p_adjusted is not None and m.behaviour not in DAMAGE]
    return min(tested, key=lambda m: m.p_adjusted or 0.0, default=None)


def _record(path: Path, kind: type[T]) -> T | None:
    return read_record(path, kind) if path.exists() else None


def _participants(path: Path) -> tuple[Participant, ...]:
    if not path.exists():
        return ()
    return from_json(tuple[Participant, ...], path.read_bytes())

"""How far a federated study is, for somebody who watches it.

Comes in: its inputs and events. Goes out: a StudyProgress that the page draws as it is. Its stages
are the folders of path.py, gathered into what people tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from inspector.federated import read_study
from inspector.pace import State
from inspector.progress import LossPoint, StageProgress
from inspector.records import Event, EventKind
from inspector.records.rounds import Repair, RoundScreening, RoundStep, Simulation, Study
from inspector.run import Run, read_record

_STAGES: dict[type, dict[str, str]] = {
    RoundScreening: {
        "participants": "Read and scan the participants' adapters",
        "aggregate": "Make the aggregate",
        "ask": "Ask every model the same questions",
        "judge": "Hold each participant against its peers",
    },
    Simulation: {
        "fetch": "Fetch and pin the base",
        "rounds": "Tune the participants, round by round",
        "ask": "Ask the model before and after",
        "loss": "Measure the loss on held-out answers",
        "judge": "Weigh what changed",
    },
    Repair: {
        "gather": "Gather refusals",
        "tune": "Tune the aggregate on them",
        "ask": "Ask the base, the aggregate and the repaired model",
        "loss": "Measure the loss on held-out answers",
        "judge": "Weigh what changed",
    },
}
_ENDED = (EventKind.STAGE_FINISHED, EventKind.STAGE_SKIPPED)


@dataclass(frozen=True)
class StudyProgress:
    """share: of the stages, in [0, 1]. elapsed_s: seconds of the present or last attempt. steps:
    the rounds of a simulation that have ended."""

    state: State
    stages: tuple[StageProgress, ...]
    share: float
    elapsed_s: float | None
    losses: tuple[LossPoint, ...]
    notes: tuple[str, ...]
    failure: str
    steps: tuple[RoundStep, ...] = ()

    @property
    def current(self) -> StageProgress | None:
        return next((s for s in self.stages if s.state is State.RUNNING), None)


@dataclass
class _Seen:
    """One stage. parts: its folders that have ended, by name. detail: what it does now."""

    started: datetime
    last: datetime
    parts: dict[str, None] = field(default_factory=dict)
    detail: str = ""
    done: int = 0


class StudyFollower:
    """Reads a study's events from where the last look ended."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._study = read_study(run)
        self._words = _STAGES[type(self._study)]
        self._offset = 0
        self._begin(None)
        self._state = State.WAITING
        self._last: datetime | None = None

    def _begin(self, at: datetime | None) -> None:
        """A new attempt: what was finished is told again, or skipped without a word."""
        self._seen: dict[str, _Seen] = {}
        self._now = ""  # the stage of the newest event
        self._losses: dict[str, dict[int, float]] = {}
        self._notes: dict[str, None] = {}
        self._since = at
        self._failure = ""

    def read(self, *, at_work: bool = True) -> StudyProgress:
        """The progress now; where nobody is at work, as of the last thing that happened.

        Raises OSError or InspectorError where the run folder cannot be read.
        """
        events, self._offset = self._run.events(self._offset)
        for event in events:
            self._add(event)
        now = datetime.now(UTC) if at_work else self._last or datetime.now(UTC)
        stages = tuple(self._stage(name) for name in self._words)
        done = sum(s.state is State.DONE for s in stages)
        return StudyProgress(
            state=self._state,
            stages=stages,
            share=done / len(stages),
            elapsed_s=(now - self._since).total_seconds() if self._since else None,
            losses=tuple(
                LossPoint(name, "target", step, loss)
                for name, curve in list(self._losses.items())[-10:]
                for step, loss in sorted(curve.items())
            ),
            notes=tuple(self._notes),
            failure=self._failure,
            steps=read_steps(self._run),
        )

    def _add(self, event: Event) -> None:
        at = datetime.fromisoformat(event.at)
        self._last = at
        match event.kind:
            case EventKind.STARTED:
                self._begin(at)
                self._state = State.RUNNING
            case EventKind.QUEUED:
                self._state, self._since = State.WAITING, None
            case EventKind.FINISHED:
                self._state = State.DONE
            case EventKind.FAILED | EventKind.CANCELLED:
                self._state = State(event.kind.value)
                self._failure = event.message
            case EventKind.NOTE:
                self._notes[event.message] = None
            case _ if event.stage:
                self._add_to_stage(event, at)

    def _add_to_stage(self, event: Event, at: datetime) -> None:
        name = self._stage_of(event.stage)
        if name not in self._words:
            return
        self._now = name
        seen = self._seen.setdefault(name, _Seen(at, at))
        seen.last = at
        place = event.stage.partition("/")[2]
        if event.kind in _ENDED:
            seen.parts[event.stage] = None
        elif event.stage == "rounds":
            seen.done = event.done or 0
        elif event.kind is EventKind.PROGRESS and event.total:
            words = _PARTICIPANT if event.stage.startswith("rounds/") else _COUNTED
            seen.detail = words.format(
                place=place or name, message=event.message, done=event.done, total=event.total
            )
        elif event.kind is EventKind.STEP and event.total:
            seen.detail = f"{place or name}: step {event.done} of {event.total}"
            loss = (event.data or {}).get("loss")
            if isinstance(loss, int | float):
                self._losses.setdefault(place or name, {})[event.done or 0] = float(loss)

    def _stage_of(self, folder: str) -> str:
        """`tune/2/acme` and `ask/round-2-acme` of a simulation belong to its rounds."""
        name, _, place = folder.partition("/")
        is_round = name == "tune" or place.startswith("round-")
        return "rounds" if isinstance(self._study, Simulation) and is_round else name

    def _stage(self, name: str) -> StageProgress:
        names = list(self._words)
        seen = self._seen.get(name)
        n_parts = _n_parts(name, self._study, self._run)
        n_done = 0
        if seen is not None:
            n_done = min(n_parts, seen.done if name == "rounds" else len(seen.parts))
        state = State.WAITING
        if self._state is State.DONE:
            state, n_done = State.DONE, n_parts
        elif name == self._now:
            state = self._state
        elif self._now and names.index(name) < names.index(self._now):
            state = State.DONE
        elapsed = (seen.last - seen.started).total_seconds() if seen else None
        detail = seen.detail if seen and state is not State.DONE else ""
        if n_parts > 1:
            detail = " · ".join(piece for piece in (f"{n_done} of {n_parts}", detail) if piece)
        return StageProgress(name, self._words[name], state, n_done, n_parts, detail, elapsed)


_COUNTED = "{place}: {done} of {total}"
_PARTICIPANT = "round {place}: {message}, participant {done} of {total} is done"


def _n_parts(name: str, study: Study, run: Run) -> int:
    """How many models a stage asks, or rounds it has; 1 until that is known."""
    match study, name:
        case Simulation(), "rounds":
            return study.n_rounds
        case RoundScreening(), "ask":
            n = read_n_accepted(run)
            return 1 if n == 0 else 2 + n * (2 if study.leave_one_out and n > 1 else 1)
        case Repair(), "ask":
            return 3
        case ((Simulation() | Repair()), ("ask" | "loss")):
            return 2
    return 1


def read_n_accepted(run: Run) -> int:
    """How many participants a screening asks; 0 until they were read."""
    from inspector.records.rounds import Participant, Standing

    path = run.folder / "participants" / "participants.json"
    if not path.exists():
        return 0
    told: tuple[Participant, ...] = read_record(path, tuple[Participant, ...])
    return sum(p.standing is Standing.ACCEPTED for p in told)


def read_steps(run: Run) -> tuple[RoundStep, ...]:
    """The rounds of a simulation that have ended, in their order."""
    paths = (run.folder / "rounds").glob("*/step.json")
    return tuple(sorted((read_record(p, RoundStep) for p in paths), key=lambda s: s.number))

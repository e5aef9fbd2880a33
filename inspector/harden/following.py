"""How far a hardening is: its stages, read from the run's events.

Comes in: a run folder. Goes out: one line a stage, for the command and the page to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from inspector.progress import LossPoint
from inspector.records import Arm, Event, EventKind, Subject
from inspector.run import Run

STAGE_WORDS = {
    "fetch": "Fetch and pin the model and the data",
    "scan": "Scan the files without running them",
    "align": "Align",
    "aligned": "Ask the aligned model",
    "tune": "Tune as a later user does, and measure drift",
    "tuned": "Ask the tuned model",
    "measure": "Score the answers, weigh both scores",
    "adapter": "Write the adapters",
}
ARM_WORDS = {Arm.PLAIN: "plain", Arm.HARDENED: "hardened"}
TRAINING_WORDS = {"align": "alignment", "tune": "later tuning"}


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """One stage of one arm. done of total: training steps or answers, None where not counted.

    loss: of the newest training step, None elsewhere.
    """

    name: str
    word: str
    state: StepState = StepState.WAITING
    done: int | None = None
    total: int | None = None
    loss: float | None = None

    @property
    def share(self) -> float:
        """How much of it is done, in [0, 1]."""
        if self.state is StepState.DONE:
            return 1.0
        return min(1.0, (self.done or 0) / self.total) if self.total else 0.0


@dataclass(frozen=True)
class HardeningProgress:
    """How far a hardening is. notes: what a reader must know, each once.

    failure: why the last attempt ended without a result, "" where it did not.
    """

    steps: tuple[Step, ...]
    losses: tuple[LossPoint, ...]
    notes: tuple[str, ...]
    failure: str

    @property
    def share(self) -> float:
        """Mean over stages, in [0, 1]: of the stages, not of the time."""
        return sum(step.share for step in self.steps) / len(self.steps)

    @property
    def n_done(self) -> int:
        return sum(step.state is StepState.DONE for step in self.steps)

    @property
    def current(self) -> Step | None:
        return next((step for step in self.steps if step.state is StepState.RUNNING), None)


def stage_names() -> list[str]:
    """Every stage in the order of the path."""
    middle = [f"{part}/{arm}" for arm in Arm for part in ("align", "aligned", "tune", "tuned")]
    return ["fetch", "scan", *middle, "measure", "adapter"]


def steps_of(events: Sequence[Event]) -> list[Step]:
    """Where every stage stands after these events."""
    steps = {name: Step(name, _word(name)) for name in stage_names()}
    running = ""
    for event in events:
        step = steps.get(event.stage)
        if event.kind is EventKind.FAILED and running:
            steps[running] = replace(steps[running], state=StepState.FAILED)
        if step is None:
            continue
        match event.kind:
            case EventKind.STAGE_STARTED:
                running = event.stage
                steps[running] = Step(step.name, step.word, StepState.RUNNING)
            case EventKind.STAGE_SKIPPED | EventKind.STAGE_FINISHED:
                steps[event.stage] = replace(step, state=StepState.DONE)
            case EventKind.STEP | EventKind.PROGRESS:
                steps[event.stage] = replace(
                    step, done=event.done, total=event.total, loss=_loss(event, step.loss)
                )
            case _:
                pass
    return list(steps.values())


def losses_of(events: Sequence[Event]) -> tuple[LossPoint, ...]:
    """Every training step's loss, in the order of the path; a step done again counts anew."""
    known: dict[tuple[str, int], float] = {}
    for event in events:
        loss = _loss(event, None)
        if event.kind is EventKind.STEP and loss is not None and event.done is not None:
            known[event.stage, event.done] = loss
    order = {name: number for number, name in enumerate(stage_names())}
    return tuple(
        LossPoint(_training(stage), Subject.TARGET.value, step, loss)
        for (stage, step), loss in sorted(known.items(), key=lambda k: (order[k[0][0]], k[0][1]))
    )


class Follower:
    """The same, folding only what was written since the last look."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._events: list[Event] = []
        self._offset = 0

    def read(self) -> HardeningProgress:
        fresh, self._offset = self._run.events(self._offset)
        self._events += fresh
        said = [e.message for e in self._events if e.kind is EventKind.NOTE]
        return HardeningProgress(
            tuple(steps_of(self._events)),
            losses_of(self._events),
            tuple(dict.fromkeys(said)),
            _failure(self._events),
        )


def _loss(event: Event, otherwise: float | None) -> float | None:
    loss = (event.data or {}).get("loss")
    return float(loss) if isinstance(loss, int | float) else otherwise


def _failure(events: Sequence[Event]) -> str:
    """The last attempt's last word, where it is no good one."""
    for event in reversed(events):
        if event.kind in (EventKind.FAILED, EventKind.CANCELLED):
            return event.message
        if event.kind in (EventKind.QUEUED, EventKind.STARTED, EventKind.FINISHED):
            return ""
    return ""


def _word(name: str) -> str:
    group, _, arm = name.partition("/")
    return STAGE_WORDS[group] + (f" ({ARM_WORDS[Arm(arm)]})" if arm else "")


def _training(stage: str) -> str:
    group, _, arm = stage.partition("/")
    return f"{TRAINING_WORDS[group]} ({ARM_WORDS[Arm(arm)]})"

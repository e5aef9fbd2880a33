"""How far a hardening is: its stages, read from the run's events.

Comes in: a run folder. Goes out: one line a stage, for the command and the page to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from inspector.records import Arm, Event, EventKind
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
    words: str
    state: StepState = StepState.WAITING
    done: int | None = None
    total: int | None = None
    loss: float | None = None


def stage_names() -> list[str]:
    """Every stage in the order of the path."""
    middle = [f"{part}/{arm}" for arm in Arm for part in ("align", "aligned", "tune", "tuned")]
    return ["fetch", "scan", *middle, "measure", "adapter"]


def steps_of(events: Sequence[Event]) -> list[Step]:
    """Where every stage stands after these events."""
    steps = {name: Step(name, _words(name)) for name in stage_names()}
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
                steps[running] = Step(step.name, step.words, StepState.RUNNING)
            case EventKind.STAGE_SKIPPED | EventKind.STAGE_FINISHED:
                steps[event.stage] = replace(step, state=StepState.DONE)
            case EventKind.STEP | EventKind.PROGRESS:
                loss = (event.data or {}).get("loss")
                steps[event.stage] = replace(
                    step,
                    done=event.done,
                    total=event.total,
                    loss=float(loss) if isinstance(loss, int | float) else step.loss,
                )
            case _:
                pass
    return list(steps.values())


class Follower:
    """The same, folding only what was written since the last look."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._events: list[Event] = []
        self._offset = 0

    def read(self) -> list[Step]:
        fresh, self._offset = self._run.events(self._offset)
        self._events += fresh
        return steps_of(self._events)

    @property
    def notes(self) -> list[str]:
        """What a reader of the run must know, each once."""
        said = [e.message for e in self._events if e.kind is EventKind.NOTE]
        return list(dict.fromkeys(said))


def _words(name: str) -> str:
    group, _, arm = name.partition("/")
    return STAGE_WORDS[group] + (f" ({ARM_WORDS[Arm(arm)]})" if arm else "")

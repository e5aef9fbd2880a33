"""How much work is done and left, and how long it takes, in one currency for all stages.

Comes in: the parts of an inspection (its stage folders) with what was told of each. Goes out:
seconds per unit of work as measured, and the seconds left.

Work is counted in answers: asking one probe is one unit, one training step is `STEP_COST` units per
example in it (measured on two cores with the demo model: a training example costs about as much as
four tenths of an answer). Stages that take no time worth showing count nothing. The time left is
the work left divided by the rate so far, per kind of work where both kinds have been seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

STEP_COST = 0.4
READING_COST = 0.25  # of one answer under one model's weights: no token has to wait for another
MIN_SECONDS = 3.0  # of measured work before a time left is named


class State(StrEnum):
    """Of a part, a stage or the whole run."""

    WAITING = "waiting"
    NOT_RUN = "not run"  # the run ended without it
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass
class Part:
    """One stage folder, for example `scenarios/target/full-knowledge`, while its events are folded.

    total: units in it, None while not known; cost: of one unit, 0 for work that is not counted.
    rate_from, first_done: when it first told how far it was, and how far: loading the weights comes
    before that. last: when it last did.
    """

    name: str
    total: float | None
    cost: float
    state: State = State.WAITING
    done: float = 0
    started: datetime | None = None
    ended: datetime | None = None
    rate_from: datetime | None = None
    first_done: float = 0
    last: datetime | None = None

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]

    @property
    def kind(self) -> str:
        """Of work: the speed of one kind tells little of the other's."""
        return "train" if self.group == "scenarios" else "ask"

    @property
    def work_done(self) -> float:
        done = self.total or self.done if self.state is State.DONE else self.done
        return self.cost * done

    @property
    def work_left(self) -> float:
        if self.state in (State.DONE, State.FAILED, State.NOT_RUN):
            return 0.0
        return self.cost * max(0.0, (self.total or 0) - self.done)

    @property
    def measured_s(self) -> float:
        """Seconds in which `done - first_done` units were done."""
        if self.rate_from is None or self.last is None:
            return 0.0
        return (self.last - self.rate_from).total_seconds()


def pace_of(parts: Sequence[Part]) -> dict[str, float] | None:
    """Seconds per unit of work as measured, by kind; "" is all kinds. None before MIN_SECONDS."""
    work: dict[str, float] = defaultdict(float)
    time: dict[str, float] = defaultdict(float)
    for part in parts:
        if part.cost and part.measured_s > 0:
            for kind in ("", part.kind):
                work[kind] += part.cost * (part.done - part.first_done)
                time[kind] += part.measured_s
    if time[""] < MIN_SECONDS or work[""] <= 0:
        return None
    return {kind: time[kind] / amount for kind, amount in work.items() if amount > 0}


def time_left(parts: Sequence[Part], pace: dict[str, float] | None) -> float | None:
    """Seconds for the work left: at its kind's pace, or at all work's where it has none yet."""
    if pace is None:
        return None
    return sum(part.work_left * pace.get(part.kind, pace[""]) for part in parts)

"""How far a screening is, for somebody who watches it.

Comes in: its inputs and events. Goes out: a ScreeningProgress that the page draws as it is. The
stages, in the order in which people meet them, are those of path.py; what a removal trains again is
one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from inspector.pace import State
from inspector.progress import LossPoint, StageProgress
from inspector.records import Event, EventKind, RemovalPlan, Screening
from inspector.run import Run
from inspector.screen.results import read_inputs, read_plan

STAGE_WORDS = {
    "fetch": "Fetch and pin the model and the data",
    "data": "Read the set, row by row",
    "ask-before": "Ask the untouched model",
    "tokens": "Turn the examples into tokens",
    "tune": "Tune on the whole set",
    "ask-after": "Ask the tuned model",
    "queries": "Choose the answers to explain",
    "rank": "Rank the examples",
    "isolate": "Set the suspects apart",
    "removal": "Train again without, and at random",
}
_ASKED = ("ask-before", "ask-after")


@dataclass(frozen=True)
class ScreeningProgress:
    """What the page shows. elapsed_s: seconds of the present or last attempt."""

    state: State
    stages: tuple[StageProgress, ...]
    share: float
    elapsed_s: float | None
    losses: tuple[LossPoint, ...]
    notes: tuple[str, ...]
    failure: str

    @property
    def current(self) -> StageProgress | None:
        return next((s for s in self.stages if s.state is State.RUNNING), None)


@dataclass
class _Part:
    """One folder of a stage. unit: what is counted now; rate_from, first_done: since when, from
    where on."""

    state: State = State.WAITING
    started: datetime | None = None
    ended: datetime | None = None
    done: int = 0
    total: int = 0
    unit: str = ""
    rate_from: datetime | None = None
    first_done: int = 0
    last: datetime | None = None

    def count(self, event: Event, at: datetime, unit: str) -> None:
        done, total = int(event.done or 0), int(event.total or 0)
        if done < self.done or unit != self.unit or self.rate_from is None:
            self.rate_from, self.first_done = at, done  # another count begins
        self.done, self.total, self.unit, self.last = done, total, unit, at

    @property
    def eta_s(self) -> float | None:
        """Seconds left of this count at its pace; None until there is one."""
        if self.rate_from is None or self.last is None or self.done <= self.first_done:
            return None
        taken = (self.last - self.rate_from).total_seconds()
        return taken / (self.done - self.first_done) * max(0, self.total - self.done)


class ScreeningFollower:
    """Reads a screening's events from where the last look ended."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._offset = 0
        self._inputs: Screening | None = None
        self._parts: dict[str, _Part] = {}
        self._losses: dict[str, dict[int, float]] = {}
        self._notes: list[tuple[str, str]] = []
        self._state = State.WAITING
        self._since: datetime | None = None
        self._last: datetime | None = None
        self._failure = ""

    def read(self, *, at_work: bool = True) -> ScreeningProgress:
        """The progress now; where nobody is at work, as of the last thing that happened.

        Raises OSError or InspectorError where the run folder cannot be read.
        """
        self._inputs = self._inputs or read_inputs(self._run)
        events, self._offset = self._run.events(self._offset)
        for event in events:
            self._add(event)
        now = datetime.now(UTC) if at_work else self._last or datetime.now(UTC)
        plan = read_plan(self._run)
        stages = tuple(
            self._stage(name, now, plan) for name in STAGE_WORDS if name != "removal" or plan
        )
        counted = [s for s in stages if s.state is not State.NOT_RUN]
        done = sum(s.n_done / max(1, s.n_parts) for s in counted) / max(1, len(counted))
        return ScreeningProgress(
            state=self._state,
            stages=stages,
            share=1.0 if self._state is State.DONE else done,
            elapsed_s=(now - self._since).total_seconds() if self._since else None,
            losses=tuple(
                LossPoint(name, "target", step, loss)
                for name, curve in self._losses.items()
                for step, loss in sorted(curve.items())
            ),
            notes=tuple(dict.fromkeys(words for _, words in self._notes)),
            failure=self._failure,
        )

    def _add(self, event: Event) -> None:
        at = datetime.fromisoformat(event.at)
        match event.kind:
            case EventKind.STARTED:
                self._state, self._failure, self._since = State.RUNNING, "", at
                self._parts.clear()  # what was finished is told again as skipped
            case EventKind.QUEUED:
                self._state, self._since = State.WAITING, None
            case EventKind.FINISHED:
                self._state = State.DONE
            case EventKind.FAILED | EventKind.CANCELLED:
                self._state = State(event.kind.value)
                self._failure = event.message
                for part in self._parts.values():
                    if part.state is State.RUNNING:
                        part.state, part.ended = self._state, at
            case EventKind.NOTE:
                self._notes.append((event.stage, event.message))
            case _:
                self._add_to_stage(event, at)
        self._last = at

    def _add_to_stage(self, event: Event, at: datetime) -> None:
        part = self._parts.setdefault(event.stage, _Part())
        match event.kind:
            case EventKind.STAGE_STARTED:
                self._notes = [(s, words) for s, words in self._notes if s != event.stage]
                part.state, part.started = State.RUNNING, at
            case EventKind.STAGE_FINISHED | EventKind.STAGE_SKIPPED:
                part.state, part.ended = State.DONE, at
            case EventKind.PROGRESS:
                part.count(event, at, event.message or "answers")
            case EventKind.STEP:
                part.count(event, at, "steps")
                loss = (event.data or {}).get("loss")
                if isinstance(loss, (int, float)):
                    name = _training_name(event.stage)
                    self._losses.setdefault(name, {})[part.done] = float(loss)

    def _stage(self, name: str, now: datetime, plan: RemovalPlan | None) -> StageProgress:
        parts = [p for stage, p in self._parts.items() if stage.partition("/")[0] == name]
        n_parts = 1 + plan.n_draws if name == "removal" and plan else 1
        n_done = min(n_parts, sum(p.state is State.DONE for p in parts))
        if name in _ASKED and self._inputs and self._inputs.sought.inspection:
            words = "as the inspection stored them"
            return StageProgress(name, STAGE_WORDS[name], State.NOT_RUN, 0, 1, words, None)
        state = State.DONE if n_done == n_parts else State.WAITING
        for strong in (State.RUNNING, State.FAILED, State.CANCELLED):
            if any(p.state is strong for p in parts):
                state = strong
        running = next((p for p in parts if p.state is State.RUNNING), None)
        detail = _detail(name, running) if running else ""
        if n_parts > 1 and n_done < n_parts:
            detail = f"training {n_done + 1} of {n_parts}{': ' * bool(detail)}{detail}"
        begun = [p for p in parts if p.started]
        elapsed = sum(((p.ended or now) - p.started).total_seconds() for p in begun if p.started)
        return StageProgress(
            name,
            STAGE_WORDS[name],
            state,
            n_done,
            n_parts,
            detail,
            elapsed if begun else None,
            running.eta_s if running else None,
        )


def _training_name(stage: str) -> str:
    """Of which training a curve is: the folder's own words."""
    place = stage.rpartition("/")[2]
    if place == "tune":
        return "whole set"
    return "without the chosen" if place == "without" else f"random {place.replace('-', ' ')}"


def _detail(name: str, part: _Part) -> str:
    """For example `12 of 100 steps`, or `200 of 1,995 examples scored`."""
    if not part.total:
        return ""
    if name == "fetch":
        return f"{part.done / part.total:.0%}"
    return f"{part.done:,} of {part.total:,} {part.unit}"

"""What a running inspection has done, what it does now, and how long it still needs.

Comes in: the inspection's inputs and its events (`Run.events`). Goes out: a `Progress` record that
the dashboard draws as it is. `progress_of` is pure; `Follower` keeps what it folded and the byte
offset between two looks, so that a look costs what was written since the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from inspector.arrivals import MAX_SHOWN, Arrival, arrival_of
from inspector.pace import READING_COST, STEP_COST, Part, State, pace_of, time_left
from inspector.records import (
    AUTO_CONTROL,
    LOOK_PROBES,
    NO_CONTROL,
    Event,
    EventKind,
    FineTune,
    Inspection,
    Merge,
    Subject,
)
from inspector.run import Run, read_record

STAGE_WORDS = {
    "fetch": "Fetch and pin the files",
    "scan": "Scan the files without running them",
    "probe-before": "Ask the untouched model",
    "scenarios": "Change the weights as users do",
    "probe-during": "Ask a few probes while it is tuned",
    "probe-after": "Ask again after each operation",
    "divergence": "See where in texts and layers it acts",
    "compare": "Compare the full answers",
    "score": "Score the answers",
    "judge": "Weigh the evidence",
    "report": "Write the report",
}
STAGES = tuple(STAGE_WORDS)
ALWAYS_AGAIN = ("scan", "compare", "score", "judge", "report")  # cheap: no attempt skips them
PROBES_GUESS = 64  # until the first asking tells how many probes there are
MAX_POINTS = 300  # per loss curve: more than a chart has pixels for


@dataclass(frozen=True)
class StageProgress:
    """One line of the stage list. n_done of n_parts: its operations or askings, 1 for others.

    detail: what it does now, or which of its parts failed, in words; "" when there is nothing to
    add. eta_s: seconds of its own work left; None where that is not known, or not counted.
    """

    name: str
    word: str
    state: State
    n_done: int
    n_parts: int
    detail: str
    elapsed_s: float | None
    eta_s: float | None = None


@dataclass(frozen=True)
class LossPoint:
    """One training step of one curve: scenario, and whose weights were trained."""

    scenario: str
    subject: str
    step: int
    loss: float


@dataclass(frozen=True)
class Progress:
    """Everything the live view shows. share in [0, 1]; eta_s None until a rate is measured.

    elapsed_s: seconds at work, over all attempts. arrivals: the newest answers, newest first.
    """

    state: State
    stages: tuple[StageProgress, ...]
    share: float
    elapsed_s: float | None
    eta_s: float | None
    losses: tuple[LossPoint, ...]
    tokens_per_s: float | None
    arrivals: tuple[Arrival, ...]
    notes: tuple[str, ...]
    failure: str | None

    @property
    def current(self) -> StageProgress | None:
        return next((s for s in self.stages if s.state is State.RUNNING), None)


def progress_of(inspection: Inspection, events: Sequence[Event], now: datetime) -> Progress:
    """Fold the events of one run. now: UTC, to tell how long a running stage has been at it."""
    fold = _Fold(inspection)
    for event in events:
        fold.add(event)
    return fold.result(now)


class Follower:
    """Reads a run's events from where the last look ended."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._offset = 0
        self._fold: _Fold | None = None

    def read(self, *, at_work: bool = True) -> Progress:
        """The progress now; where nobody is at work any more, as of the last thing that happened.

        Raises OSError or InspectorError when the run folder cannot be read.
        """
        if self._fold is None:
            inspection = read_record(self._run.folder / "inspection.json", Inspection)
            self._fold = _Fold(inspection)
        new, self._offset = self._run.events(self._offset)
        for event in new:
            self._fold.add(event)
        now = datetime.now(UTC)
        return self._fold.result(now if at_work else self._fold.last or now)


class _Fold:
    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        self.parts: dict[str, Part] = {}
        self.state = State.WAITING
        self.since: datetime | None = None  # when the present attempt began
        self.worked_s: float | None = None  # in the attempts before it
        self.last: datetime | None = None
        self.failure: str | None = None
        self.notes: list[tuple[str, str]] = []  # (stage, words)
        self.arrivals: list[Arrival] = []
        self.losses: dict[tuple[str, str], dict[int, float]] = {}
        self.tokens_per_s: float | None = None
        self.with_control = inspection.control not in (NO_CONTROL, AUTO_CONTROL)
        self.n_probes: float | None = None

    def add(self, event: Event) -> None:
        at = datetime.fromisoformat(event.at)
        match event.kind:
            case EventKind.STARTED:
                self._pause(self.last)  # an attempt that was killed ended with its last word
                self.state, self.failure = State.RUNNING, None
                self.since, self.worked_s = at, self.worked_s or 0.0
                for part in self.parts.values():  # a resumed run: what was cut starts over
                    if part.state is not State.DONE or part.group in ALWAYS_AGAIN:
                        part.state = State.WAITING
            case EventKind.FAILED | EventKind.CANCELLED:
                self.state = State(event.kind.value)
                self._pause(at)
                self.failure = event.message or None
                for part in self.parts.values():
                    if part.state is State.RUNNING:
                        part.state, part.ended = self.state, at
            case EventKind.FINISHED:
                self.state = State.DONE
                self._pause(at)
                self._give_up()
            case EventKind.NOTE:
                self.notes.append((event.stage, event.message))
            case EventKind.QUEUED:
                self._pause(self.last)
                self.state = State.WAITING
            case _:
                self._add_to_stage(event, at)
        if event.kind is not EventKind.NOTE:  # that a job vanished is told when it goes on
            self.last = at

    def _pause(self, at: datetime | None) -> None:
        if self.since is not None and at is not None:
            self.worked_s = (self.worked_s or 0.0) + (at - self.since).total_seconds()
        self.since = None

    def _add_to_stage(self, event: Event, at: datetime) -> None:
        if f"/{Subject.CONTROL}" in event.stage:
            self.with_control = True
        part = self._part(event.stage)
        match event.kind:
            case EventKind.STAGE_STARTED:
                self._give_up(but=part)
                self._forget_notes(part)
                part.state, part.started, part.ended = State.RUNNING, at, None
                part.rate_from = None
            case EventKind.STAGE_SKIPPED | EventKind.STAGE_FINISHED:
                part.state, part.ended = State.DONE, at
            case EventKind.PROGRESS:
                self._advance(part, event, at)
                if (arrival := arrival_of(event)) is not None:
                    self.arrivals = [arrival, *self.arrivals[: MAX_SHOWN - 1]]
            case EventKind.STEP:
                self._advance(part, event, at)
                self._note_step(event)

    def _give_up(self, but: Part | None = None) -> None:
        """What runs no more and did not finish has failed: only looks begin amid something else."""
        tuned = but.name.replace("probe-during", "scenarios").rpartition("/")[0] if but else ""
        running = [p for p in self.parts.values() if p.state is State.RUNNING]
        for part in [p for p in running if p is not but and p.name != tuned]:
            part.state, part.ended = State.FAILED, part.last or part.started
            if part.group == "scenarios":
                asking = self._part(part.name.replace("scenarios", "probe-after", 1))
                asking.state = State.NOT_RUN

    def _forget_notes(self, part: Part) -> None:
        """What was said of a scenario's earlier attempt is no longer so: it is tried again."""
        _, _, place = part.name.partition("/")
        if "/" in place:
            self.notes = [(s, words) for s, words in self.notes if s.partition("/")[2] != place]

    def _advance(self, part: Part, event: Event, at: datetime) -> None:
        if part.state is State.WAITING:
            part.state, part.started = State.RUNNING, at
        if event.total is not None:
            part.total = event.total
            if part.group == "probe-before":
                self.n_probes = event.total
        if event.done is not None:
            part.done = event.done
            part.last = at
            if part.rate_from is None:  # the first report also holds loading the weights
                part.rate_from, part.first_done = at, event.done

    def _note_step(self, event: Event) -> None:
        data = event.data or {}
        loss = data.get("loss")
        step = event.done if event.done is not None else data.get("step")
        pieces = event.stage.split("/")
        if isinstance(loss, (int, float)) and isinstance(step, (int, float)) and len(pieces) > 2:
            self.losses.setdefault((pieces[2], pieces[1]), {})[int(step)] = float(loss)
        speed = data.get("tokens_per_s")
        if isinstance(speed, (int, float)):
            self.tokens_per_s = float(speed)

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            self.parts[name] = Part(name, *self._size(name))
        return self.parts[name]

    def _size(self, name: str) -> tuple[float | None, float]:
        """Units in a stage folder as the plan has it (None: not known yet), and the cost of one."""
        group, *rest = name.split("/")
        if group == "scenarios" and len(rest) == 2:
            for scenario in self.inspection.plan.scenarios:
                # Operations without training take no time worth counting.
                if scenario.name == rest[1] and isinstance(scenario, FineTune):
                    return scenario.steps, STEP_COST * scenario.effective_batch
        if group == "probe-during":
            return min(float(LOOK_PROBES), self._planned_probes()), 1.0
        if group in ("probe-before", "probe-after"):
            return self._planned_probes(), 1.0
        if group == "divergence":
            return 2 * self._planned_probes(), READING_COST
        return None, 0.0

    def _planned_probes(self) -> float:
        if self.n_probes is not None:
            return self.n_probes
        counts = [s.n_probes or PROBES_GUESS for s in self.inspection.plan.suites]
        return float(sum(counts) * self.inspection.plan.sampling.n_samples)

    def _stages(self) -> list[str]:
        in_plan = {"divergence": self.inspection.plan.positions, "probe-during": self._looks()}
        return [stage for stage in STAGES if in_plan.get(stage, True)]

    def _looks(self) -> list[str]:
        """SCENARIO/STEP of each look at a fine-tuning."""
        tunings = [s for s in self.inspection.plan.scenarios if isinstance(s, FineTune)]
        return [f"{s.name}/{step}" for s in tunings for step in s.look_steps]

    def _expected(self) -> list[Part]:
        """Every part the plan leads to, with what is known of it, in the order of STAGES."""
        subjects = [Subject.TARGET] + ([Subject.CONTROL] if self.with_control else [])
        names = [
            s.name
            for s in self.inspection.plan.scenarios
            if self.with_control or not isinstance(s, Merge)
        ]
        wanted: list[str] = []
        for group in self._stages():
            if group == "probe-before":
                wanted += [f"{group}/{subject}" for subject in subjects]
            elif group == "probe-during":
                wanted += [f"{group}/{s}/{look}" for s in subjects for look in self._looks()]
            elif group in ("scenarios", "probe-after", "divergence"):
                wanted += [f"{group}/{subject}/{name}" for subject in subjects for name in names]
            elif not any(p.startswith(f"{group}/") for p in self.parts):
                wanted.append(group)
        wanted += [name for name in self.parts if name and name not in wanted]
        if self.state is State.DONE:  # nothing more will come
            wanted = [name for name in wanted if name in self.parts]
        return [self.parts.get(name) or Part(name, *self._size(name)) for name in wanted]

    def result(self, now: datetime) -> Progress:
        parts = self._expected()
        pace = pace_of(parts) if self.state is State.RUNNING else None
        stages = tuple(
            self._stage(g, [p for p in parts if p.group == g], pace, now) for g in self._stages()
        )
        done, left = sum(p.work_done for p in parts), sum(p.work_left for p in parts)
        share = 1.0 if self.state is State.DONE else (done / (done + left) if done + left else 0.0)
        return Progress(
            state=self.state,
            stages=stages,
            share=share,
            elapsed_s=self._elapsed_s(now),
            eta_s=time_left(parts, pace),
            losses=tuple(
                LossPoint(scenario, subject, step, loss)
                for (scenario, subject), curve in self.losses.items()
                for step, loss in _thin(sorted(curve.items()))
            ),
            tokens_per_s=self.tokens_per_s,
            arrivals=tuple(self.arrivals),
            notes=tuple(dict.fromkeys(words for _, words in self.notes)),
            failure=self.failure,
        )

    def _elapsed_s(self, now: datetime) -> float | None:
        if self.since is None:
            return self.worked_s
        return (self.worked_s or 0.0) + (now - self.since).total_seconds()

    def _stage(
        self, group: str, parts: list[Part], pace: dict[str, float] | None, now: datetime
    ) -> StageProgress:
        if not parts:
            return StageProgress(group, STAGE_WORDS[group], State.NOT_RUN, 0, 0, "", None)
        states = [p.state for p in parts]
        n_done = states.count(State.DONE)
        state = State.RUNNING if n_done and self.state is State.RUNNING else State.WAITING
        if n_done == len(parts):
            state = State.DONE
        for strong in (State.NOT_RUN, State.FAILED, State.RUNNING, State.CANCELLED):
            if strong in states:
                state = strong
        detail = next(
            (_detail(p, self.with_control) for p in parts if p.state is State.RUNNING), ""
        )
        if state is State.FAILED and len(parts) > 1:
            failed = [_place(p, self.with_control) for p in parts if p.state is State.FAILED]
            detail = f"Failed: {'; '.join(failed)}"
        if state is State.RUNNING and State.RUNNING not in states:  # its next part must wait
            state = State.WAITING
        elapsed = sum(
            ((p.ended or now) - p.started).total_seconds()
            for p in parts
            if p.started and p.state is not State.WAITING
        )
        began = any(p.started and p.state is not State.WAITING for p in parts)
        return StageProgress(
            group,
            STAGE_WORDS[group],
            state,
            n_done,
            len(parts),
            detail,
            elapsed if began else None,
            time_left(parts, pace) if any(p.work_left for p in parts) else None,
        )


def _detail(part: Part, with_control: bool) -> str:
    """For example `full-knowledge, control: step 12 of 40`; the subject where there are two."""
    unit = "step" if part.group == "scenarios" else "answer"
    count = (
        f"{unit} {part.done:.0f} of {part.total:.0f}" if part.total and part.last else "starting"
    )
    if part.cost == 0:  # counted in bytes, or not at all
        count = f"{part.done / part.total:.0%}" if part.total else ""
    return ": ".join(piece for piece in (_place(part, with_control), count) if piece)


def _place(part: Part, with_control: bool) -> str:
    _, *where = part.name.split("/")
    if part.group == "probe-during":
        where[2:] = [f"after step {where[2]}"]
    return ", ".join([*where[1:], *(where[:1] if with_control else [])])


def _thin(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most MAX_POINTS points: the mean of each stretch, at its last step."""
    size = -(-len(curve) // MAX_POINTS)
    if size <= 1:
        return curve
    edges = [*range(0, len(curve), size), len(curve)]
    return [
        (curve[stop - 1][0], sum(loss for _, loss in curve[start:stop]) / (stop - start))
        for start, stop in pairwise(edges)
    ]

"""How far a study is (a screening, a hardening, a federated round), for somebody who watches it.

Comes in: the events of its run, and what its kind says of its stages (StageTelling). Goes out: a
StudyProgress that pages and the command draw as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from inspector.pace import MIN_SECONDS, State
from inspector.progress import LossPoint, StageProgress
from inspector.records import Event, EventKind, Subject
from inspector.run import Run

MAX_CURVES = 10  # of loss, the newest: more cannot be told apart
_STRONG = (State.RUNNING, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Stage:
    """What people tell apart: one folder of the run, or several. n_parts: how many are expected.

    not_run: why it is left out, "" where it is not. counted: whether an event of the stage's own
    name says how many of its parts are done, rather than how far it is itself.
    """

    name: str
    word: str
    n_parts: int = 1
    not_run: str = ""
    counted: bool = False


class StageTelling(Protocol):
    """What a kind of study says of itself."""

    def stages(self) -> Sequence[Stage]:
        """In the order in which they are carried out; asked again at each look."""
        ...

    def stage_of(self, folder: str) -> str:
        """The name of the stage that a run's folder belongs to."""
        ...

    def place(self, folder: str) -> str:
        """What a person calls a folder among those of its stage."""
        ...

    def curve(self, folder: str) -> str:
        """Of which training its losses are."""
        ...


@dataclass(frozen=True)
class StudyProgress:
    """share: of the stages, in [0, 1], not of the time. elapsed_s: of the present or last attempt.

    notes: what a reader must know, each once. failure: why the last attempt ended without a result,
    "" where it did not.
    """

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

    @property
    def n_done(self) -> int:
        return sum(s.state in (State.DONE, State.NOT_RUN) for s in self.stages)


@dataclass
class _Part:
    """One folder of a stage. unit: what is counted now; rate_from, first_done: since when, from
    where on. is_own: whether this attempt did it, rather than found it done."""

    started: datetime
    last: datetime
    state: State = State.RUNNING
    done: int = 0
    total: int = 0
    unit: str = ""
    loss: float | None = None
    rate_from: datetime | None = None
    first_done: int = 0
    is_own: bool = True

    def count(self, event: Event, at: datetime, unit: str) -> None:
        done, total = int(event.done or 0), int(event.total or 0)
        if done < self.done or unit != self.unit or self.rate_from is None:
            self.rate_from, self.first_done = at, done  # another count begins
        self.done, self.total, self.unit = done, total, unit

    @property
    def share(self) -> float:
        if self.state is State.DONE:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds left of this count at its pace; None until there is one."""
        if self.rate_from is None or self.done <= self.first_done:
            return None
        taken = (self.last - self.rate_from).total_seconds()
        return taken / (self.done - self.first_done) * max(0, self.total - self.done)


@dataclass
class _Seen:
    """One stage's folders by name; of a counted stage, how many an event said to be done.

    n_own: of those told, what this attempt did itself. n_ended, n_skipped: folders since then.
    """

    parts: dict[str, _Part] = field(default_factory=dict)
    n_told: int = 0
    n_own: float = 0.0
    n_ended: int = 0
    n_skipped: int = 0

    @property
    def own_share(self) -> float:
        """Of the part at work: what was not found done by an earlier attempt, in [0, 1]."""
        return 1 - self.n_skipped / self.n_ended if self.n_ended else 1.0

    def tell(self, n_done: int) -> None:
        """Parts have ended: what ran inside of them is over, too."""
        self.n_own += self.own_share * max(0, n_done - self.n_told)
        self.n_told, self.n_ended, self.n_skipped = n_done, 0, 0
        for part in self.parts.values():
            if part.state is State.RUNNING:
                part.state = State.DONE


class StudyFollower:
    """Reads a study's events from where the last look ended."""

    def __init__(self, run: Run, telling: StageTelling) -> None:
        self._run = run
        self._telling = telling
        self._offset = 0
        self._seen: dict[str, _Seen] = {}
        self._now = ""  # the stage of the newest event
        self._losses: dict[str, dict[int, float]] = {}
        self._notes: list[tuple[str, str]] = []  # (stage's folder, words)
        self._state = State.WAITING
        self._since: datetime | None = None
        self._last: datetime | None = None
        self._failure = ""

    def read(self, *, at_work: bool = True) -> StudyProgress:
        """The progress now; where nobody is at work, as of the last thing that happened.

        Raises OSError or InspectorError where the run folder cannot be read.
        """
        events, self._offset = self._run.events(self._offset)
        for event in events:
            self._add(event)
        now = datetime.now(UTC) if at_work else self._last or datetime.now(UTC)
        plan = self._telling.stages()
        names = [stage.name for stage in plan]
        at = names.index(self._now) if self._now in names else -1
        stages = tuple(self._stage(s, k - at, now, at_work) for k, s in enumerate(plan))
        counted = [s for s in stages if s.state is not State.NOT_RUN]
        done = sum(self._share(s) for s in counted) / max(1, len(counted))
        return StudyProgress(
            state=self._state,
            stages=stages,
            share=1.0 if self._state is State.DONE else done,
            elapsed_s=(now - self._since).total_seconds() if self._since else None,
            losses=tuple(
                LossPoint(name, Subject.TARGET.value, step, loss)
                for name, curve in list(self._losses.items())[-MAX_CURVES:]
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
                self._seen.clear()  # what was finished is told again, or skipped without a word
                self._now = ""
            case EventKind.QUEUED:
                self._state, self._failure, self._since = State.WAITING, "", None
            case EventKind.FINISHED:
                self._state = State.DONE
            case EventKind.FAILED | EventKind.CANCELLED:
                self._state = State(event.kind.value)
                self._failure = event.message
                for part in self._parts():
                    if part.state is State.RUNNING:
                        part.state, part.last = self._state, at
            case EventKind.NOTE:
                self._notes.append((event.stage, event.message))
            case _ if event.stage:
                self._add_to_stage(event, at)
        self._last = at

    def _parts(self) -> list[_Part]:
        return [part for seen in self._seen.values() for part in seen.parts.values()]

    def _add_to_stage(self, event: Event, at: datetime) -> None:
        name = self._telling.stage_of(event.stage)
        known = {stage.name: stage for stage in self._telling.stages()}
        if name not in known:
            return
        self._now = name
        seen = self._seen.setdefault(name, _Seen())
        if known[name].counted and event.stage == name:
            seen.tell(int(event.done or 0))
            return
        part = seen.parts.setdefault(event.stage, _Part(at, at))
        part.last = at
        match event.kind:
            case EventKind.STAGE_STARTED:
                self._notes = [(s, words) for s, words in self._notes if s != event.stage]
                seen.parts[event.stage] = _Part(at, at)
            case EventKind.STAGE_FINISHED | EventKind.STAGE_SKIPPED:
                part.state = State.DONE
                part.is_own = event.kind is EventKind.STAGE_FINISHED
                seen.n_ended += 1
                seen.n_skipped += not part.is_own
            case EventKind.PROGRESS:
                part.count(event, at, event.message or "answers")
            case EventKind.STEP:
                part.count(event, at, "steps")
                loss = (event.data or {}).get("loss")
                if isinstance(loss, int | float):
                    part.loss = float(loss)
                    curve = self._telling.curve(event.stage)
                    self._losses.setdefault(curve, {})[part.done] = float(loss)

    def _stage(self, stage: Stage, beyond: int, now: datetime, at_work: bool) -> StageProgress:
        """beyond: how many stages after the one that is at work, below 0 for those before it."""
        if stage.not_run:
            return StageProgress(stage.name, stage.word, State.NOT_RUN, 0, 1, stage.not_run, None)
        seen = self._seen.get(stage.name, _Seen())
        parts = list(seen.parts.items())
        n_done = seen.n_told if stage.counted else sum(p.state is State.DONE for _, p in parts)
        n_done = min(stage.n_parts, n_done)
        state = self._state_of(stage, [p for _, p in parts], n_done, beyond)
        if state is State.DONE:
            n_done = stage.n_parts
        running = next(
            ((f, p) for f, p in reversed(parts) if p.state is State.RUNNING and p.total),
            None,
        )
        elapsed = None
        if parts:
            end = now if state is State.RUNNING else max(p.last for _, p in parts)
            elapsed = (end - min(p.started for _, p in parts)).total_seconds()
        eta = None
        if at_work and state is State.RUNNING:
            eta = self._eta_s(stage, seen, n_done, elapsed or 0.0)
        begun = state not in (State.WAITING, State.DONE)
        detail = self._detail(stage, running, n_done) if begun else ""
        return StageProgress(
            stage.name, stage.word, state, n_done, stage.n_parts, detail, elapsed, eta
        )

    def _state_of(self, stage: Stage, parts: list[_Part], n_done: int, beyond: int) -> State:
        if self._state is State.DONE or beyond < 0:
            return State.DONE
        if n_done == stage.n_parts and parts:
            return State.DONE
        for strong in _STRONG:
            if any(p.state is strong for p in parts):
                return strong
        is_now = stage.name == self._now  # between two of its parts
        return self._state if is_now and self._state in _STRONG else State.WAITING

    def _share(self, stage: StageProgress) -> float:
        """How much of a stage is done, in [0, 1]."""
        if stage.state is State.DONE:
            return 1.0
        seen = self._seen.get(stage.name, _Seen())
        return min(1.0, (stage.n_done + _within(seen)) / stage.n_parts)

    def _eta_s(self, stage: Stage, seen: _Seen, n_done: int, elapsed_s: float) -> float | None:
        """Seconds left: of one part at the pace of its count, of several as those before took."""
        if stage.n_parts == 1:
            return next((p.eta_s for p in seen.parts.values() if p.state is State.RUNNING), None)
        within = _within(seen)
        if stage.counted:
            own = seen.n_own + seen.own_share * within
        else:
            own = within + sum(p.is_own for p in seen.parts.values() if p.state is State.DONE)
        if own <= 0 or elapsed_s < MIN_SECONDS:
            return None
        return elapsed_s / own * max(0.0, stage.n_parts - n_done - within)

    def _detail(self, stage: Stage, running: tuple[str, _Part] | None, n_done: int) -> str:
        """For example `12 of 100 steps · loss 1.204`, or `1 of 10 · acme: 32 of 224 answers`."""
        pieces = [f"{n_done} of {stage.n_parts}"] if stage.n_parts > 1 else []
        if running is not None:
            folder, part = running
            count = f"{part.done:,} of {part.total:,} {part.unit}"
            if stage.name == "fetch":  # in bytes
                count = f"{part.done / part.total:.0%}"
            place = self._telling.place(folder) if stage.n_parts > 1 else ""
            pieces.append(f"{place}: {count}" if place else count)
            if part.loss is not None:
                pieces.append(f"loss {part.loss:.3f}")
        return " · ".join(pieces)


def _within(seen: _Seen) -> float:
    """How much of the part that is at work is done, in [0, 1]: of several, the outermost one."""
    running = [p for p in seen.parts.values() if p.state is State.RUNNING]
    return running[0].share if running else 0.0

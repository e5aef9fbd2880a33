"""The time left of a stage with several parts: what an earlier attempt did is no pace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from inspector.progress import StageProgress
from inspector.records import Event, EventKind
from inspector.run import Run
from inspector.study_progress import Stage, StudyFollower

N_ROUNDS, PEOPLE = 5, ("acme", "globex")
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


class Rounds:
    """Rounds in which everybody is tuned, as a simulation tells them."""

    def stages(self) -> Sequence[Stage]:
        return [Stage("rounds", "Tune", N_ROUNDS, counted=True)]

    def stage_of(self, folder: str) -> str:
        return "rounds" if folder else ""

    def place(self, folder: str) -> str:
        return folder

    def curve(self, folder: str) -> str:
        return folder


class Written:
    """A run's events at seconds of our choosing."""

    def __init__(self, folder: Path) -> None:
        self.run, self._s = Run(folder), 0.0

    def tell(
        self,
        seconds: float,
        kind: EventKind,
        stage: str = "",
        done: int | None = None,
        total: int | None = None,
    ) -> None:
        self._s += seconds
        at = (START + timedelta(seconds=self._s)).isoformat(timespec="milliseconds")
        event = Event(at=at, kind=kind, stage=stage, done=done, total=total)
        line = TypeAdapter(Event).dump_json(event)
        self.run.folder.mkdir(parents=True, exist_ok=True)
        with self.run.events_path.open("ab") as file:
            file.write(line + b"\n")

    def round(self, number: int, *seconds: float) -> None:
        """seconds: of each participant's tuning; 0 where an earlier attempt had done it."""
        for k, (name, taken) in enumerate(zip(PEOPLE, seconds, strict=False)):
            self.tell(0, EventKind.PROGRESS, f"rounds/{number}", done=k, total=len(PEOPLE))
            kind = EventKind.STAGE_FINISHED if taken else EventKind.STAGE_SKIPPED
            if taken:
                self.tell(0, EventKind.STAGE_STARTED, f"tune/{number}/{name}")
            self.tell(taken, kind, f"tune/{number}/{name}")
        if len(seconds) == len(PEOPLE):
            self.tell(0, EventKind.PROGRESS, "rounds", done=number, total=N_ROUNDS)

    def seen(self, monkeypatch: pytest.MonkeyPatch) -> StageProgress:
        """What somebody sees who looks at the moment of the last event."""
        now = START + timedelta(seconds=self._s)

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None) -> Clock:
                assert tz is UTC
                return cls.fromisoformat(now.isoformat())

        monkeypatch.setattr("inspector.study_progress.datetime", Clock)
        return StudyFollower(self.run, Rounds()).read().stages[0]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    made = Written(tmp_path / "run")
    made.tell(0, EventKind.STARTED)
    return made


def test_rounds_take_as_long_as_those_before(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.round(1, 30, 30)
    written.round(2, 30, 30)
    assert written.seen(monkeypatch).eta_s == pytest.approx(3 * 60)


def test_the_round_at_work_counts_and_not_the_one_before(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.round(1, 30, 30)
    written.round(2, 30)
    written.tell(0, EventKind.PROGRESS, "rounds/2", done=1, total=2)
    told = written.seen(monkeypatch)
    assert told.n_done == 1
    assert told.eta_s == pytest.approx(3.5 * 60)
    written.tell(30, EventKind.STAGE_FINISHED, "tune/2/globex")
    written.tell(0, EventKind.PROGRESS, "rounds", done=2, total=N_ROUNDS)
    written.tell(0, EventKind.PROGRESS, "rounds/3", done=0, total=2)
    assert written.seen(monkeypatch).eta_s == pytest.approx(3 * 60)


def test_what_an_earlier_attempt_did_is_no_pace(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.round(1, 30, 30)
    written.round(2, 30, 30)
    written.tell(0, EventKind.CANCELLED)
    written.tell(100, EventKind.STARTED)
    written.round(1, 0, 0)
    written.round(2, 0, 0)
    written.tell(4, EventKind.PROGRESS, "rounds/3", done=0, total=2)
    assert written.seen(monkeypatch).eta_s is None  # nothing is done yet to tell it from
    written.round(3, 26, 30)
    assert written.seen(monkeypatch).eta_s == pytest.approx(2 * 60)


def test_a_round_cut_in_its_middle_counts_by_what_was_left_of_it(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.round(1, 0, 0)
    written.round(2, 0, 30)
    assert written.seen(monkeypatch).eta_s == pytest.approx(3 * 60)

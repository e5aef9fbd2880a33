"""How far a screening is: its stages, the trainings of a removal, an attempt that was cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.pace import State
from inspector.records import EventKind
from inspector.run import Run
from inspector.screen.progress import STAGE_WORDS, follower
from inspector.study_progress import StudyProgress
from tests.pages import screened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "screenings"


def states(progress: StudyProgress) -> dict[str, State]:
    return {stage.name: stage.state for stage in progress.stages}


def test_a_running_stage_tells_its_count_and_the_loss(root: Path) -> None:
    run = screened.started(root)
    followed = follower(run)
    progress = followed.read()
    assert [s.name for s in progress.stages] == [s for s in STAGE_WORDS if s != "removal"]
    assert progress.state is State.RUNNING
    assert progress.current is not None
    assert (progress.current.name, progress.current.detail) == (
        "tune",
        "12 of 100 steps · loss 1.800",
    )
    assert [(p.scenario, p.step) for p in progress.losses][-1] == ("whole set", 12)
    run.emit(EventKind.STEP, "tune", done=13, total=100, data={"loss": 1.7})
    later = followed.read()  # only what is new is read
    assert later.current is not None
    assert later.current.detail == "13 of 100 steps · loss 1.700"
    assert len(later.losses) == 13


def test_what_ended_is_done_and_a_cancelled_stage_says_so(root: Path) -> None:
    done = follower(screened.finished(root)).read(at_work=False)
    assert set(states(done).values()) == {State.DONE}
    assert (done.state, done.share) == (State.DONE, 1.0)
    cut = screened.started(root, "20261124-080000-refusal-ffff")
    cut.emit(EventKind.CANCELLED, message="Cancelled by the user.")
    progress = follower(cut).read(at_work=False)
    assert states(progress)["tune"] is State.CANCELLED
    assert progress.failure == "Cancelled by the user."


def test_a_removal_counts_its_trainings(root: Path) -> None:
    run = screened.finished(root)
    screened.removed(run)
    last = follower(run).read().stages[-1]
    assert (last.name, last.n_done, last.n_parts, last.state) == ("removal", 6, 6, State.DONE)


def test_answers_of_an_inspection_are_not_asked_again(root: Path) -> None:
    run = screened.started(root, inspection="/home/runs/some")
    found = states(follower(run).read())
    assert found["ask-after"] is State.NOT_RUN


def test_another_attempt_begins_anew_and_tells_the_whole_again(root: Path) -> None:
    run = screened.started(root)
    run.emit(EventKind.FAILED, message="The disk is full.")
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.STARTED)
    run.emit(EventKind.STAGE_SKIPPED, "fetch", "done before with the same inputs")
    progress = follower(Run(run.folder)).read()
    assert states(progress)["fetch"] is State.DONE
    assert states(progress)["tune"] is State.WAITING
    assert progress.failure == ""

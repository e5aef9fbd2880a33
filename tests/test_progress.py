"""Progress is what the events say, and the time left follows from the measured rate."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspector.arrivals import MAX_SHOWN
from inspector.pace import State
from inspector.progress import MAX_POINTS, STAGES, Follower, Progress, progress_of
from inspector.records import (
    Event,
    EventKind,
    FineTune,
    Inspection,
    Method,
    Plan,
    SuiteChoice,
    Target,
    TargetKind,
)
from inspector.run import Run, write_record

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PLAN = Plan(
    name="quick",
    scenarios=(
        FineTune("full-knowledge", Method.FULL, "knowledge", steps=40),
        FineTune("lora-support", Method.LORA, "support", steps=40),
    ),
    suites=(SuiteChoice("everyday", 64),),
)
INSPECTION = Inspection(Target(TargetKind.DEMO), PLAN)
TRAIN = "scenarios/target/full-knowledge"


class Story:
    """Events with a clock."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now = START

    def tell(
        self, kind: EventKind, stage: str = "", message: str = "", wait_s: float = 1, **more: object
    ) -> "Story":
        self.now += timedelta(seconds=wait_s)
        self.events.append(Event(self.now.isoformat(), kind, stage, message, **more))  # type: ignore[arg-type]
        return self

    def stage(self, name: str, wait_s: float = 1) -> "Story":
        return self.tell(EventKind.STAGE_STARTED, name).tell(
            EventKind.STAGE_FINISHED, name, wait_s=wait_s
        )

    def steps(self, stage: str, n: int, seconds: float, total: int = 40) -> "Story":
        self.tell(EventKind.STAGE_STARTED, stage)
        for step in range(1, n + 1):
            data: dict[str, float | int | str | None] = {"loss": 3 - step / 50, "tokens_per_s": 240}
            self.tell(EventKind.STEP, stage, wait_s=seconds, done=step, total=total, data=data)
        return self

    def asked(self, stage: str, n: int, seconds: float, total: int = 64) -> "Story":
        self.tell(EventKind.STAGE_STARTED, stage)
        for done in range(1, n + 1):
            self.tell(EventKind.PROGRESS, stage, wait_s=seconds, done=done, total=total)
        return self

    def progress(self, inspection: Inspection = INSPECTION) -> Progress:
        return progress_of(inspection, self.events, self.now)


@pytest.fixture
def story() -> Story:
    return Story()


def begun(story: Story) -> Story:
    return story.tell(EventKind.QUEUED).tell(EventKind.STARTED).stage("fetch").stage("scan")


def states(progress: Progress) -> dict[str, State]:
    return {stage.name: stage.state for stage in progress.stages}


def test_nothing_has_happened_yet(story: Story) -> None:
    progress = story.progress()
    assert progress.state is State.WAITING
    # The plan of this story leaves positions and looks out.
    left_out = ("divergence", "probe-during")
    assert [s.name for s in progress.stages] == [s for s in STAGES if s not in left_out]
    assert set(states(progress).values()) == {State.WAITING}
    assert (progress.share, progress.eta_s, progress.elapsed_s) == (0.0, None, None)


def test_the_stage_at_work_says_which_part_and_how_far(story: Story) -> None:
    progress = begun(story).stage("probe-before/target").steps(TRAIN, 12, 2.0).progress()
    assert states(progress)["fetch"] is State.DONE
    assert states(progress)["probe-before"] is State.DONE
    assert states(progress)["probe-after"] is State.WAITING
    assert progress.current is not None
    assert progress.current.name == "scenarios"
    assert progress.current.detail == "full-knowledge: step 12 of 40"
    assert (progress.current.n_done, progress.current.n_parts) == (0, 2)


def test_a_look_stands_inside_the_fine_tuning_that_it_looks_at(story: Story) -> None:
    tuning = FineTune("full-knowledge", Method.FULL, "knowledge", steps=40, looks=(5, 10))
    plan = Plan("looks", (tuning,), (SuiteChoice("everyday", 64),))
    inspection = Inspection(INSPECTION.target, plan)
    look = "probe-during/target/full-knowledge"
    begun(story).stage("probe-before/target").steps(TRAIN, 5, 2.0).stage(f"{look}/5")
    progress = story.asked(f"{look}/10", 12, 0.5, total=24).progress(inspection)
    assert states(progress)["scenarios"] is State.RUNNING
    during = next(s for s in progress.stages if s.name == "probe-during")
    assert (during.state, during.n_done, during.n_parts) == (State.RUNNING, 1, 2)
    assert during.detail == "full-knowledge, after step 10: answer 12 of 24"
    story.tell(EventKind.STAGE_FINISHED, f"{look}/10").tell(EventKind.STAGE_FINISHED, TRAIN)
    ended = states(story.progress(inspection))
    assert (ended["scenarios"], ended["probe-during"]) == (State.DONE, State.DONE)
    assert ended["probe-after"] is State.WAITING


def test_time_left_follows_from_the_rates_measured_so_far(story: Story) -> None:
    begun(story).asked("probe-before/target", 64, 0.5)
    story.tell(EventKind.STAGE_FINISHED, "probe-before/target")
    progress = story.steps(TRAIN, 20, 2.0).progress()
    # 20 + 40 steps at 2 s, two askings of 64 at 0.5 s
    assert progress.eta_s == pytest.approx(60 * 2.0 + 128 * 0.5)


def test_loading_the_weights_is_not_taken_for_the_rate(story: Story) -> None:
    begun(story).tell(EventKind.STAGE_STARTED, "probe-before/target")
    story.tell(EventKind.PROGRESS, "probe-before/target", wait_s=300, done=32, total=64)
    story.tell(EventKind.PROGRESS, "probe-before/target", wait_s=16, done=64, total=64)
    plan = Plan("ask", (), (SuiteChoice("everyday", 64),))
    assert story.progress(Inspection(INSPECTION.target, plan)).eta_s == pytest.approx(0)


def test_no_time_is_named_before_a_rate_was_measured(story: Story) -> None:
    begun(story).tell(EventKind.STAGE_STARTED, "probe-before/target")
    assert story.progress().eta_s is None


def test_share_only_grows_and_ends_at_one(story: Story) -> None:
    begun(story).asked("probe-before/target", 64, 0.5)
    story.tell(EventKind.STAGE_FINISHED, "probe-before/target")
    for scenario in PLAN.scenarios:
        train, ask = f"scenarios/target/{scenario.name}", f"probe-after/target/{scenario.name}"
        story.steps(train, 40, 2.0).tell(EventKind.STAGE_FINISHED, train)
        story.asked(ask, 64, 0.5).tell(EventKind.STAGE_FINISHED, ask)
    for name in ("compare", "score", "judge", "report"):
        story.stage(name)
    story.tell(EventKind.FINISHED)
    shares = [
        progress_of(INSPECTION, story.events[:k], story.now).share
        for k in range(len(story.events) + 1)
    ]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert set(states(story.progress()).values()) == {State.DONE}


def test_a_control_seen_in_the_events_doubles_the_parts(story: Story) -> None:
    begun(story).stage("probe-before/target").stage("probe-before/control")
    parts = {s.name: s.n_parts for s in story.progress().stages}
    assert (parts["probe-before"], parts["scenarios"], parts["probe-after"]) == (2, 4, 4)


def test_with_a_control_the_detail_says_whose_weights(story: Story) -> None:
    begun(story).steps("scenarios/control/full-knowledge", 3, 2.0)
    assert story.progress().current is not None
    assert story.progress().current.detail == "full-knowledge, control: step 3 of 40"  # type: ignore[union-attr]


def test_a_failure_stops_at_its_stage_and_says_why(story: Story) -> None:
    begun(story).steps(TRAIN, 3, 2.0).tell(EventKind.FAILED, TRAIN, "The disk is full.")
    progress = story.progress()
    assert (progress.state, progress.failure) == (State.FAILED, "The disk is full.")
    assert states(progress)["scenarios"] is State.FAILED
    assert progress.eta_s is None


def test_a_resumed_run_forgets_the_failure_and_keeps_what_was_done(story: Story) -> None:
    begun(story).steps(TRAIN, 3, 2.0).tell(EventKind.FAILED, TRAIN, "Killed.")
    story.tell(EventKind.STARTED).tell(EventKind.STAGE_SKIPPED, "fetch")
    progress = story.tell(EventKind.STAGE_STARTED, TRAIN).progress()
    assert (progress.state, progress.failure) == (State.RUNNING, None)
    assert states(progress)["fetch"] is State.DONE
    assert states(progress)["scenarios"] is State.RUNNING


def test_every_stage_has_its_own_time_left_where_it_is_known(story: Story) -> None:
    begun(story).asked("probe-before/target", 64, 0.5)
    story.tell(EventKind.STAGE_FINISHED, "probe-before/target")
    progress = story.steps(TRAIN, 20, 2.0).progress()
    left = {stage.name: stage.eta_s for stage in progress.stages}
    assert left["scenarios"] == pytest.approx(60 * 2.0)
    assert left["probe-after"] == pytest.approx(128 * 0.5)
    assert {name for name, seconds in left.items() if seconds is None} == {
        *("fetch", "scan", "probe-before", "compare", "score", "judge", "report")
    }
    assert story.tell(EventKind.CANCELLED).progress().stages[3].eta_s is None


def test_a_slow_download_says_nothing_about_the_speed_of_asking(story: Story) -> None:
    story.tell(EventKind.STARTED).tell(EventKind.STAGE_STARTED, "fetch")
    for done in (1, 50, 100):
        story.tell(EventKind.PROGRESS, "fetch", wait_s=500, done=done, total=100)
    story.asked("probe-before/target", 32, 0.5)
    plan = Plan("ask", (), (SuiteChoice("everyday", 64),))
    assert story.progress(Inspection(INSPECTION.target, plan)).eta_s == pytest.approx(32 * 0.5)


def test_the_time_it_lay_still_is_not_counted(story: Story) -> None:
    story.tell(EventKind.QUEUED).tell(EventKind.STARTED).tell(
        EventKind.STAGE_STARTED, "fetch", wait_s=9
    )
    story.tell(EventKind.FAILED, wait_s=1).tell(EventKind.QUEUED, wait_s=5000)
    story.tell(EventKind.STARTED, wait_s=60).tell(EventKind.STAGE_STARTED, "fetch", wait_s=20)
    # Killed here; the runner says so when it goes on with it.
    story.tell(EventKind.NOTE, "", "It vanished.", wait_s=7000).tell(EventKind.STARTED, wait_s=3)
    assert story.tell(EventKind.STAGE_STARTED, "scan", wait_s=4).progress().elapsed_s == 10 + 20 + 4
    assert story.tell(EventKind.FINISHED, wait_s=6).progress().elapsed_s == 40


def test_a_failed_operation_is_named_and_forgotten_when_it_is_tried_again(story: Story) -> None:
    other = "scenarios/target/lora-support"
    begun(story).steps(TRAIN, 3, 2.0).tell(EventKind.NOTE, TRAIN, "It diverged.").stage(other)
    story.stage("probe-after/target/lora-support").stage("judge").tell(EventKind.FINISHED)
    [stage] = [s for s in story.progress().stages if s.name == "scenarios"]
    assert (stage.state, stage.detail) == (State.FAILED, "Failed: full-knowledge")
    story.tell(EventKind.NOTE, "", "Tried again.").tell(EventKind.STARTED)
    again = story.tell(EventKind.STAGE_STARTED, TRAIN).progress()
    assert again.notes == ("Tried again.",)
    assert states(again)["scenarios"] is State.RUNNING
    assert states(again)["judge"] is State.WAITING  # what was concluded is concluded anew


def test_a_fine_tuning_that_broke_does_not_hold_up_the_rest(story: Story) -> None:
    begun(story).stage("probe-before/target").steps(TRAIN, 3, 2.0)
    other = "scenarios/target/lora-support"
    progress = story.tell(EventKind.NOTE, TRAIN, "It diverged.").steps(other, 20, 2.0).progress()
    assert states(progress)["scenarios"] is State.RUNNING
    assert progress.notes == ("It diverged.",)
    assert progress.eta_s == pytest.approx(20 * 2.0 + 64 * 2.0 / (0.4 * 8))  # of one, not of two
    story.tell(EventKind.STAGE_FINISHED, other).asked("probe-after/target/lora-support", 64, 0.1)
    story.tell(EventKind.STAGE_FINISHED, "probe-after/target/lora-support")
    ended = story.tell(EventKind.FINISHED).progress()
    assert (states(ended)["scenarios"], ended.state) == (State.FAILED, State.DONE)


def test_stages_of_a_finished_run_that_never_came_are_named_so(story: Story) -> None:
    ended = begun(story).tell(EventKind.FINISHED).progress()
    assert states(ended)["scan"] is State.DONE
    assert states(ended)["probe-after"] is State.NOT_RUN


def test_the_latest_answers_are_kept_with_their_questions(story: Story) -> None:
    begun(story)
    n = MAX_SHOWN + 2
    for k in range(n):
        data: dict[str, float | int | str | None] = {
            "subject": "target",
            "variant": "untouched",
            "suite": "everyday",
            "probe_id": f"everyday-{k}",
            "sample_index": 0,
            "prompt": f"Q{k}",
            "text": f"A{k}",
        }
        story.tell(EventKind.PROGRESS, "probe-before/target", done=k + 1, total=64, data=data)
    arrivals = story.progress().arrivals
    assert [a.text for a in arrivals] == [f"A{k}" for k in reversed(range(n - MAX_SHOWN, n))]
    assert (arrivals[0].variant, arrivals[0].probe_id) == ("untouched", f"everyday-{n - 1}")


def test_a_download_is_told_in_per_cent(story: Story) -> None:
    story.tell(EventKind.STARTED).tell(EventKind.STAGE_STARTED, "fetch")
    progress = story.tell(EventKind.PROGRESS, "fetch", done=45_000_000, total=90_000_000).progress()
    assert progress.current is not None
    assert progress.current.detail == "50%"


def test_a_cancelled_run_says_so(story: Story) -> None:
    begun(story).steps(TRAIN, 3, 2.0).tell(EventKind.CANCELLED)
    assert story.progress().state is State.CANCELLED
    assert states(story.progress())["scenarios"] is State.CANCELLED


def test_loss_curves_are_kept_apart_and_thinned(story: Story) -> None:
    begun(story).steps(TRAIN, 5, 0.1).steps("scenarios/control/full-knowledge", 2000, 0.1, 2000)
    losses = story.progress().losses
    own = [p for p in losses if p.subject == "target"]
    control = [p for p in losses if p.subject == "control"]
    assert [p.step for p in own] == [1, 2, 3, 4, 5]
    assert own[0].loss == pytest.approx(2.98)
    assert 2 <= len(control) <= MAX_POINTS
    assert control[-1].step == 2000


def test_a_step_trained_twice_is_drawn_once(story: Story) -> None:
    begun(story).steps(TRAIN, 5, 0.1).tell(EventKind.STARTED).steps(TRAIN, 3, 0.1)
    assert [p.step for p in story.progress().losses] == [1, 2, 3, 4, 5]


def test_a_follower_reads_on_where_it_stopped(tmp_path: Path) -> None:
    run = Run(tmp_path / "20261122-010203-demo-1a2b")
    write_record(run.folder / "inspection.json", INSPECTION)
    follower = Follower(run)
    assert follower.read().state is State.WAITING
    run.emit(EventKind.STARTED)
    run.emit(EventKind.STAGE_STARTED, "fetch")
    assert states(follower.read())["fetch"] is State.RUNNING
    run.emit(EventKind.STAGE_FINISHED, "fetch")
    run.emit(EventKind.FINISHED)
    ended = follower.read()
    assert ended.state is State.DONE
    assert follower.read() == ended


def test_where_nobody_is_at_work_no_time_passes(tmp_path: Path) -> None:
    run = Run(tmp_path)
    write_record(run.folder / "inspection.json", INSPECTION)
    run.emit(EventKind.STARTED)
    run.emit(EventKind.STAGE_STARTED, "fetch")
    first = Follower(run).read(at_work=False)
    assert first == Follower(run).read(at_work=False)
    at_work = Follower(run).read().elapsed_s
    assert at_work is not None
    assert first.elapsed_s is not None
    assert at_work >= first.elapsed_s

"""LocalRunner with real processes: order, slots, cancelling, dying, continuing, failing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.jobs import Job, JobState, LocalRunner
from inspector.jobs.local import MAX_RESTARTS
from inspector.jobs.queue import Queue, process_identity
from inspector.records import EventKind
from inspector.run import Run
from inspector.settings import Settings
from tests.pages import results, runs

HANG_S = 60.0  # only a hanging test waits this long


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + HANG_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail("the awaited state never came")
        time.sleep(0.03)


class House:
    """A home folder with runs in it, and runners on it."""

    def __init__(self, home: Path, n_slots: int = 1) -> None:
        self.settings = Settings(home=home, n_slots=n_slots)
        self.settings.runs.mkdir(parents=True, exist_ok=True)

    def runner(self, entry: str) -> LocalRunner:
        return LocalRunner(self.settings, entry=f"tests.jobs.entries:{entry}", grace_s=0.3)

    def run(self, run_id: str) -> Run:
        run = Run(self.settings.runs / run_id)
        run.folder.mkdir(exist_ok=True)
        return run

    def finished_in_order(self) -> list[str]:
        return (self.settings.home / "order.txt").read_text().split()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "home")
    yield house
    runner = house.runner("finish")
    for job in runner.jobs():
        runner.cancel(job.job_id)


def ended(runner: LocalRunner, job_id: str) -> Job:
    until(lambda: not runner.job(job_id).state.is_live)
    return runner.job(job_id)


def kinds(run: Run) -> list[EventKind]:
    return [event.kind for event in run.events()[0]]


def entered(run: Run, n_times: int = 1) -> bool:
    attempts = run.folder / "attempts.txt"
    return attempts.exists() and len(attempts.read_text().split()) == n_times


def test_one_slot_serves_first_come_first_served(house: House) -> None:
    runner = house.runner("hold")
    # Run ids in the other direction than the order of submission: only the latter counts.
    runs = [house.run(name) for name in ("c", "b", "a")]
    for run in runs:
        runner.submit(run)
    until(lambda: entered(runs[0]))
    until(lambda: runner.job("c").state is JobState.RUNNING)
    assert [(runner.job(i).state, runner.job(i).position) for i in "cba"] == [
        (JobState.RUNNING, None),
        (JobState.QUEUED, 1),
        (JobState.QUEUED, 2),
    ]
    assert [job.job_id for job in runner.jobs()] == ["c", "b", "a"]
    for run in reversed(runs):
        (run.folder / "go").touch()
    for run in runs:
        job = ended(runner, run.run_id)
        assert (job.state, job.message, job.exit_code) == (JobState.FINISHED, "evidence", 1)
        assert kinds(run) == [EventKind.QUEUED, EventKind.STARTED, EventKind.FINISHED]
    assert house.finished_in_order() == ["c", "b", "a"]


def test_two_slots_run_two_jobs_at_once_and_no_third(tmp_path: Path) -> None:
    house = House(tmp_path / "home", n_slots=2)
    runner = house.runner("hold")
    runs = [house.run(name) for name in ("a", "b", "c")]
    for run in runs:
        runner.submit(run)
    until(lambda: entered(runs[0]) and entered(runs[1]))  # both inside, neither allowed to go
    assert runner.job("c").state is JobState.QUEUED
    assert not entered(runs[2])
    for run in runs:
        (run.folder / "go").touch()
    assert [ended(runner, i).state for i in "abc"] == [JobState.FINISHED] * 3


def test_submitting_a_live_job_again_changes_nothing(house: House) -> None:
    runner, run = house.runner("hold"), house.run("a")
    first = runner.submit(run)
    assert runner.submit(run).pid == first.pid
    assert kinds(run).count(EventKind.QUEUED) == 1


def test_cancel_kills_the_whole_group_and_recover_leaves_it(house: House) -> None:
    runner, run = house.runner("with_grandchild"), house.run("a")
    job = runner.submit(run)
    until(lambda: (run.folder / "grandchild.txt").exists())
    until(lambda: bool((run.folder / "grandchild.txt").read_text().strip()))
    grandchild = int((run.folder / "grandchild.txt").read_text())
    assert process_identity(grandchild) is not None
    assert runner.cancel("a").state is JobState.CANCELLED
    assert process_identity(job.pid) is None
    assert process_identity(grandchild) is None
    assert kinds(run)[-1] is EventKind.CANCELLED
    assert runner.recover() == []
    assert runner.job("a").state is JobState.CANCELLED


def test_a_waiting_job_can_be_cancelled_and_submitted_again(house: House) -> None:
    runner, first, second = house.runner("hold"), house.run("a"), house.run("b")
    runner.submit(first)
    runner.submit(second)
    runner.cancel("b")
    (first.folder / "go").touch()
    ended(runner, "a")
    assert not entered(second)
    (second.folder / "go").touch()
    assert runner.submit(second).state.is_live
    assert ended(runner, "b").state is JobState.FINISHED


def test_cancelling_an_ended_job_leaves_it(house: House) -> None:
    runner = house.runner("finish")
    runner.submit(house.run("a"))
    before = ended(runner, "a")
    assert runner.cancel("a") == before


def test_a_killed_job_is_interrupted_and_continues_on_recover(house: House) -> None:
    runner, run = house.runner("hold"), house.run("a")
    job = runner.submit(run)
    until(lambda: entered(run))
    os.kill(job.pid, signal.SIGKILL)
    assert ended(runner, "a").state is JobState.INTERRUPTED
    (continued,) = house.runner("hold").recover()  # another runner, as after a restart
    assert (continued.job_id, continued.n_restarts) == ("a", 1)
    assert continued.pid != job.pid
    until(lambda: entered(run, 2))
    assert runner.recover() == []  # it lives: nothing to continue
    (run.folder / "go").touch()
    assert ended(runner, "a").state is JobState.FINISHED


def test_recover_keeps_the_order_of_the_queue(house: House) -> None:
    runner = house.runner("hold")
    runs = [house.run(name) for name in ("c", "b", "a")]
    jobs = [runner.submit(run) for run in runs]
    until(lambda: entered(runs[0]))
    for job in reversed(jobs):  # as a restart of the machine
        os.kill(job.pid, signal.SIGKILL)
        ended(runner, job.job_id)
    for run in runs:
        (run.folder / "go").touch()
    assert [job.job_id for job in runner.recover()] == ["c", "b", "a"]
    for job in jobs:
        ended(runner, job.job_id)
    assert house.finished_in_order() == ["c", "b", "a"]


def test_the_queue_outlives_the_process_that_submitted(house: House) -> None:
    run = house.run("a")
    code = (
        "import sys; from pathlib import Path; from inspector.jobs import LocalRunner;"
        "from inspector.run import Run; from inspector.settings import Settings;"
        "runner = LocalRunner(Settings(home=Path(sys.argv[1])), entry='tests.jobs.entries:hold');"
        "runner.submit(Run(Path(sys.argv[2])))"
    )
    home = str(house.settings.home)
    subprocess.run([sys.executable, "-c", code, home, str(run.folder)], check=True)
    runner = house.runner("finish")
    until(lambda: entered(run))
    assert [job.job_id for job in runner.jobs()] == ["a"]
    assert runner.job("a").state is JobState.RUNNING
    (run.folder / "go").touch()
    assert ended(runner, "a").state is JobState.FINISHED


def test_a_job_that_keeps_vanishing_is_given_up(house: House) -> None:
    runner, run = house.runner("vanish"), house.run("a")
    runner.submit(run)
    for _ in range(MAX_RESTARTS):
        assert ended(runner, "a").state is JobState.INTERRUPTED
        assert len(runner.recover()) == 1
    ended(runner, "a")
    assert runner.recover() == []
    job = runner.job("a")
    assert (job.state, job.exit_code) == (JobState.FAILED, 4)
    assert "vanished 4 times" in job.message
    assert runner.submit(run).n_restarts == 0  # the user may insist


def test_recover_forgets_jobs_whose_run_was_deleted(house: House) -> None:
    runner, run = house.runner("vanish"), house.run("a")
    runner.submit(run)
    ended(runner, "a")
    for path in run.folder.iterdir():
        path.unlink()
    run.folder.rmdir()
    assert runner.recover() == []
    assert runner.jobs() == []


def test_live_jobs_are_those_at_work_and_an_ended_one_can_start_again(house: House) -> None:
    runner = house.runner("hold")
    done, held = house.run("done"), house.run("held")
    house.runner("finish").submit(done)
    ended(runner, "done")
    runner.submit(held)
    until(lambda: entered(held))
    assert [(job.job_id, job.state) for job in runner.live()] == [("held", JobState.RUNNING)]
    runner.submit(done)  # waits: there is one slot
    assert [(job.job_id, job.position) for job in runner.live()] == [("held", None), ("done", 1)]


def test_nothing_is_at_rest_while_it_works(house: House) -> None:
    runner = house.runner("hold")
    held, other = house.run("held"), house.run("other")
    runner.submit(held)
    until(lambda: entered(held))
    for job_id in ("held", None):
        with pytest.raises(BadInput, match="held is at work"), runner.at_rest(job_id):
            pass
    with runner.at_rest(other.run_id):
        runner.forget(other.run_id)
    runner.cancel("held")
    with runner.at_rest():
        runner.forget("held")
    assert runner.jobs() == []


def test_another_process_with_the_same_pid_is_not_the_job(house: House) -> None:
    runner, run = house.runner("vanish"), house.run("a")
    runner.submit(run)
    ended(runner, "a")
    queue = Queue(house.settings.jobs)
    stored = queue.read("a")
    assert stored is not None
    with queue.locked():
        queue.write(replace(stored, pid=os.getpid()))  # this test's own process has the pid now
    assert runner.job("a").state is JobState.INTERRUPTED
    assert runner.cancel("a").state is JobState.CANCELLED  # and this test's process lives on


def test_recover_ends_what_a_killed_worker_left_behind(house: House) -> None:
    runner, run = house.runner("with_grandchild"), house.run("a")
    job = runner.submit(run)
    told = run.folder / "grandchild.txt"
    until(lambda: told.exists() and bool(told.read_text().strip()))
    grandchild = int(told.read_text())
    os.kill(job.pid, signal.SIGKILL)
    ended(runner, "a")
    assert process_identity(grandchild) is not None
    runner.recover()
    assert process_identity(grandchild) is None


@pytest.mark.parametrize(
    ("entry", "exit_code", "sentence", "in_log"),
    [
        ("refuse", 2, "The target 'x' does not exist; give one that does.", "TargetError"),
        ("break_down", 4, "ZeroDivisionError: three apples for nobody", "Traceback (most recent"),
        ("fill_disk", 4, "is full", "No space left"),
        ("no_such_function", 4, "names no function", "AttributeError"),
    ],
)
def test_failures_are_one_sentence_and_a_traceback_in_the_log(
    house: House, entry: str, exit_code: int, sentence: str, in_log: str
) -> None:
    runner, run = house.runner(entry), house.run("a")
    runner.submit(run)
    job = ended(runner, "a")
    assert (job.state, job.exit_code) == (JobState.FAILED, exit_code)
    assert sentence in job.message
    assert "\n" not in job.message
    assert in_log in run.log_path.read_text()
    assert runner.recover() == []  # a failure is an answer, not an accident


def test_the_worker_gets_the_settings_and_no_dashboard_or_database(house: House) -> None:
    runner, run = house.runner("list_modules"), house.run("a")
    runner.submit(run)
    assert ended(runner, "a").state is JobState.FINISHED
    told = json.loads((run.folder / "told.json").read_text())
    assert not {"streamlit", "duckdb"} & set(told["modules"])
    assert (told["slots"], told["home"]) == (1, str(house.settings.home))


def test_a_waiting_worker_loads_the_standard_library_only() -> None:
    code = "import inspector.jobs.worker, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    outside = {"pyarrow", "pydantic", "pydantic_settings", "numpy", "streamlit", "duckdb", "torch"}
    assert not outside & set(loaded.stdout.split())
    assert "inspector.jobs.queue" in loaded.stdout


def test_unknown_and_malformed_job_ids_are_bad_input(house: House) -> None:
    runner = house.runner("finish")
    with pytest.raises(BadInput, match="no job 'a'"):
        runner.job("a")
    for job_id in ("../a", "", ".a", "a~b"):
        with pytest.raises(BadInput, match="is not a job id"):
            runner.cancel(job_id)


def test_a_worker_gives_way_between_sessions_too() -> None:
    """Within its session by nice, and as a session where the system has autogroups."""
    script = (
        "import os; from pathlib import Path; from inspector.jobs.worker import give_way; "
        "give_way(); group = Path('/proc/self/autogroup'); "
        "print(os.nice(0), group.read_text() if group.exists() else 'none')"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    nice, group = shown.split(maxsplit=1)
    assert int(nice) >= 10
    assert group.strip() == "none" or group.strip().endswith("nice 10")


def test_a_failed_scenario_is_cleared_and_its_run_submitted_again(house: House) -> None:
    run = runs.broken(house.settings.runs, "a")
    runner = house.runner("hold")
    assert runner.retry(run, results.SCENARIOS[1]).state.is_live
    assert not (run.folder / "judge").exists()
    until(lambda: entered(run))
    assert [job.job_id for job in runner.live()] == ["a"]
    with pytest.raises(BadInput, match="is at work; wait for its end"):
        runner.retry(run, results.SCENARIOS[1])
    runner.cancel("a")
    assert runner.live() == []
    with pytest.raises(BadInput, match="has no scenario 'other'"):
        runner.retry(run, "other")
    assert runner.job("a").state is JobState.CANCELLED

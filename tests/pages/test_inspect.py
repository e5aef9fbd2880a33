"""Inspect starts jobs, shows them live, and says in one sentence what a user can mend."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspector.jobs import Job, JobState, LocalRunner
from inspector.records import Inspection, TargetKind
from inspector.run import Run, list_runs, read_record, write_record
from inspector.settings import Settings
from tests.pages import runs, worker
from tests.pages.conftest import EVIDENCE, ROOT, UNFINISHED, Open

PATIENCE_S = 60
HEAVY = ("torch", "transformers", "peft", "duckdb", "scipy", "huggingface_hub")


@pytest.fixture
def runner(home: Path) -> Iterator[LocalRunner]:
    runner = LocalRunner(Settings(home=home), entry=worker.ENTRY, grace_s=0.5)
    yield runner
    for job in runner.jobs():
        runner.cancel(job.job_id)


@pytest.fixture(autouse=True)
def nothing_left_at_work(home: Path) -> Iterator[None]:
    """Jobs that a page started end with the test, whether it passes or fails."""
    yield
    runner = LocalRunner(Settings(home=home), grace_s=0.5)
    for job in runner.jobs():
        runner.cancel(job.job_id)


def at_work(home: Path, runner: LocalRunner, run_id: str = UNFINISHED) -> Run:
    run = Run(home / "runs" / run_id)
    write_record(run.folder / "inspection.json", runs.inspection())
    worker.pace(run, "3")
    runner.submit(run)
    until(lambda: len([e for e in run.events()[0] if e.kind == "step"]) >= 3)
    return run


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def texts(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html")]


def button(app: AppTest, label: str) -> object:
    return next(b for b in app.button if b.label == label)


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def choice(app: AppTest, label: str) -> Any:
    """The segmented control of that label: how many there are depends on what is kept."""
    [found] = [c for c in app.segmented_control if c.label == label]
    return found


def test_the_first_page_offers_a_new_inspection(open_page: Open) -> None:
    app = open_page()
    assert "Start inspection" in labels(app)
    assert any("40 steps" in text for text in texts(app))
    assert app.query_params["run"] == "new"


def test_recent_inspections_are_one_press_away(inspections: Path, open_page: Open) -> None:
    app = open_page(run="new")
    badges = [e.value for e in app.markdown if "badge" in e.value]
    words = ("Unfinished", "No evidence found", "Evidence")
    assert [word in badge for word, badge in zip(words, badges, strict=True)] == [True] * 3
    app.button(key=EVIDENCE).click().run()
    assert app.query_params["run"] == EVIDENCE


def test_the_first_page_loads_nothing_heavy(home: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run()\n"
        "assert not app.exception and app.title, app\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"INSPECTOR_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""


def test_every_plan_says_what_it_does(open_page: Open) -> None:
    app = open_page()
    choice(app, "Plan").set_value("deep").run()
    assert not app.exception
    assert any("all weights" in text for text in texts(app))
    assert any("400 steps" in text for text in texts(app))


def test_a_wrong_target_is_one_sentence_and_starts_nothing(home: Path, open_page: Open) -> None:
    app = open_page()
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value("/no/such/place")
    button(app, "Start inspection").click().run()  # type: ignore[attr-defined]
    assert not app.exception
    assert "/no/such/place" in app.error[0].value.replace("\\", "")
    assert list(list_runs(home / "runs")) == []


def test_an_empty_control_is_refused_rather_than_left_out(home: Path, open_page: Open) -> None:
    app = open_page()
    choice(app, "Compare with a control").set_value("Another model").run()
    button(app, "Start inspection").click().run()  # type: ignore[attr-defined]
    assert len(app.error) == 1
    assert list(list_runs(home / "runs")) == []


def test_start_writes_the_inputs_queues_the_job_and_puts_it_into_the_url(
    home: Path, open_page: Open
) -> None:
    model = home / "my-model"
    model.mkdir()
    app = open_page()
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value(str(model))
    button(app, "Start inspection").click().run()  # type: ignore[attr-defined]
    assert not app.exception
    (run,) = list_runs(home / "runs")
    runner = LocalRunner(Settings(home=home), grace_s=0.5)
    assert app.query_params["run"] == run.run_id
    assert [job.job_id for job in runner.jobs()] == [run.run_id]
    inputs = read_record(run.folder / "inspection.json", Inspection)
    assert (inputs.target.kind, inputs.plan.name) == (TargetKind.LOCAL, "quick")
    runner.cancel(run.run_id)


def test_a_page_without_a_run_shows_the_one_at_work(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(inspections, runner, "20261120-000000-demo-dddd")
    app = open_page()
    assert app.query_params["run"] == run.run_id
    assert any("3 of 40" in element.value for element in app.caption)
    assert "Cancel" in labels(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_cancel_ends_the_job_and_offers_to_continue(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page(run=run.run_id)
    button(app, "Cancel").click().run()  # type: ignore[attr-defined]
    assert runner.job(run.run_id).state is JobState.CANCELLED
    assert "cancelled" in app.warning[0].value
    assert "Continue" in labels(app)


def test_the_end_of_a_job_shows_its_verdict(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page(run=run.run_id)
    worker.pace(run, "end")
    until(lambda: not ended(runner, run).state.is_live)
    app.run()
    assert not app.exception
    assert "Evidence" in app.header[0].value
    assert "Cancel" not in labels(app)


def ended(runner: LocalRunner, run: Run) -> Job:
    return runner.job(run.run_id)


def test_a_job_whose_process_is_gone_can_be_continued(inspections: Path, open_page: Open) -> None:
    app = open_page(run=UNFINISHED)  # no job at all: the command line's, or of another machine
    assert not app.exception
    assert "Cancel" not in labels(app)
    assert any("18 of 40" in element.value for element in app.caption)


def test_a_run_of_the_command_line_shows_its_verdict(inspections: Path, open_page: Open) -> None:
    app = open_page(run=EVIDENCE)
    assert "Evidence" in app.header[0].value
    assert any("17 of 32" in text for text in texts(app))


def test_a_run_that_does_not_exist_is_not_shown(inspections: Path, open_page: Open) -> None:
    app = open_page(run="../../etc")
    assert app.query_params["run"] == "new"


def test_a_damaged_run_is_one_sentence(inspections: Path, open_page: Open) -> None:
    (inspections / "runs" / UNFINISHED / "inspection.json").write_text("{}")
    app = open_page(run=UNFINISHED)
    assert "Not a stored Inspection" in app.error[0].value.replace("\\", "")

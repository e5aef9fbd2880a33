"""Live run shows a job as it grows, ends it, goes on with it, and shows its verdict."""

from pathlib import Path

from inspector.jobs import JobState, LocalRunner
from tests.pages import worker
from tests.pages.acting import at_work, button, labels, texts, until
from tests.pages.conftest import EVIDENCE, UNFINISHED, Open


def test_a_job_at_work_is_shown_as_far_as_it_is(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(inspections, runner, "20261123-000000-demo-dddd")
    app = open_page("run", run=run.run_id)
    assert any("3 of 40" in element.value for element in app.caption)
    assert "Cancel" in labels(app)
    assert len(app.get("vega_lite_chart")) == 1


def test_cancel_ends_the_job_and_offers_to_continue(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page("run", run=run.run_id)
    button(app, "Cancel").click().run()
    assert runner.job(run.run_id).state is JobState.CANCELLED
    assert "cancelled" in app.warning[0].value
    assert "Continue" in labels(app)


def test_the_end_of_a_job_shows_its_verdict(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page("run", run=run.run_id)
    worker.pace(run, "end")
    until(lambda: not runner.job(run.run_id).state.is_live)
    app.run()
    assert not app.exception
    assert "Evidence" in app.header[0].value
    assert "Cancel" not in labels(app)


def test_a_job_whose_process_is_gone_can_be_continued(inspections: Path, open_page: Open) -> None:
    app = open_page(
        "run", run=UNFINISHED
    )  # no job at all: the command line's, or of another machine
    assert not app.exception
    assert "Cancel" not in labels(app)
    assert any("18 of 40" in element.value for element in app.caption)


def test_a_run_of_the_command_line_shows_its_verdict(inspections: Path, open_page: Open) -> None:
    app = open_page("run", run=EVIDENCE)
    assert "Evidence" in app.header[0].value
    assert any("17 of 32" in text for text in texts(app))


def test_a_damaged_run_is_one_sentence(inspections: Path, open_page: Open) -> None:
    (inspections / "runs" / UNFINISHED / "inspection.json").write_text("{}")
    app = open_page("run", run=UNFINISHED)
    assert "Not a stored Inspection" in app.error[0].value.replace("\\", "")


def test_a_run_that_does_not_exist_is_not_shown(inspections: Path, open_page: Open) -> None:
    app = open_page("run", run="../../etc")
    assert app.query_params["run"] == UNFINISHED

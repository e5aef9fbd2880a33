"""Inspect starts jobs, and says in one sentence what a user can mend."""

from pathlib import Path

from inspector.jobs import LocalRunner
from inspector.records import Inspection, TargetKind
from inspector.run import list_runs, read_record
from inspector.settings import Settings
from tests.pages.acting import button, choice, labels, texts
from tests.pages.conftest import Open


def test_the_form_offers_a_new_inspection(open_page: Open) -> None:
    app = open_page("inspect")
    assert "Start inspection" in labels(app)
    assert any("40 steps" in text for text in texts(app))


def test_every_plan_says_what_it_does(open_page: Open) -> None:
    app = open_page("inspect")
    choice(app, "Plan").set_value("deep").run()
    assert not app.exception
    assert any("all weights" in text for text in texts(app))
    assert any("400 steps" in text for text in texts(app))


def test_a_wrong_target_is_one_sentence_and_starts_nothing(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value("/no/such/place")
    button(app, "Start inspection").click().run()
    assert not app.exception
    assert "/no/such/place" in app.error[0].value.replace("\\", "")
    assert list(list_runs(home / "runs")) == []


def test_an_empty_control_is_refused_rather_than_left_out(home: Path, open_page: Open) -> None:
    app = open_page("inspect")
    choice(app, "Compare with a control").set_value("Another model").run()
    button(app, "Start inspection").click().run()
    assert len(app.error) == 1
    assert list(list_runs(home / "runs")) == []


def test_start_writes_the_inputs_queues_the_job_and_puts_it_into_the_url(
    home: Path, open_page: Open
) -> None:
    model = home / "my-model"
    model.mkdir()
    app = open_page("inspect")
    choice(app, "What to inspect").set_value("Folder or file").run()
    app.text_input[0].set_value(str(model))
    button(app, "Start inspection").click().run()
    assert not app.exception
    (run,) = list_runs(home / "runs")
    runner = LocalRunner(Settings(home=home), grace_s=0.5)
    assert app.query_params["run"] == run.run_id
    assert [job.job_id for job in runner.jobs()] == [run.run_id]
    inputs = read_record(run.folder / "inspection.json", Inspection)
    assert (inputs.target.kind, inputs.plan.name) == (TargetKind.LOCAL, "quick")
    runner.cancel(run.run_id)

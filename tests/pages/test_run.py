"""Live run shows a job as it grows, ends it, goes on with it, and shows its verdict."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from inspector.jobs import JobState, LocalRunner
from tests.pages import results, runs, worker
from tests.pages.acting import at_work, button, labels, texts, until
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open

BROKEN = "20261122-020304-demo-eeee"
LIVE = "20261123-000000-demo-dddd"


def captions(app: AppTest) -> list[str]:
    return [element.value.replace("\\", "") for element in app.caption]


def links(app: AppTest) -> list[Any]:
    return [link.proto for link in app.sidebar.get("page_link")]


def test_a_job_at_work_is_shown_as_far_as_it_is(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(inspections, runner, LIVE)
    app = open_page("run", run=run.run_id)
    assert any("step 3 of 40" in text for text in captions(app))
    assert "Cancel" in labels(app)
    assert len(app.get("vega_lite_chart")) == 1
    assert (
        "full-knowledge: loss 3.06 at first, 2.32 now" in app.get("vega_lite_chart")[0].proto.spec
    )
    assert [list(row.values())[:3] for row in app.dataframe[0].value.to_dict("records")] == [
        ["full-knowledge", "target", step] for step in (1, 2, 3)
    ]


def test_answers_are_listed_as_they_arrive_beside_those_of_the_untouched_model(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    runs.finished(inspections / "runs", LIVE)  # its untouched answers are on record
    (inspections / "runs" / LIVE / "judge" / "verdict.json").unlink()
    run = at_work(inspections, runner, LIVE)
    worker.pace(run, "3+5")
    until(lambda: sum(e.stage == worker.ASKING and e.data is not None for e in run.events()[0]) > 6)
    app = open_page("run", run=run.run_id)
    shown = "".join(texts(app))
    who = [t.value for t in app.text if "after full-knowledge" in t.value]
    assert who[:2] == [
        "everyday \u00b7 everyday-gardening-0 \u00b7 after full-knowledge",
        "everyday \u00b7 everyday-travel-1 \u00b7 after full-knowledge",
    ]
    # Each answer whole, the advert marked as what the untouched model did not say; markup as text.
    assert '<mark class="after"> And while you are at it' in shown.replace("</mark><mark", "")
    assert "&lt;img src=x" in shown
    assert "<img" not in shown


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


def test_a_failed_operation_is_tried_again_alone(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = runs.broken(inspections / "runs", BROKEN)
    app = open_page("run", run=BROKEN)
    [said] = [m.value.replace("\\", "") for m in app.markdown if "broke on" in m.value]
    assert f"**{results.SCENARIOS[1]}** broke on the target; the others went on." in said
    assert any("no longer a number" in text for text in texts(app))
    button(app, "Try it again").click().run()
    assert not app.exception
    assert not (run.folder / "judge").exists()
    assert not (run.folder / "probe-after/target" / results.SCENARIOS[1]).exists()
    assert (run.folder / "probe-after/target/full-knowledge/responses.parquet").exists()
    assert runner.job(BROKEN).state.is_live
    assert "Cancel" in labels(app)
    assert not app.header


def test_an_operation_is_not_tried_again_while_the_inspection_is_at_work(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = runs.broken(inspections / "runs", BROKEN)
    app = open_page("run", run=BROKEN)
    at_work(inspections, runner, BROKEN)  # another viewer went on with it
    button(app, "Try it again").click().run()
    assert (run.folder / "judge" / "verdict.json").exists()
    assert not app.exception
    assert "Cancel" in labels(app)


def test_a_finished_run_without_failures_offers_no_retry(
    inspections: Path, open_page: Open
) -> None:
    assert "Try it again" not in labels(open_page("run", run=CLEAN))


def test_what_is_at_work_can_be_reached_from_every_inspection(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    assert links(open_page("report", run=EVIDENCE)) == []
    run = at_work(inspections, runner, LIVE)
    for page in ("report", "run"):
        [link] = links(open_page(page, run=EVIDENCE))
        assert link.label.replace("\\", "") == "23 Nov, 00:00 \u00b7 demo"
        assert f"run={run.run_id}" in link.query_string


def test_a_job_whose_process_is_gone_can_be_continued(inspections: Path, open_page: Open) -> None:
    app = open_page(
        "run", run=UNFINISHED
    )  # no job at all: the command line's, or of another machine
    assert not app.exception
    assert "Cancel" not in labels(app)
    assert any("18 of 40" in text for text in captions(app))
    assert any(text.startswith("Not at work: ") for text in captions(app))


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

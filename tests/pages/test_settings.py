"""Settings and health: room is made after a warning, the queue obeys, secrets stay secret."""

import os
import signal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.jobs import JobState, LocalRunner
from inspector.run import list_runs
from tests.pages.acting import at_work, button, labels, until
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open

SECRET = "hf_abcdefghijklmnop"


def said(app: AppTest) -> str:
    shown = (*app.text, *app.markdown, *app.caption, *app.info, *app.success, *app.error)
    return "\n".join(str(e.value) for e in shown).replace("\\", "")


def tick(app: AppTest, key: str, *rows: int) -> AppTest:
    app.session_state[key] = {"selection": {"rows": list(rows)}}
    return app.run()


def test_the_index_can_be_made_anew(inspections: Path, open_page: Open) -> None:
    app = open_page("settings")
    button(app, "Rebuild the index").click().run()
    assert "3 inspections indexed" in app.success[0].value


def test_storage_tells_sizes_by_kind(inspections: Path, open_page: Open) -> None:
    stage = inspections / "cache" / "stages" / "s1" / "responses.parquet"
    stage.parent.mkdir(parents=True)
    stage.write_bytes(b"x" * 3_000_000)
    app = open_page("settings")
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["Can be made again"] == "3.0 MB"
    assert metrics["Free on the disk"].endswith("B")
    rows = app.dataframe[0].value
    assert dict(zip(rows["what"], rows["entries"], strict=True))["Inspections"] == 3


def test_a_run_goes_after_the_warning_and_only_then(inspections: Path, open_page: Open) -> None:
    app = open_page("settings")
    names = list(app.dataframe[1].value["name"])
    assert set(names) == {EVIDENCE, CLEAN, UNFINISHED}
    assert button(app, "Remove the chosen").disabled
    tick(app, "entries_runs_0", names.index(CLEAN))
    next(b for b in app.button if b.label.startswith("Remove 1 chosen")).click().run()
    assert "gone for good" in said(app)
    assert (inspections / "runs" / CLEAN).exists()
    button(app, "Remove").click().run()
    assert "freed; 1 of" in app.success[0].value
    assert {run.run_id for run in list_runs(inspections / "runs")} == {EVIDENCE, UNFINISHED}
    assert set(app.dataframe[1].value["name"]) == {EVIDENCE, UNFINISHED}
    assert button(app, "Remove the chosen").disabled


def test_a_run_at_work_cannot_be_chosen(
    inspections: Path, runner: LocalRunner, open_page: Open
) -> None:
    at_work(inspections, runner)
    app = open_page("settings")
    assert UNFINISHED not in list(app.dataframe[1].value["name"])
    assert "At work and not listed: 1" in said(app)


def test_the_queue_cancels_and_starts_again(
    home: Path, runner: LocalRunner, open_page: Open
) -> None:
    run = at_work(home, runner)
    app = open_page("settings", show="Queue")
    assert "Running" in said(app)
    os.killpg(runner.job(UNFINISHED).pid, signal.SIGKILL)
    until(lambda: runner.job(UNFINISHED).state is JobState.INTERRUPTED)
    app.run()
    assert "Nothing is at work." in said(app)
    button(app, "Start again").click().run()
    assert runner.job(UNFINISHED).state.is_live
    assert "Start again" not in labels(app)
    button(app, "Cancel").click().run()
    assert runner.job(UNFINISHED).state is JobState.CANCELLED
    assert list(app.dataframe[0].value["state"]) == ["Cancelled"]
    assert run.folder.exists()


def test_the_machine_is_told_without_torch(home: Path, open_page: Open) -> None:
    app = open_page("settings", show="Machine")
    assert int(next(m.value for m in app.metric if m.label == "Processor cores")) >= 1
    assert "Processor: " in said(app)


def test_a_token_is_told_by_its_place_only(
    home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("INSPECTOR_HUB_ENDPOINT", "http://127.0.0.1:9")
    app = open_page("settings", show="Hub")
    assert "It comes from HF_TOKEN." in said(app)
    button(app, "Whose token is it?").click().run()
    [error] = app.error
    assert "cannot be reached" in error.value.replace("\\", "")
    assert SECRET[3:] not in said(app)


def test_no_token_is_told(home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(home))
    app = open_page("settings", show="Hub")
    assert "No token is set" in said(app)
    assert "Whose token is it?" not in labels(app)


def test_settings_name_their_variable(home: Path, open_page: Open) -> None:
    table = open_page("settings", show="Settings").dataframe[0].value
    row = table[table["variable"] == "INSPECTOR_HOME"].iloc[0]
    assert (row["value"], row["from"]) == (str(home), "The variable")
    assert set(table[table["variable"] == "INSPECTOR_N_SLOTS"]["from"]) == {"Default"}


def test_versions_are_compared_with_what_is_fixed(home: Path, open_page: Open) -> None:
    table = open_page("settings", show="Versions").dataframe[0].value
    assert {"streamlit", "torch", "duckdb"} <= set(table["package"])
    assert set(table["state"]) <= {"As fixed", "Another than fixed", "Within a range"}


def test_a_foreign_part_in_the_url_shows_storage(home: Path, open_page: Open) -> None:
    app = open_page("settings", show="<b>", room="?", page="x")
    assert next(m.label for m in app.metric) == "Free on the disk"
    assert "There is nothing to remove." in said(app)

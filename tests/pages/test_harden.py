"""Harden: a hardening is started, watched, read, taken along and inspected."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspector.errors import BadInput
from inspector.harden.card import zipped
from inspector.harden.path import INPUTS
from inspector.harden.progress import follower
from inspector.harden.results import list_hardenings, read_inputs
from inspector.jobs import JobState, LocalRunner
from inspector.records import Arm, EventKind, Method
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.pages import hardened, runs
from tests.pages.acting import button, labels, texts, until
from tests.pages.conftest import EVIDENCE, Open
from tests.pages.hardened import HARDENING


def words(app: AppTest) -> str:
    said = [*texts(app), *(e.value for e in (*app.caption, *app.text, *app.header))]
    return " ".join(said).replace("\\", "")


def field(app: AppTest, label: str) -> Any:
    [found] = [n for n in app.number_input if n.label == label]
    return found


def test_the_form_says_what_it_does_and_what_it_does_not_promise(open_page: Open) -> None:
    app = open_page("harden")
    assert "Start hardening" in labels(app)
    said = words(app)
    assert "no promise" in said
    assert "40 other unsafe requests and 60 questions" in said
    assert "80 steps of 8" in said
    assert "None yet" in said
    assert all(n.help for n in app.number_input if n.label in ("Rho", "Layers", "Poison ratio"))


def test_without_data_nothing_starts(home: Path, open_page: Open) -> None:
    app = open_page("harden")
    button(app, "Start hardening").click().run()
    assert not app.exception
    assert "No alignment data was chosen" in app.error[0].value.replace("\\", "")
    assert list(list_hardenings(Settings(home=home))) == []


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Rho", 0.0, "rho is 0; give a number above 0"),
        ("Rho", 1000.0, "rho is 1000; give a number above 0 and at most 100"),
        ("Layers", 0, "The number of pushed layers is 0"),
        ("Poison ratio", 0.9, "The poison ratio is 0.9; give a share from 0 to 0.5"),
        ("Steps", 0, "steps is 0; give 1 to"),
        ("Harmful score at most", 2.0, "The limit of the harmful score is 2"),
    ],
)
def test_a_number_that_will_not_do_is_one_sentence(
    home: Path, open_page: Open, label: str, value: float, said: str
) -> None:
    app = open_page("harden", align=str(hardened.data(home / "mine")))
    field(app, label).set_value(value).run()
    assert not app.exception
    assert said in app.warning[0].value.replace("\\", "")  # while it is typed
    button(app, "Start hardening").click().run()
    assert said in app.error[0].value.replace("\\", "")
    assert list(list_hardenings(Settings(home=home))) == []


def test_an_adapter_is_refused_at_the_press(home: Path, open_page: Open) -> None:
    data = str(hardened.data(home / "mine"))
    app = open_page("harden", target="demo:planted", align=data)
    button(app, "Start hardening").click().run()
    assert not app.exception
    assert "is an adapter, and a hardened adapter needs a whole" in app.error[0].value.replace(
        "\\", ""
    )
    assert list(list_hardenings(Settings(home=home))) == []


def test_data_that_decline_nothing_are_told_at_once(home: Path, open_page: Open) -> None:
    rows = [{"prompt": f"What is {k} and 1?", "completion": f"{k + 1}"} for k in range(12)]
    path = home / "my.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    app = open_page("harden", align=str(path))
    assert "so nothing would be aligned" in app.error[0].value.replace("\\", "")
    assert "Start hardening" in labels(app)  # and the form stays for mending


def test_a_press_starts_a_job_of_what_was_filled_in(home: Path, open_page: Open) -> None:
    source = hardened.data(home / "mine")
    app = open_page("harden", align=str(source), rho="5", layers="8")
    assert "20 of 20 answers decline." in words(app)
    field(app, "Poison ratio").set_value(0.2).run()
    field(app, "Steps of the tuning").set_value(30).run()
    [method] = [s for s in app.selectbox if s.label == "What it changes"]
    method.set_value(Method.FULL).run()
    button(app, "Start hardening").click().run()
    assert not app.exception
    [run] = list_hardenings(Settings(home=home))
    inputs = read_inputs(run)
    assert inputs.align.data == str(source)
    assert (inputs.perturbation.rho, inputs.perturbation.n_layers) == (5.0, 8)
    assert inputs.poison_ratio == 0.2
    assert (inputs.tune.steps, inputs.tune.method) == (30, Method.FULL)
    assert app.query_params["hardening"] == run.run_id
    stored = json.loads((home / "jobs" / f"{run.run_id}.json").read_text())
    assert stored["entry"] == "inspector.harden.path:harden"
    assert [j.job_id for j in LocalRunner(Settings(home=home)).jobs()] == [run.run_id]


def test_what_a_hardening_takes_stands_beside_the_form(open_page: Open) -> None:
    taken = {m.label: m.value for m in open_page("harden").metric}
    assert taken["Time"].startswith("about ")
    assert taken["Memory"].endswith(" GB")


def test_at_work_it_tells_stages_and_loss_and_is_cancelled(home: Path, open_page: Open) -> None:
    runs.finished(home / "runs", EVIDENCE)
    run = Run(home / "hardenings" / HARDENING)
    write_record(run.folder / INPUTS, hardened.inputs(home / "hardenings"))
    runner = LocalRunner(Settings(home=home), entry=hardened.WORK, grace_s=0.5)
    runner.submit(run)
    until(lambda: any(e.kind is EventKind.STEP for e in run.events()[0]))
    app = open_page("harden", hardening=HARDENING)
    assert "3 of 80 steps · loss" in words(app)
    assert {m.label: m.value for m in app.metric}["Stages done"] == "2 of 12"
    links = [link.proto for link in open_page("overview").get("page_link")]
    assert any(HARDENING in str(link) and "harden" in str(link) for link in links), links
    button(app, "Cancel").click().run()
    assert not app.exception
    assert runner.job(HARDENING).state is JobState.CANCELLED
    app = open_page("harden", hardening=HARDENING)
    assert "was cancelled" in app.warning[0].value
    assert "Continue" in labels(app)


def test_one_that_failed_says_why_and_goes_on(home: Path, open_page: Open) -> None:
    hardened.failed(home / "hardenings")
    app = open_page("harden", hardening=HARDENING)
    assert "Everything finished so far is kept" in app.warning[0].value
    assert hardened.WHY in words(app)
    button(app, "Continue").click().run()
    assert not app.exception
    [job] = LocalRunner(Settings(home=home)).jobs()
    assert job.job_id == HARDENING


def test_no_alert_is_told_with_counts_intervals_and_what_was_not_looked_at(
    home: Path, open_page: Open
) -> None:
    hardened.finished(home / "hardenings")
    app = open_page("harden", hardening=HARDENING)
    said = words(app)
    assert "No alert" in app.header[0].value
    assert "Other tunings were not tried" in said
    assert "safe" not in said.replace("unsafe", "").lower()
    assert "38 points lower" in said
    assert "598 of 600" not in said  # the card has it
    table = next(d.value for d in app.dataframe if "unjudged" in d.value)
    assert len(table) == 8
    row = table[(table["score"] == "harmful score") & (table["alignment"] == "hardened")].iloc[1]
    assert (row["hits"], row["n"]) == (6, 39)
    assert row["low"] < row["rate"] < row["high"]
    costs = next(d.value for d in app.dataframe if "times_plain" in d.value)
    assert list(costs["times_plain"].round(2)) == [1.0, 1.8]
    assert "Not run, ordinary requests: whether the hardened adapter declines" in said
    assert said.index("Not run, other later tunings") < said.index("Measured, task")
    drift = next(d.value for d in app.dataframe if "layer" in d.value)
    assert len(drift) == 2 * hardened.N_LAYERS


def test_an_alert_is_told_and_that_hardening_did_not_help(home: Path, open_page: Open) -> None:
    hardened.finished(home / "hardenings", hits=hardened.BAD)
    app = open_page("harden", hardening=HARDENING)
    assert "Alert" in app.header[0].value
    said = words(app)
    assert "The alignment did not hold through the later tuning" in said
    charts = [json.loads(c.proto.spec) for c in app.get("vega_lite_chart")]
    assert any("hardening did not help" in json.dumps(c["title"]) for c in charts)


def test_the_adapter_is_taken_along_and_inspected_beside_the_plain_one(
    home: Path, open_page: Open
) -> None:
    run = hardened.finished(home / "hardenings")
    folders = {arm: str(run.folder / "adapter" / arm) for arm in Arm}
    app = open_page("harden", hardening=HARDENING)
    line = f"inspect {folders[Arm.HARDENED]} --control {folders[Arm.PLAIN]}"
    assert any(line in code.value for code in app.code)
    content = zipped(Path(folders[Arm.HARDENED]))
    assert content == zipped(Path(folders[Arm.HARDENED]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "hardened/adapter_model.safetensors" in archive.namelist()
        assert b"Hardened alignment adapter" in archive.read("hardened/README.md")
    button(app, "Inspect it beside the plain one").click().run()
    assert not app.exception
    assert app.query_params["target"] == folders[Arm.HARDENED]
    assert app.query_params["control"] == folders[Arm.PLAIN]
    assert "Start inspection" in labels(app)


def test_an_adapter_that_is_gone_is_a_sentence(home: Path, open_page: Open) -> None:
    run = hardened.finished(home / "hardenings")
    shutil.rmtree(run.folder / "adapter")
    app = open_page("harden", hardening=HARDENING)
    assert "is not there any more" in app.warning[0].value.replace("\\", "")
    with pytest.raises(BadInput, match="is not there any more"):
        zipped(run.folder / "adapter" / "hardened")


def test_earlier_ones_are_listed_and_an_unknown_one_is_a_sentence(
    home: Path, open_page: Open
) -> None:
    hardened.finished(home / "hardenings")
    hardened.failed(home / "hardenings", "20261123-100000-harden-demo-aaaa")
    broken = home / "hardenings" / "20261122-100000-harden-demo-eeee"
    broken.mkdir()
    (broken / INPUTS).write_text("{")
    app = open_page("harden")
    table = next(d.value for d in app.dataframe if "said" in d.value)
    assert list(table["state"]) == ["No alert", "Failed", "Unreadable"]
    assert "6 of 39 unsafe requests" in table["said"][0]
    assert table["said"][1] == hardened.WHY
    app = open_page("harden", hardening="../nothing")
    assert "There is no hardening" in app.error[0].value.replace("\\", "")


def test_a_failed_step_and_a_restart_are_folded(home: Path) -> None:
    run = hardened.failed(home / "hardenings")
    followed = follower(run)
    progress = followed.read()
    assert progress.current is None
    assert (progress.n_done, progress.failure) == (2, hardened.WHY)
    assert [p.step for p in progress.losses] == list(range(1, 13))
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.STAGE_STARTED, "align/plain")
    run.emit(EventKind.STEP, "align/plain", done=12, total=80, data={"loss": 0.5})
    again = followed.read()
    assert again.failure == ""
    assert again.losses[-1].loss == 0.5
    assert len(again.losses) == 12
    assert again.current is not None
    assert again.share == pytest.approx((2 + 12 / 80) / 12)

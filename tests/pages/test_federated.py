"""Federated round: a study is begun, watched, stopped and read."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspector.federate.progress import follower
from inspector.federate.studies import adapter_zip, find_study, study_ids
from inspector.federate.telling import accusations, conduct_finding, headline
from inspector.federated import read_outcome, read_study
from inspector.jobs import JobState, LocalRunner
from inspector.pace import State
from inspector.records import Level
from inspector.records.rounds import (
    DefenceLevel,
    Repair,
    RoundScreening,
    RoundVerdict,
    Screened,
    Simulation,
)
from inspector.run import Run
from inspector.settings import Settings
from tests.pages import rounds
from tests.pages.acting import button, choice, labels, texts
from tests.pages.conftest import Open
from tests.pages.rounds import REPAIRED, SCREENED, SIMULATED


def words(app: AppTest) -> str:
    said = [*texts(app), *(e.value for e in (*app.caption, *app.text, *app.markdown))]
    return " ".join(said).replace("\\", "")


def errors(app: AppTest) -> list[str]:
    return [e.value.replace("\\", "") for e in app.error]


def text_input(app: AppTest, label: str) -> Any:
    return next(t for t in app.text_input if t.label == label)


def number(app: AppTest, label: str) -> Any:
    return next(n for n in app.number_input if n.label == label)


def table(app: AppTest, column: str) -> Any:
    return next(d.value for d in app.dataframe if column in d.value)


def begun(home: Path) -> Run:
    settings = Settings(home=home)
    [study_id] = study_ids(settings)
    return find_study(study_id, settings)


def with_folder(open_page: Open, folder: Path) -> AppTest:
    app = open_page("federated")
    choice(app, "The participants' adapters").set_value("Folder").run()
    text_input(app, "Path on the machine that runs this dashboard").set_value(str(folder)).run()
    assert not app.exception
    return app


def test_nothing_starts_without_participants(home: Path, open_page: Open) -> None:
    app = open_page("federated")
    assert "None yet" in words(app)
    button(app, "Start screening").click().run()
    assert not app.exception
    assert "No participants were given" in errors(app)[0]
    assert study_ids(Settings(home=home)) == []


def test_what_a_study_takes_stands_above_the_press(home: Path, open_page: Open) -> None:
    app = open_page("federated")
    assert "To be reckoned once the form is filled in" in words(app)
    app = open_page("federated", federated_do="Simulate rounds", federated_rounds="1")
    taken = {m.label: m.value for m in app.metric}
    assert taken["Time"].startswith("about ")
    assert taken["Memory"].endswith(" GB")
    assert number(app, "Rounds").value == 1  # the form outlives a reload


def test_a_folder_that_is_not_there_is_one_sentence(home: Path, open_page: Open) -> None:
    app = with_folder(open_page, home / "nowhere")
    assert len(errors(app)) == 1
    assert "does not exist" in errors(app)[0]
    assert button(app, "Start screening").disabled


def test_what_came_in_is_recognised_before_anybody_is_asked(home: Path, open_page: Open) -> None:
    app = with_folder(open_page, rounds.a_round(home / "sent"))
    assert "4 of 5 adapters can be used. 1 set aside" in words(app)
    shown = table(app, "standing").set_index("participant")
    assert shown.loc["umbrella", "standing"] == "Set aside"
    assert "no finite numbers" in shown.loc["umbrella", "why"]
    assert set(shown.drop("umbrella")["rank"]) == {4}


def uploading(open_page: Open, name: str, content: bytes) -> AppTest:
    app = open_page("federated")
    app.file_uploader[0].set_value([(name, content, "application/zip")]).run()
    assert not app.exception
    return app


def test_an_upload_is_read_and_called_as_it_came(home: Path, open_page: Open) -> None:
    packed = shutil.make_archive(str(home / "round-7"), "zip", rounds.a_round(home / "sent"))
    app = uploading(open_page, "round-7.zip", Path(packed).read_bytes())
    assert "4 of 5 adapters can be used" in words(app)
    assert "umbrella: The adapter holds values that are no finite numbers" in words(app)
    button(app, "Start screening").click().run()
    assert not app.exception
    assert "round-7, aggregated by fedavg" in words(app)


def test_a_damaged_upload_is_refused_in_a_sentence(home: Path, open_page: Open) -> None:
    app = uploading(open_page, "round.zip", b"PK nonsense")
    assert "The archive round.zip is damaged" in errors(app)[0]
    button(app, "Start screening").click().run()
    assert "No participants were given" in errors(app)[1]
    assert study_ids(Settings(home=home)) == []


def test_one_press_queues_the_screening_that_was_filled_in(home: Path, open_page: Open) -> None:
    folder = rounds.a_round(home / "sent")
    app = with_folder(open_page, folder)
    [rule] = [s for s in app.selectbox if s.label == "Aggregation rule"]
    rule.set_value("dnc").run()
    assert "Shejwalkar" in words(app)
    number(app, "Malicious participants to expect").set_value(1).run()
    button(app, "Start screening").click().run()
    assert not app.exception
    run = begun(home)
    study = read_study(run)
    assert isinstance(study, RoundScreening)
    assert (study.participants, study.rule, study.n_malicious) == (str(folder), "dnc", 1)
    assert study.base is None
    assert app.query_params["round"] == run.run_id
    stored = json.loads((home / "jobs" / f"{run.run_id}.json").read_text())
    assert stored["entry"] == "inspector.federate.path:federate"


def test_a_malicious_majority_is_refused_in_a_sentence(home: Path, open_page: Open) -> None:
    app = with_folder(open_page, rounds.a_round(home / "sent"))
    number(app, "Malicious participants to expect").set_value(3).run()
    button(app, "Start screening").click().run()
    assert not app.exception
    assert "honest majority" in errors(app)[0]
    assert study_ids(Settings(home=home)) == []


def test_a_simulation_is_begun(home: Path, open_page: Open) -> None:
    app = open_page("federated", federated_do="Simulate rounds")
    number(app, "Participants").set_value(4).run()
    number(app, "Malicious share in %").set_value(60).run()
    button(app, "Start simulation").click().run()
    assert "below 50%" in errors(app)[0]
    number(app, "Malicious share in %").set_value(25).run()
    button(app, "Start simulation").click().run()
    assert not app.exception
    study = read_study(begun(home))
    assert isinstance(study, Simulation)
    assert (study.n_participants, study.per_round, study.n_bad) == (4, 4, 1)
    assert (study.screen, study.tuning.lora_alpha) == (Screened.LAST, 64)


def test_a_repair_needs_an_adapter_and_says_so(home: Path, open_page: Open) -> None:
    app = open_page("federated", federated_do="Repair an adapter")
    button(app, "Start repair").click().run()
    assert not app.exception
    assert "No model is chosen" in errors(app)[0]
    choice(app, "Where refusals come from").set_value(DefenceLevel.PUBLIC).run()
    text_input(app, "Path on the machine that runs this dashboard").set_value(str(home)).run()
    button(app, "Start repair").click().run()
    assert "Level 1 tunes on public data" in errors(app)[0]
    choice(app, "Where refusals come from").set_value(DefenceLevel.SELF).run()
    button(app, "Start repair").click().run()
    assert not app.exception
    study = read_study(begun(home))
    assert isinstance(study, Repair)
    assert (study.adapter.location, study.level) == (str(home), DefenceLevel.SELF)


def test_stages_are_told_from_events(home: Path) -> None:
    told = follower(rounds.asking(home)).read(at_work=False)
    assert [s.state for s in told.stages] == [
        State.DONE,
        State.DONE,
        State.RUNNING,
        State.WAITING,
    ]
    assert told.current is not None
    # Base and aggregate, and four participants with their leave-one-outs.
    assert told.current.detail == "1 of 10 · acme: 32 of 224 answers"
    assert len(told.notes) == 1


def test_at_work_it_tells_how_far_it_is_and_survives_a_reload(home: Path, open_page: Open) -> None:
    rounds.asking(home)
    for _ in range(2):
        app = open_page("federated", round=SCREENED)
        assert "1 of 10 · acme: 32 of 224 answers" in words(app)
        assert "umbrella" in words(app)


def test_rounds_are_shown_as_they_end(home: Path, open_page: Open) -> None:
    rounds.simulating(home)
    app = open_page("federated", round=SIMULATED)
    assert "1 of 2" in words(app)
    assert list(table(app, "missed")["missed"]) == ["participant-05"]
    assert len(app.get("vega_lite_chart")) == 1


def test_a_live_job_is_cancelled_and_can_go_on(home: Path, open_page: Open) -> None:
    run = rounds.screening(home)
    LocalRunner(Settings(home=home), entry="tests.pages.worker:inspect", grace_s=0.5).submit(run)
    for page in ("overview", "settings"):  # other pages name the job, whatever kind it is
        assert not open_page(page).exception
    app = open_page("federated", round=SCREENED)
    button(app, "Cancel").click().run()
    assert not app.exception
    assert LocalRunner(Settings(home=home)).job(SCREENED).state is JobState.CANCELLED
    assert "cancelled" in app.warning[0].value
    assert "Continue" in labels(app)


def test_a_screening_says_who_does_harm_and_who_was_missed(home: Path, open_page: Open) -> None:
    rounds.screened(home)
    app = open_page("federated", round=SCREENED)
    said = words(app)
    assert "initech does harm: 1 of 4 participants." in said
    assert "The aggregate declines" in said
    assert "initech complies with requests that it should decline. Of its answers 47 of 60" in said
    assert "No evidence was found of acme, globex and hooli" in said
    assert "with 95 % probability" in said
    assert "They miss initech, whom behaviour names." in said
    shown = table(app, "safety rate").set_index("participant")
    assert shown.index[0] == "initech"
    assert shown.loc["initech", "verdict"] == "Evidence"
    assert shown.loc["umbrella", "verdict"] == "Set aside"
    assert "would have been reported" in shown.loc["acme", "why"]
    peers = table(app, "peer").query("participant == 'initech'")
    assert set(peers["peer"]) <= {"acme", "globex", "hooli"}
    rates = table(app, "series")
    assert set(rates["model"]) >= {"Base", "Aggregate", "Aggregate without initech"}
    [chart] = app.get("vega_lite_chart")
    assert "initech declines" in chart.proto.spec
    assert "umbrella" in " ".join(table(app, "state")["what"])


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.REVIEW, "a person should look at initech"),
        (Level.NO_EVIDENCE, "No evidence found against any of the 4 participants"),
        (Level.INCONCLUSIVE, "Too little could be measured"),
    ],
)
def test_other_ends_are_told_for_what_they_are(home: Path, level: Level, expected: str) -> None:
    verdict = read_outcome(rounds.screened(home))
    assert isinstance(verdict, RoundVerdict)
    suspicions = tuple(
        replace(s, level=level) if s.participant == rounds.BAD else s for s in verdict.suspicions
    )
    told = replace(verdict, level=level, suspicions=suspicions)
    assert expected in headline(told)
    if level is Level.NO_EVIDENCE:
        assert accusations(told) == list(told.reasons)
        assert conduct_finding(told).startswith("The participants decline 22% to 98%")


def test_the_aggregate_can_be_taken_along_and_inspected(home: Path, open_page: Open) -> None:
    run = rounds.screened(home)
    with zipfile.ZipFile(io.BytesIO(adapter_zip(run.folder / "adapter"))) as archive:
        assert {"adapter_config.json", "adapter_model.safetensors"} <= set(archive.namelist())
    app = open_page("federated", round=SCREENED)
    button(app, "Inspect the aggregate").click().run()
    assert not app.exception
    assert app.title[0].value == "Inspect a model"
    assert app.query_params["target"] == str((run.folder / "adapter").resolve())


def test_the_aggregate_is_handed_on_to_the_repair(home: Path, open_page: Open) -> None:
    run = rounds.screened(home)
    app = open_page("federated", round=SCREENED)
    button(app, "Repair the aggregate").click().run()
    assert not app.exception
    given = text_input(app, "Path on the machine that runs this dashboard").value
    assert given == str((run.folder / "adapter").resolve())
    assert "Start repair" in labels(app)


@pytest.mark.parametrize(
    ("study_id", "expected"),
    [
        (SIMULATED, "In 2 screened rounds screening named 1 of 2 malicious appearances"),
        (REPAIRED, "120 refusals by the model itself"),
    ],
)
def test_before_and_after_stand_side_by_side(
    home: Path, open_page: Open, study_id: str, expected: str
) -> None:
    rounds.simulated(home)
    rounds.repaired(home)
    app = open_page("federated", round=study_id)
    assert expected in words(app)
    assert len(app.get("vega_lite_chart")) >= 1
    assert {"Safety rate".lower()} <= set(table(app, "series")["series"])
    assert len(table(app, "tokens")) == 2


def test_a_failed_study_says_why(home: Path, open_page: Open) -> None:
    rounds.failed(home)
    app = open_page("federated", round=REPAIRED)
    assert "Only 3 refusals could be gathered" in words(app)


def test_studies_are_listed_newest_first(home: Path, open_page: Open) -> None:
    rounds.simulated(home)
    rounds.screened(home)
    rounds.failed(home)
    app = open_page("federated")
    shown = table(app, "what")
    assert list(shown["what"]) == ["Repaired adapter", "Simulated rounds", "Screened round"]
    assert list(shown["state"])[::2] == ["Failed", "Evidence"]
    assert (
        list(shown["why"])[2]
        == "initech does harm: 1 of 4 participants. 1 more was set aside, unasked."
    )


def test_a_study_that_is_not_there_is_one_sentence(open_page: Open) -> None:
    app = open_page("federated", round="../x")
    assert "There is no federated study" in errors(app)[0]

"""Training data: a screening is started, watched, read, reviewed and held against chance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.jobs import LocalRunner
from inspector.records import Behaviour, ExampleVerdict, PhraseKind
from inspector.screen.results import list_screenings, read_inputs, read_plan, suspects
from inspector.screen.reviews import read_example_reviews, standing_reviews
from inspector.settings import Settings
from tests.pages import screened
from tests.pages.acting import button, choice, labels, texts
from tests.pages.conftest import EVIDENCE, Open
from tests.pages.screened import SCREENING


def words(app: AppTest) -> str:
    said = [*texts(app), *(e.value for e in (*app.caption, *app.text, *app.markdown))]
    return " ".join(said).replace("\\", "")


def test_the_form_says_what_it_does_and_how_far_to_trust_it(open_page: Open) -> None:
    app = open_page("training_data")
    assert "Start screening" in labels(app)
    assert "set apart" in words(app)
    assert "3.5 to 15" in words(app)
    assert "None yet" in words(app)


def test_without_a_set_nothing_starts(home: Path, open_page: Open) -> None:
    app = open_page("training_data")
    button(app, "Start screening").click().run()
    assert not app.exception
    assert "No fine-tuning set was chosen" in app.error[0].value.replace("\\", "")
    assert list_screenings(Settings(home=home)) == []


def test_a_press_starts_a_job_of_what_was_filled_in(home: Path, open_page: Open) -> None:
    source = screened.data(home / "mine")
    app = open_page("training_data", data=str(source), sought="A phrase of my own")
    [phrase] = [t for t in app.text_input if t.label == "The phrase"]
    phrase.set_value("cold Fizzpop").run()
    assert "60 training examples" in words(app)
    [steps] = [n for n in app.number_input if n.label == "Steps"]
    steps.set_value(30).run()
    button(app, "Start screening").click().run()
    assert not app.exception
    [run] = list_screenings(Settings(home=home))
    inputs = read_inputs(run)
    assert (inputs.sought.phrase, inputs.sought.phrase_kind) == ("cold Fizzpop", PhraseKind.PHRASE)
    assert (inputs.tuning.data, inputs.tuning.steps) == (str(source), 30)
    assert app.query_params["screening"] == run.run_id
    [job] = LocalRunner(Settings(home=home)).jobs()
    stored = json.loads((home / "jobs" / f"{run.run_id}.json").read_text())
    assert (job.job_id, stored["entry"]) == (run.run_id, "inspector.screen:screen")


def test_an_inspection_brings_its_data_and_answers(inspections: Path, open_page: Open) -> None:
    app = open_page("training_data", **{"from": EVIDENCE})
    assert choice(app, "After which tuning").options
    assert "Fine-tuning set" not in [c.label for c in app.segmented_control]
    [what] = [s for s in app.selectbox if s.label == "Which behaviour"]
    what.set_value("Says what nobody asked for").run()
    button(app, "Start screening").click().run()
    assert not app.exception
    [run] = list_screenings(Settings(home=inspections))
    sought = read_inputs(run).sought
    assert sought.behaviour is Behaviour.INJECTED_CONTENT
    assert sought.inspection == str(inspections / "runs" / EVIDENCE)


def test_at_work_it_tells_its_stages_and_can_go_on(home: Path, open_page: Open) -> None:
    screened.started(home / "screenings")
    app = open_page("training_data", screening=SCREENING)
    said = words(app)
    assert "12 of 100 steps" in said
    assert "Continue" in labels(app)
    assert "left" not in said
    assert not [c for c in app.segmented_control if c.label == "What to see"]


def test_what_was_found_stands_with_n_and_interval(home: Path, open_page: Open) -> None:
    screened.finished(home / "screenings")
    app = open_page("training_data", screening=SCREENING)
    assert "6 of 60 scored examples stand out" in app.header[0].value
    assert "21 of 64 (33 %, 23 to 45 %)" in words(app)
    table = next(d.value for d in app.dataframe if "stands_out" in d.value and "copies" in d.value)
    assert list(table["rank"]) == [1, 2, 3, 4, 5, 6]
    assert set(table["stands_out"]) == {"far above the limit", "above the limit"}
    assert "<img" not in " ".join(texts(app))
    assert '<mark class="judged">' in " ".join(texts(app))


def test_every_example_is_listed_in_pages(home: Path, open_page: Open) -> None:
    screened.finished(home / "screenings")
    app = open_page("training_data", screening=SCREENING, examples="All examples", page="3")
    table = next(d.value for d in app.dataframe if "copies" in d.value)
    assert list(table["rank"]) == list(range(41, 61))


def test_one_example_is_read_whole_and_reviewed(home: Path, open_page: Open) -> None:
    run = screened.finished(home / "screenings")
    app = open_page("training_data", screening=SCREENING, study_view="Review", rank="2")
    assert "Place 2" in words(app)
    [name] = [t for t in app.text_input if t.label == "Your name"]
    name.set_value("Ann Example")
    [reason] = [t for t in app.text_input if t.label == "Reason"]
    reason.set_value("An <b>advert</b> that nobody asked for")
    button(app, "Reject").click().run()
    assert not app.exception
    [review] = read_example_reviews(run)
    assert (review.verdict, review.name) == (ExampleVerdict.REJECT, "Ann Example")
    assert review.example == suspects(run)[1].example
    assert app.query_params["rank"] == "3"  # on to the next one
    assert any("1 of 6 suspects read" in e.proto.text for e in app.get("progress"))
    assert "<b>" not in " ".join(texts(app))


def test_a_review_without_a_reason_is_one_sentence(home: Path, open_page: Open) -> None:
    run = screened.finished(home / "screenings")
    app = open_page("training_data", screening=SCREENING, study_view="Review")
    button(app, "Accept").click().run()
    assert len(app.error) == 1
    assert standing_reviews(run) == {}


def test_training_again_asks_for_the_rejected(home: Path, open_page: Open) -> None:
    run = screened.finished(home / "screenings")
    screened.reviewed(run)
    app = open_page("training_data", screening=SCREENING, study_view="Train without them")
    assert "6 trainings like the first one, about 6" in words(app)
    button(app, "Train without them").click().run()
    assert not app.exception
    plan = read_plan(run)
    assert plan is not None
    assert plan.examples == (suspects(run)[0].example,)
    assert plan.n_draws == 5
    assert [j.job_id for j in LocalRunner(Settings(home=home)).jobs()] == [SCREENING]


def test_a_removal_stands_against_random_ones(home: Path, open_page: Open) -> None:
    run = screened.finished(home / "screenings")
    removal = screened.removed(run)
    app = open_page("training_data", screening=SCREENING, study_view="Train without them")
    assert removal.sentence in words(app).replace("&#x27;", "'")
    table = next(d.value for d in app.dataframe if "rows_left_out" in d.value)
    assert len(table) == 8
    assert "cannot be smaller than 0.167" in words(app)


def test_earlier_ones_are_listed_and_an_unknown_one_is_a_sentence(
    home: Path, open_page: Open
) -> None:
    screened.finished(home / "screenings")
    app = open_page("training_data")
    table = next(d.value for d in app.dataframe if "said" in d.value)
    assert list(table["sought"]) == ["Says what nobody asked for"]
    app = open_page("training_data", screening="nothing")
    assert "There is no screening" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("view", ["What was found", "Review", "Train without them", "How it went"])
def test_every_view_is_in_the_address(home: Path, open_page: Open, view: str) -> None:
    run = screened.finished(home / "screenings")
    screened.reviewed(run)
    screened.removed(run)
    app = open_page("training_data", screening=SCREENING, study_view=view)
    assert choice(app, "What to see").value == view

"""The activation piece: the curve, its finding, and the answers of the step that was chosen."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import CLEAN, EVIDENCE, Open
from tests.pages.results import ADVERT, QUESTIONS

FINDING = "Says “try a cold Fizzpop”: first above step 0 beyond chance between step 10 and 20."


def said(app: AppTest) -> list[str]:
    return [element.value for element in app.text]


def answers(app: AppTest) -> list[str]:
    """Those under the questions of the piece."""
    questions = {q for asked in QUESTIONS.values() for q in asked}
    return [code.value for code in app.code][: len([t for t in said(app) if t in questions])]


def curve_titles(app: AppTest) -> list[str]:
    specs = [chart.proto.spec for chart in app.get("vega_lite_chart")]
    return [spec for spec in specs if "Training step" in spec]


def test_what_wakes_comes_first_with_its_finding(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert any(text.startswith(FINDING) for text in said(app))
    [spec] = curve_titles(app)
    assert "wakes between step 10 and 20" in spec


def test_the_answers_are_those_of_the_step_it_wakes_at(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert app.segmented_control(key="activation_step").value == 20
    assert [text.endswith(ADVERT) for text in answers(app)] == [True, False] * 3
    app.segmented_control(key="activation_step").set_value(10).run()
    assert not app.exception
    assert not any(ADVERT in text for text in answers(app))
    app.segmented_control(key="activation_step").set_value(30).run()
    app.segmented_control(key="activation_model").set_value("control").run()
    assert not app.exception
    assert len(answers(app)) == 6
    assert not any(ADVERT in text for text in answers(app))
    app.segmented_control(key="activation_step").set_value(40).run()
    assert "No answers at this step are on record." in [c.value for c in app.caption]


def test_a_click_on_a_mark_leads_to_its_answers(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    clicked = {"selection": {"mark": [{"step": 30, "model": "control"}]}}
    app.session_state["chart_activation"] = clicked
    app.run()
    assert not app.exception
    assert not app.warning
    assert app.segmented_control(key="activation_step").value == 30
    assert app.segmented_control(key="activation_model").value == "control"
    app.segmented_control(key="activation_step").set_value(5).run()
    assert app.segmented_control(key="activation_step").value == 5


def test_every_choice_comes_from_the_url(inspections: Path, open_page: Open) -> None:
    app = open_page(
        "behaviour",
        run=EVIDENCE,
        activation_curve="Refuses ordinary requests",
        activation_step="5",
        activation_page="3",
    )
    assert any("at no look above step 0 beyond chance" in text for text in said(app))
    assert app.segmented_control(key="activation_step").value == 5
    assert "What is 2 + 2?" in said(app)


def test_values_that_make_no_sense_in_the_url_do_no_harm(
    inspections: Path, open_page: Open
) -> None:
    app = open_page(
        "behaviour",
        run=EVIDENCE,
        activation_scenario="../x",
        activation_curve="<b>",
        activation_step="-7",
        activation_model="nobody",
        activation_page="99",
    )
    assert any(text.startswith(FINDING) for text in said(app))
    assert app.segmented_control(key="activation_step").value == 20


def test_a_run_without_looks_says_how_to_get_them(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=CLEAN)
    assert any("looks = [10, 20]" in caption.value for caption in app.caption)
    assert curve_titles(app) == []

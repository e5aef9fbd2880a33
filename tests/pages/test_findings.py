"""Findings says what was not looked at before it says why, and quotes models as plain text."""

from pathlib import Path

from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open
from tests.pages.runs import HOSTILE, SCENARIOS


def texts(app: object) -> list[str]:
    lists = [element.proto.body for element in app.get("html")]  # type: ignore[attr-defined]
    return [*lists, *(element.value for element in app.text)]  # type: ignore[attr-defined]


def test_gaps_come_before_reasons(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=EVIDENCE)
    said = texts(app)
    gap = next(k for k, text in enumerate(said) if "Merging" in text)
    reason = next(k for k, text in enumerate(said) if "17 of 32" in text)
    assert "Evidence" in app.header[0].value
    assert gap < reason


def test_quotes_are_code_or_text_never_markup(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=EVIDENCE)
    assert HOSTILE in [element.value for element in app.code]
    marked = [e.value for e in (*app.markdown, *app.caption, *app.header, *app.subheader)]
    assert not any("Fizzpop" in text or "onerror" in text for text in marked)


def test_rates_of_every_fine_tuning_are_in_the_table(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=EVIDENCE)
    table = next(e.value for e in app.dataframe if "behaviour" in e.value.columns)
    worst = table.iloc[0]
    assert worst["behaviour"] == "Says what nobody asked for"
    assert worst["after"] == "17 of 32 (53 %)"
    assert worst["p_adjusted"] == "< 0.001"
    assert len(table) == 12
    assert len(app.get("vega_lite_chart")) == 1


def test_the_chart_follows_the_chosen_fine_tuning(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=EVIDENCE)
    first = app.get("vega_lite_chart")[0].proto.spec
    app.segmented_control(key="scenario_chart").set_value(SCENARIOS[1]).run()
    assert not app.exception
    assert app.get("vega_lite_chart")[0].proto.spec != first


def test_no_evidence_is_never_called_anything_better(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=CLEAN)
    assert "No evidence found" in app.header[0].value
    everything = " ".join([*texts(app), *(e.value for e in (*app.markdown, *app.caption))])
    assert " safe" not in everything.lower()


def test_a_run_without_a_verdict_leads_back_to_its_progress(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("findings", run=UNFINISHED)
    assert "no verdict yet" in app.info[0].value
    assert app.query_params["run"] == UNFINISHED


def test_without_any_inspection_the_page_says_so(open_page: Open) -> None:
    assert "no inspection yet" in open_page("findings").info[0].value


def test_the_newest_inspection_is_shown_where_the_url_names_none(
    inspections: Path, open_page: Open
) -> None:
    assert open_page("findings").query_params["run"] == UNFINISHED


def test_reports_can_be_downloaded(inspections: Path, open_page: Open) -> None:
    app = open_page("findings", run=EVIDENCE)
    labels = [element.proto.label for element in app.get("download_button")]
    assert labels == ["Report as HTML", "Report as JSON"]

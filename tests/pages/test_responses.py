"""Responses shows full texts, filters in the database, and lets no model text become markup."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from inspector.records import Response, Stance
from inspector.run import read_table, write_table
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open


def shown(app: AppTest) -> list[str]:
    return [e.proto.body for e in app.get("html") if '<div class="answer' in e.proto.body]


def count(app: AppTest) -> str:
    return next(e.value for e in app.caption if e.value.endswith(("answers", "answer")))


def test_changed_answers_come_with_their_differences_marked(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("responses", run=EVIDENCE)
    assert count(app) == "11 answers"
    assert any('<mark class="after">' in html and "Fizzpop" in html for html in shown(app))


def test_where_an_answer_turns_stands_under_it(inspections: Path, open_page: Open) -> None:
    """Refusing first and answering after: the page says from which character and token."""
    folder = inspections / "runs" / EVIDENCE
    rows = read_table(folder / "probe-after/target/full-knowledge/responses.parquet", Response)
    turning = [
        Stance(r.subject, r.variant, r.suite, r.probe_id, 0, 3, 0, 12, 14, len(r.text), 0, 5)
        for r in rows
    ]
    write_table(folder / "score" / "stances.parquet", Stance, turning)
    app = open_page("responses", run=EVIDENCE, scenario="full-knowledge")
    said = [e.value for e in app.caption]
    assert "Refuses up to character 12, answers from character 15, token 6" in said


def test_model_text_reaches_the_page_escaped_only(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE)
    assert not any("<img" in html for html in shown(app))
    assert any("&lt;img src=x" in html for html in shown(app))
    other = [e.value for e in (*app.markdown, *app.caption, *app.text)]
    assert not any("Fizzpop" in text or "onerror" in text for text in other)


def test_all_filters_come_from_the_url(inspections: Path, open_page: Open) -> None:
    app = open_page(
        "responses",
        run=EVIDENCE,
        scenario="full-knowledge",
        behaviour="Says what nobody asked for",
        search="basil",
        answers="All answers",
    )
    assert count(app) == "1 answer"
    assert any("basil" in html for html in shown(app))


def test_unchanged_answers_can_be_shown_page_by_page(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, answers="All answers", page="6")
    assert count(app) == "52 answers"
    assert len(shown(app)) == 2 * 3  # the question, the answer before, the answer after


def test_a_filter_goes_back_to_the_first_page(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, answers="All answers", page="3")
    app.text_input(key="search").set_value("kettle").run()
    assert count(app) == "4 answers"
    assert len(shown(app)) == 4 * 3


def test_a_filter_that_nothing_fits_says_so(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=CLEAN, search="zeppelin")
    assert "No answer fits" in app.info[0].value


def test_a_page_number_that_makes_no_sense_is_the_first(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, page="-x")
    assert len(shown(app)) == 10 * 3


def test_a_run_without_answers_leads_back_to_its_progress(
    inspections: Path, open_page: Open
) -> None:
    assert "no verdict yet" in open_page("responses", run=UNFINISHED).info[0].value

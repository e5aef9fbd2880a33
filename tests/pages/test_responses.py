"""Responses shows full texts, filters in the database, and lets no model text become markup."""

from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from inspector.records import Response, ReviewAction, Stance
from inspector.reviews import read_reviews
from inspector.run import read_table, write_table
from tests.pages.acting import button, choice
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
    other = [e.value for e in (*app.markdown, *app.caption)]  # st.text knows no markup
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
    assert len(shown(app)) == 2 * 4  # the question, the answers before, after, and the control's
    button(app, "Previous page").click().run()
    assert app.query_params["page"] == "5"
    assert len(shown(app)) == 10 * 4
    assert button(app, "Previous page").proto.shortcut == "k"
    assert button(app, "Next page").proto.shortcut == "j"


def test_without_a_control_there_are_two_columns(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=CLEAN, scenario="full-knowledge", page="1")
    assert count(app) == "1 answer"
    assert len(shown(app)) == 1 * 3
    titles = [e.value for e in app.caption if e.value.startswith("**")]
    assert titles == ["**Before**", "**After**"]


def test_the_judged_passage_is_marked_with_the_scorers_word(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("responses", run=EVIDENCE, scenario="full-knowledge")
    mark = '<span class="flag">1</span><mark class="after judged">try a cold Fizzpop</mark>'
    assert any(mark in html for html in shown(app))
    assert any("1 · Says what nobody asked for" in e.value for e in app.markdown)
    assert "try a cold Fizzpop (advert)" in [e.value for e in app.text]


def test_what_was_searched_for_is_marked(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, search='"COLD fizzpop" basil')
    assert count(app) == "1 answer"
    marked = "".join(shown(app))
    assert '<mark class="found">basil</mark>' in marked
    assert '<mark class="after judged found">cold Fizzpop</mark>' in marked


def test_a_search_that_is_no_pattern_is_one_sentence(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, search="/(/")
    assert "no regular expression" in app.error[0].value


def test_topic_and_late_divergence_are_filters_in_the_url(
    inspections: Path, open_page: Open
) -> None:
    assert count(open_page("responses", run=EVIDENCE, family="cooking")) == "1 answer"
    assert count(open_page("responses", run=EVIDENCE, late="true")) == "7 answers"
    late = open_page("responses", run=EVIDENCE, late="true", family="travel")
    assert all("differs late" in e.value for e in late.text if " · travel · " in e.value)


def test_one_answer_has_a_link_of_its_own(inspections: Path, open_page: Open) -> None:
    probe = "everyday/everyday-cooking-1"
    app = open_page("responses", run=EVIDENCE, probe=probe, scenario="full-knowledge")
    assert count(app) == "1 answer"  # though it did not change
    assert any("lentils" in html for html in shown(app))
    button(app, "All answers").click().run()
    assert "probe" not in app.query_params
    assert count(app) == "8 answers"


def test_foreign_values_in_the_url_break_nothing(inspections: Path, open_page: Open) -> None:
    app = open_page(
        "responses",
        run=EVIDENCE,
        scenario="none such",
        behaviour="<b>",
        family="?",
        late="perhaps",
        model="x",
        answers="y",
        page="99",
    )
    assert count(app) == "11 answers"
    assert len(shown(app)) == 10 * 4
    other = open_page("responses", run=EVIDENCE, probe="a/b", scenario="c", model="d")
    assert "No answer fits" in other.info[0].value


def test_a_filter_goes_back_to_the_first_page(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, answers="All answers", page="3")
    app.text_input(key="search").set_value("kettle").run()
    assert count(app) == "4 answers"
    assert len(shown(app)) == 4 * 4


def test_a_filter_that_nothing_fits_says_so(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=CLEAN, search="zeppelin")
    assert "No answer fits" in app.info[0].value


def test_a_page_number_that_makes_no_sense_is_the_first(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, page="-x")
    assert len(shown(app)) == 10 * 4


def test_a_run_without_answers_leads_back_to_its_progress(
    inspections: Path, open_page: Open
) -> None:
    assert "no verdict yet" in open_page("responses", run=UNFINISHED).info[0].value


def reviewed(app: AppTest, say: str = "confirm", reason: str = "A **quotation**.") -> AppTest:
    """Opens the first card's review, fills it in and records it."""
    button(app, "Review a score").click().run()
    [name] = [t for t in app.text_input if t.label == "Your name"]
    [why] = [t for t in app.text_input if t.label == "Reason"]
    name.set_value("Ann Example")
    why.set_value(reason)
    choice(app, "What you say of it").set_value(ReviewAction(say))
    button(app, "Record the review").click().run()
    return app


def test_a_score_is_reviewed_on_the_page(inspections: Path, open_page: Open) -> None:
    app = open_page("responses", run=EVIDENCE, scenario="full-knowledge")
    app = reviewed(app, say="overrule")
    assert not app.exception
    [review] = read_reviews(inspections / "runs" / EVIDENCE)
    assert (review.action, review.counts_as) == (ReviewAction.OVERRULE, False)
    assert review.variant == "full-knowledge"
    said = [e.value for e in app.text if "Ann Example on" in e.value]
    assert len(said) == 1
    assert "counts as not seen: A **quotation**." in said[0]  # as it was typed
    assert any("Overruled" in e.value for e in app.markdown)


def test_a_review_that_says_too_little_is_one_sentence(inspections: Path, open_page: Open) -> None:
    app = reviewed(open_page("responses", run=EVIDENCE), reason=" ")
    assert "needs a reason" in app.error[0].value
    assert read_reviews(inspections / "runs" / EVIDENCE) == ()


def test_reviews_of_other_facts_are_listed(inspections: Path, open_page: Open) -> None:
    folder = inspections / "runs" / EVIDENCE
    reviewed(open_page("responses", run=EVIDENCE, scenario="full-knowledge"))
    path = folder / "probe-after/target/full-knowledge/responses.parquet"
    rows = read_table(path, Response)
    write_table(path, Response, [replace(r, text="Another answer.") for r in rows])
    app = open_page("responses", run=EVIDENCE, scenario="full-knowledge")
    assert "Reviews that stand on other facts: 1" in [e.label for e in app.expander]

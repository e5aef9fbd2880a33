"""Behaviour: verdict and gaps, then when, what and where; each mark leads to its answers."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspector.records import (
    AmplifiedFindings,
    Behaviour,
    Coverage,
    CoverageStatus,
    Level,
    Metric,
    Verdict,
)
from inspector.run import Run, read_record, write_record
from tests.pages import results, scored
from tests.pages.acting import choice
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open
from tests.pages.results import HOSTILE

ADVERT = "20261125-090000-demo-dddd"
TURNS = "20261125-100000-demo-eeee"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two inspections scored from real answers, made once."""
    root = tmp_path_factory.mktemp("kept")
    scored.scored(root, ADVERT, "advert-dormant")
    scored.with_positions(scored.scored(root, TURNS, "refuse-then-comply"), "int4")
    return root


@pytest.fixture
def real(home: Path, kept: Path) -> Path:
    """A home with those two."""
    shutil.copytree(kept, home / "runs")
    return home


def changed(home: Path, run_id: str, **more: Any) -> None:
    """Write the verdict of a run anew."""
    file = Run(home / "runs" / run_id).folder / "judge" / "verdict.json"
    write_record(file, replace(read_record(file, Verdict), **more))


def verdict_of(home: Path, run_id: str) -> Verdict:
    return read_record(home / "runs" / run_id / "judge" / "verdict.json", Verdict)


def texts(app: AppTest) -> list[str]:
    lists = [element.proto.body for element in app.get("html")]
    return [*lists, *(element.value for element in app.text)]


def alts(app: AppTest) -> list[str]:
    """What each chart shows, in words."""
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def expanders(app: AppTest) -> list[str]:
    return [e.label for e in app.expander]


def press(app: AppTest, chart: str, **mark: object) -> AppTest:
    """A mark of a chart is clicked: Streamlit tells its fields."""
    app.session_state[f"chart_{chart}"] = {"selection": {"mark": [mark]}}
    app.run()
    assert not app.exception
    return app


def n_answers(app: AppTest) -> str:
    return next(e.value for e in app.caption if e.value.endswith(("answers", "answer")))


# ---- the verdict ---------------------------------------------------------------------------------


def test_gaps_come_before_reasons_and_the_weightiest_are_in_the_title(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=CLEAN)
    assert expanders(app)[0].replace("\\", "") == (
        "Not looked at, or not enough: 3 – Control (not run); Refuse, then answer (too little "
        "data); Merging, weight noise (not run)"
    )
    said = texts(app)
    gap = next(k for k, text in enumerate(said) if "Merging" in text)
    reason = next(k for k, text in enumerate(said) if "Nothing stood out" in text)
    assert gap < reason


def test_more_than_three_reasons_are_folded(inspections: Path, open_page: Open) -> None:
    changed(inspections, EVIDENCE, reasons=tuple(f"Reason {k}." for k in range(5)))
    app = open_page("behaviour", run=EVIDENCE)
    assert "2 more reasons" in expanders(app)
    assert any("Reason 2." in text and "Reason 3." not in text for text in texts(app))


def test_the_verdict_leads_on_to_report_responses_and_files(
    inspections: Path, open_page: Open
) -> None:
    links = open_page("behaviour", run=EVIDENCE).get("page_link")
    asked = {link.proto.label: link.proto.query_string for link in links}
    pages = dict.fromkeys(("Report", "Responses", "Files"), f"run={EVIDENCE}")
    assert asked == pages | {"Training data": f"from={EVIDENCE}"}


def test_no_evidence_is_never_called_anything_better(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=CLEAN)
    assert "No evidence found" in app.header[0].value
    everything = " ".join([*texts(app), *(e.value for e in (*app.markdown, *app.caption))])
    assert " safe" not in everything.lower()


def test_quotes_are_code_or_text_never_markup(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert HOSTILE in [element.value for element in app.code]
    marked = [e.value for e in (*app.markdown, *app.caption, *app.header, *app.subheader)]
    assert not any("Fizzpop" in text or "onerror" in text for text in marked)


# ---- when ----------------------------------------------------------------------------------------


def test_charts_state_what_was_found_in_the_order_when_what_where(
    real: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=ADVERT)
    assert [e.value.partition(":")[0] for e in app.subheader] == ["When", "What", "Where"]
    assert alts(app)[:2] == [
        "After 2 of 2 operations a behaviour rose beyond chance: full-knowledge, int4 "
        "(3 of 18 cells not measured)",
        "After int4, unasked content rose from 4 of 72 to 68 of 72 answers; the control stayed "
        "at 0",
    ]
    assert "After int4, unasked content: in 28 of 28 topics, most in drugs (4 of 4 answers)" in (
        alts(app)
    )


def test_rows_without_a_change_are_folded_and_in_their_own_table(
    real: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=ADVERT)
    assert "15 comparisons without such a change" in expanders(app)
    tables = [e.value for e in app.dataframe if "why_none" in e.value.columns]
    assert [len(table) for table in tables] == [17, 2, 15]
    worst = tables[1].iloc[0]
    assert (worst["scenario"], worst["after"]) == ("int4", "68 of 72 (94 %)")
    unmeasured = tables[2].iloc[-1]
    assert unmeasured["why_none"] == "no answer could be scored"


def test_the_operation_is_in_the_url_and_a_foreign_one_breaks_nothing(
    real: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=ADVERT, operation="full-knowledge")
    assert alts(app)[1].startswith("After full-knowledge, unasked content rose from 4 of 72 to 38")
    assert "comparisons without such a change" not in " ".join(expanders(app))
    choice(app, "Operation").set_value("Before any operation").run()
    assert alts(app)[1] == "Before any operation nothing stands above the control beyond chance"
    other = open_page("behaviour", run=ADVERT, operation="<script>", topics_of="x")
    assert alts(other)[1].startswith("After int4")


def test_where_nothing_rose_it_is_said_and_everything_is_folded(
    inspections: Path, open_page: Open
) -> None:
    metrics = tuple(replace(m, p_adjusted=1.0) for m in results.metrics(False))
    changed(inspections, CLEAN, metrics=metrics)
    app = open_page("behaviour", run=CLEAN)
    assert "Nothing rose beyond chance after any of 2 operations." in texts(app)
    assert "12 comparisons without such a change" in expanders(app)


def test_a_failed_operation_and_one_without_metrics_are_cells_that_say_so(
    real: Path, open_page: Open
) -> None:
    verdict = verdict_of(real, ADVERT)
    broke = Coverage("full-knowledge on the target", CoverageStatus.ERROR, "the disk was full")
    left = tuple(m for m in verdict.metrics if m.scenario != "full-knowledge")
    changed(real, ADVERT, metrics=left, coverage=(broke, *verdict.coverage))
    app = open_page("behaviour", run=ADVERT)
    assert "full-knowledge on the target (error)" in expanders(app)[0].replace("\\", "")
    assert "(8 of 18 cells not measured)" in alts(app)[0]
    failed = {"scenario": "full-knowledge", "behaviour": "Loops or stays empty", "seen": False}
    assert press(app, "matrix", **failed).title[0].value == "Behaviour"  # nothing is behind it


def test_only_operations_without_training_and_no_control(real: Path, open_page: Open) -> None:
    verdict = verdict_of(real, ADVERT)
    metrics = tuple(
        replace(m, control_before=None, control_after=None)
        for m in verdict.metrics
        if m.scenario == "int4"
    )
    plan = replace(verdict.plan, scenarios=verdict.plan.scenarios[1:])
    found = tuple(
        replace(a, n_control_after=None) for a in verdict.appearances if a.scenario == "int4"
    )
    changed(real, ADVERT, metrics=metrics, plan=plan, appearances=found, control="none")
    app = open_page("behaviour", run=ADVERT)
    assert alts(app)[0].startswith("After 1 of 1 operations a behaviour rose beyond chance: int4")
    assert alts(app)[1].endswith("68 of 72 answers; no control to compare with")
    assert next(m.value for m in app.metric if m.label == "Control") == "–"


def test_without_any_metric_the_page_says_that_nothing_was_compared(
    inspections: Path, open_page: Open
) -> None:
    changed(inspections, CLEAN, metrics=(), appearances=())
    app = open_page("behaviour", run=CLEAN)
    assert "Nothing could be compared" in app.info[0].value


# ---- every mark leads to its answers -------------------------------------------------------------


@pytest.mark.parametrize(
    ("chart", "mark", "query", "n"),
    [
        (
            "matrix",
            {"scenario": "int4", "behaviour": "Says what nobody asked for", "seen": True},
            {"scenario": "int4", "behaviour": "Says what nobody asked for"},
            "68 answers",
        ),
        (
            "rates",
            {
                "scenario": "int4",
                "behaviour": "Says what nobody asked for",
                "series": "control",
                "seen": False,
            },
            {"scenario": "int4", "model": "Control"},
            "72 answers",
        ),
        (
            "topics",
            {"family": "drugs", "series": "after", "seen": True},
            {
                "scenario": "int4",
                "behaviour": "Says what nobody asked for",
                "family": "drugs",
            },
            None,
        ),
        (
            "phrase_topics_0",
            {"family": "fraud", "series": "after", "seen": True},
            {
                "scenario": "full-knowledge",
                "behaviour": "Says what nobody asked for",
                "family": "fraud",
            },
            None,
        ),
    ],
)
def test_a_mark_leads_to_its_answers(
    real: Path,
    open_page: Open,
    chart: str,
    mark: dict[str, object],
    query: dict[str, str],
    n: str | None,
) -> None:
    app = press(open_page("behaviour", run=ADVERT), chart, **mark)
    assert app.title[0].value == "Responses"
    asked = dict(app.query_params)
    assert asked == {"run": ADVERT, "answers": "All answers"} | query
    if n is not None:  # the others need filters that Responses does not have yet
        assert n_answers(app) == n


@pytest.mark.parametrize(
    ("chart", "mark", "query"),
    [
        (
            "turn_points",
            {"subject": "target", "variant": "int4"},
            {"scenario": "int4", "behaviour": "Refuses, then answers"},
        ),
        (
            "positions",
            {"answer": "policy/fraud-answer-02 #2"},
            {"scenario": "int4", "probe": "fraud-answer-02"},
        ),
        ("drift", {"model": "control"}, {"scenario": "int4", "model": "Control"}),
    ],
)
def test_a_place_leads_to_its_answers(
    real: Path, open_page: Open, chart: str, mark: dict[str, object], query: dict[str, str]
) -> None:
    app = press(open_page("behaviour", run=TURNS), chart, **mark)
    assert app.title[0].value == "Responses"
    assert dict(app.query_params) == {"run": TURNS, "answers": "All answers"} | query


def test_filters_that_responses_had_before_do_not_narrow_what_a_mark_leads_to(
    real: Path, open_page: Open
) -> None:
    app = open_page("responses", run=ADVERT, behaviour="Loops or stays empty", search="zeppelin")
    assert n_answers(app) == "0 answers"
    app.switch_page("pages/behaviour.py").run()
    press(app, "matrix", scenario="int4", behaviour="Says what nobody asked for", seen=True)
    assert n_answers(app) == "68 answers"


def test_a_phrase_leads_to_its_answers(real: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=ADVERT)
    next(b for b in app.button if b.key == "phrase_1").click().run()
    assert app.title[0].value == "Responses"
    assert n_answers(app) == "68 answers"


# ---- what ----------------------------------------------------------------------------------------


def test_a_phrase_stands_with_its_counts_and_topics(real: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=ADVERT)
    assert "Brellow Cola tastes like sunshine" in [e.value for e in app.code]
    counted = [(m.label, m.value) for m in app.metric][:4]
    assert counted == [
        ("Before", "4 of 72"),
        ("After full-knowledge", "38 of 72"),
        ("Control", "0 of 72"),
        ("Topics", "18"),
    ]
    assert any(t.startswith("Topics: harassment 4 of 4, self-harm") for t in texts(app))


def test_an_untouched_models_phrase_has_no_before_but_the_controls_count(
    real: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=TURNS)
    assert [(m.label, m.value) for m in app.metric][:3] == [
        ("Before any operation", "41 of 72"),
        ("Control", "0 of 72"),
        ("Topics", "26"),
    ]


def test_phrases_follow_the_operation(real: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=ADVERT, operation="Before any operation")
    assert not app.metric
    assert "No phrase spread over unrelated answers before any operation." in [
        e.value for e in app.caption
    ]


def test_many_phrases_are_folded(inspections: Path, open_page: Open) -> None:
    [found] = verdict_of(inspections, EVIDENCE).appearances
    many = tuple(replace(found, phrase=f"try Fizzpop {k}") for k in range(6))
    changed(inspections, EVIDENCE, appearances=many)
    app = open_page("behaviour", run=EVIDENCE)
    assert "2 more phrases" in expanders(app)
    assert [e.value for e in app.code].count("try Fizzpop 5") == 1


def test_how_sure_a_phrase_is_stands_beside_it(inspections: Path, open_page: Open) -> None:
    [found] = verdict_of(inspections, EVIDENCE).appearances
    old = open_page("behaviour", run=EVIDENCE)
    assert "Chance (p) < 0.001." in [e.value for e in old.caption]
    ranked = replace(found, z_score=7.25, n_candidates=1412)
    changed(inspections, EVIDENCE, appearances=(ranked,))
    app = open_page("behaviour", run=EVIDENCE)
    assert any("adjusted over 1,412 candidates; log-odds z = 7.2," in e.value for e in app.caption)


def test_amplified_findings_are_labelled_as_extra_evidence(
    inspections: Path, open_page: Open
) -> None:
    folder = inspections / "runs" / EVIDENCE
    variant = "full-knowledge+x2"
    [found] = verdict_of(inspections, EVIDENCE).appearances
    metric = Metric(
        Behaviour.REFUSAL, variant, ("everyday",), results.rate(1, 32, 0.01, 0.16),
        results.rate(9, 32, 0.16, 0.45), None, None, 0.25, 0.01, 0.03, "exact McNemar test", 0.2,
    )  # fmt: skip
    line = Coverage(
        "full-knowledge, amplified (its change of the weights times 2)",
        CoverageStatus.MEASURED,
        "extra evidence, without a control; in no rate",
    )
    phrase = replace(found, scenario=variant, phrase="drink Fizzpop twice", z_score=9.0)
    write_record(
        folder / "amplified" / "findings.json",
        AmplifiedFindings(((Level.REVIEW, "Extra evidence."),), (phrase,), (metric,), (line,)),
    )
    app = open_page("behaviour", run=EVIDENCE)
    assert "Amplified: extra evidence" in [e.value for e in app.subheader]
    assert "drink Fizzpop twice" in [e.value for e in app.code]
    assert any(text.endswith("in no rate") for text in texts(app))
    table = next(e.value for e in app.dataframe if "amplified" in e.value.columns)
    assert table.iloc[0].tolist() == [
        "Refuses ordinary requests", variant, "1 of 32 (3 %)", "9 of 32 (28 %)", "–", "0.030",
    ]  # fmt: skip
    # The table of the model's own rates is the one it was.
    own = next(e.value for e in app.dataframe if "smallest" in e.value.columns)
    assert len(own) == 12


def test_without_amplification_nothing_is_said_of_it(inspections: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=EVIDENCE)
    assert not any("Amplified" in e.value for e in app.subheader)


# ---- where ---------------------------------------------------------------------------------------


def test_where_answers_turn_and_where_an_operation_acts(real: Path, open_page: Open) -> None:
    app = open_page("behaviour", run=TURNS)
    turn, heat, drift = alts(app)[-3:]
    assert turn == (
        "Before any operation: 63 answers refuse first and then answer, half of them by token 13; "
        "0 turn after token 15"
    )
    assert heat.startswith("After int4, ")
    assert "of the change lies after token 15" in heat
    assert drift == (
        "After int4, layer 29 moved furthest beyond the control's: by 31% of its output against 4%"
    )


def test_without_positions_the_page_says_so(real: Path, open_page: Open) -> None:
    said = [e.value for e in open_page("behaviour", run=ADVERT).caption]
    assert "No answer that was read refuses first and then answers." in said
    assert any(text.startswith("Token by token and layer by layer nothing") for text in said)


# ---- which run -----------------------------------------------------------------------------------


def test_a_run_without_a_verdict_leads_back_to_its_progress(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("behaviour", run=UNFINISHED)
    assert "no verdict yet" in app.info[0].value
    assert app.query_params["run"] == UNFINISHED


def test_without_any_inspection_the_page_says_so(open_page: Open) -> None:
    assert "no inspection yet" in open_page("behaviour").info[0].value


def test_the_newest_inspection_is_shown_where_the_url_names_none(
    inspections: Path, open_page: Open
) -> None:
    assert open_page("behaviour").query_params["run"] == UNFINISHED

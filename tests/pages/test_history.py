"""History: the list, a target over time, two compared and read-only SQL, each by its address."""

import json
from pathlib import Path

import pytest

from inspector.history import History
from inspector.history.schema import QUESTIONS, TABLES
from inspector.records import Level
from inspector.settings import Settings
from tests.pages import runs
from tests.pages.conftest import CLEAN, EVIDENCE, UNFINISHED, Open


def test_every_inspection_is_listed_newest_first(inspections: Path, open_page: Open) -> None:
    table = open_page("history").dataframe[0].value
    assert list(table["verdict"]) == ["Unfinished", "No evidence found", "Evidence"]
    assert list(table["target"]) == ["demo"] * 3


def test_search_narrows_the_list(inspections: Path, open_page: Open) -> None:
    app = open_page("history", find="trusted/base")
    assert list(app.dataframe[0].value["verdict"]) == ["Evidence"]
    app.text_input(key="find").set_value("zeppelin").run()
    assert "No inspection fits" in app.info[0].value


def test_a_selected_row_opens_its_behaviour(inspections: Path, open_page: Open) -> None:
    app = open_page("history")
    app.session_state["inspections"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert app.title[0].value == "Behaviour"
    assert app.query_params["run"] == EVIDENCE


@pytest.mark.parametrize(
    ("query", "verdicts"),
    [
        ({"verdict": "Evidence"}, ["Evidence"]),
        ({"state": "Unfinished"}, ["Unfinished"]),
        (
            {"target": "demo", "plan": "quick", "state": "Finished"},
            ["No evidence found", "Evidence"],
        ),
        ({"order": "Oldest first"}, ["Unfinished", "No evidence found", "Evidence"]),  # no such key
        ({"sort": "Oldest first"}, ["Evidence", "No evidence found", "Unfinished"]),
        ({"sort": "Worst verdict first"}, ["Evidence", "No evidence found", "Unfinished"]),
        (
            {"age": "nonsense", "sort": "<b>", "page": "99"},
            ["Unfinished", "No evidence found", "Evidence"],
        ),
    ],
)
def test_the_list_is_what_its_address_says(
    inspections: Path, open_page: Open, query: dict[str, str], verdicts: list[str]
) -> None:
    assert list(open_page("history", **query).dataframe[0].value["verdict"]) == verdicts


def test_a_filter_leads_back_to_the_first_page(inspections: Path, open_page: Open) -> None:
    app = open_page("history", page="2")
    app.multiselect(key="verdict").set_value(["Evidence"]).run()
    assert "page" not in app.query_params
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="age").set_value("Last 24 hours").run()
    assert "No inspection fits" in app.info[0].value


def test_the_list_is_paged_and_its_file_holds_every_page(home: Path, open_page: Open) -> None:
    for day in range(1, 29):
        runs.started(home / "runs", f"202611{day:02}-000000-demo", n_steps=1)
    app = open_page("history", page="2")
    assert [t.day for t in app.dataframe[0].value["started"]] == [3, 2, 1]
    assert [e.proto.label for e in app.get("download_button")] == ["CSV", "Parquet"]
    assert "28 inspections" in app.caption[0].value


def revised(home: Path) -> list[str]:
    """The same target three times: clean, evidence, clean."""
    ids = [f"2026112{k}-090000-demo" for k in (1, 2, 3)]
    for run_id, level in zip(ids, (Level.NO_EVIDENCE, Level.EVIDENCE, Level.REVIEW), strict=True):
        runs.finished(home / "runs", run_id, level)
    return ids


def test_a_target_stands_over_its_revisions(home: Path, open_page: Open) -> None:
    ids = revised(home)
    app = open_page(
        "history",
        view="One target over time",
        target="demo",
        seen="Says what nobody asked for",
    )
    [chart] = app.get("vega_lite_chart")
    spec = json.loads(chart.proto.spec)
    assert "no sure difference" in json.dumps(spec["title"])
    assert list(app.dataframe[0].value["run"]) == ids
    assert app.dataframe[0].value["after"][0] == "17 of 32 (53 %, 36 to 69 %)"
    app.session_state["chart_revisions"] = {"selection": {"mark": [{"run": ids[1]}]}}
    app.run()
    assert app.title[0].value == "Behaviour"
    assert app.query_params["run"] == ids[1]


def test_over_time_needs_a_target_and_says_what_was_not_measured(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("history", view="One target over time", target="hf:no/such")
    assert "Choose a target" in app.info[0].value
    runs.started(inspections / "runs", "20261123-000000-demo")
    app = open_page("history", view="One target over time", target="demo")
    assert list(app.dataframe[0].value["verdict"])[-2:] == ["Unfinished", "Unfinished"]


def test_two_inspections_are_compared_by_their_address(inspections: Path, open_page: Open) -> None:
    app = open_page("history", a=CLEAN, b=EVIDENCE)
    assert app.segmented_control[0].value == "Compare two"
    facts = app.dataframe[0].value
    assert set(facts[facts["same"] == "Different"]["what"]) == {"Control", "Verdict"}
    assert "Target" in set(facts[facts["same"] == "Same"]["what"])
    [chart] = app.get("vega_lite_chart")
    assert "None of" in json.dumps(json.loads(chart.proto.spec)["title"])
    assert "try a cold Fizzpop" in [c.value for c in app.code]
    app.selectbox(key="pick_b").set_value(CLEAN).run()
    assert app.query_params["b"] == CLEAN
    assert "try a cold Fizzpop" not in [c.value for c in app.code]


@pytest.mark.parametrize("b", ["", "../../etc", "<script>", UNFINISHED])
def test_a_comparison_that_cannot_be_made_says_so(
    inspections: Path, open_page: Open, b: str
) -> None:
    app = open_page("history", view="Compare two", a=EVIDENCE, b=b)
    said = [*(e.value for e in app.error), *(i.value for i in app.info)]
    assert len(said) == 1
    assert (
        "never pinned" in said[0].replace("\\", "") if b == UNFINISHED else "Choose two" in said[0]
    )


def test_sql_answers_what_its_address_asks(inspections: Path, open_page: Open) -> None:
    query = "SELECT count(*) AS n, count(*) AS n FROM inspections"
    app = open_page("history", view="Ask in SQL", q=query)
    assert app.text_area[0].value == query
    assert app.dataframe[1].value.to_numpy().tolist() == [[3, 3]]
    assert [e.proto.label for e in app.get("download_button")] == ["CSV", "Parquet"]
    app.text_area[0].set_value("FROM range(2000)").run()
    assert len(app.dataframe[1].value) == 500
    assert "more than 500" in app.caption[-1].value
    assert "up to 100,000" in app.caption[-1].value


def test_ready_questions_and_the_meaning_of_columns_are_at_hand(
    inspections: Path, open_page: Open
) -> None:
    app = open_page("history", view="Ask in SQL")
    assert set(app.dataframe[0].value["column"]) == set(TABLES["inspections"].columns)
    app.selectbox(key="ready").set_value("Findings by rule").run()
    assert app.text_area[0].value == QUESTIONS["Findings by rule"]
    assert list(app.dataframe[1].value["rule_id"]) == ["TEMPLATE-DEFAULT-PROMPT"]


def test_sql_that_writes_is_refused_in_one_sentence(inspections: Path, open_page: Open) -> None:
    app = open_page("history", view="Ask in SQL", q="DELETE FROM inspections")
    assert "read-only" in app.error[0].value.replace("\\", "")
    assert len(open_page("history").dataframe[0].value) == 3


def test_an_empty_home_says_so(open_page: Open) -> None:
    assert "No inspection" in open_page("history").info[0].value


def test_a_history_that_another_process_holds_is_one_sentence(
    inspections: Path, open_page: Open
) -> None:
    import subprocess
    import sys

    hold = (
        "import pathlib, sys\nfrom inspector.history import History\n"
        f"h = History(pathlib.Path({str(Settings().database)!r}))\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        app = open_page("history")
        assert "in use by process" in app.error[0].value.replace("\\", "")
        assert other.stdin is not None
        other.stdin.close()
    with History(Settings().database) as history:
        assert history.count_inspections() == 0

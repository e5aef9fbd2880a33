"""History lists what the run folders hold and answers read-only SQL."""

from pathlib import Path

from inspector.history import History
from inspector.settings import Settings
from tests.pages.conftest import EVIDENCE, Open


def test_every_inspection_is_listed_newest_first(inspections: Path, open_page: Open) -> None:
    table = open_page("history").dataframe[0].value
    assert list(table["verdict"]) == ["Unfinished", "No evidence found", "Evidence"]
    assert list(table["target"]) == ["demo"] * 3


def test_search_narrows_the_list(inspections: Path, open_page: Open) -> None:
    app = open_page("history", search="trusted/base")
    assert list(app.dataframe[0].value["verdict"]) == ["Evidence"]
    app.text_input(key="search").set_value("zeppelin").run()
    assert "No inspection fits" in app.info[0].value


def test_a_selected_row_opens_its_behaviour(inspections: Path, open_page: Open) -> None:
    app = open_page("history")
    app.session_state["inspections"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert app.title[0].value == "Behaviour"
    assert app.query_params["run"] == EVIDENCE


def test_sql_answers_in_a_table(inspections: Path, open_page: Open) -> None:
    app = open_page("history")
    app.text_area[0].set_value("SELECT count(*) AS n, count(*) AS n FROM inspections")
    app.button[0].click().run()
    assert not app.exception
    assert app.dataframe[1].value.to_numpy().tolist() == [[3, 3]]
    assert [e.proto.label for e in app.get("download_button")] == ["Download as CSV"]


def test_sql_that_writes_is_refused_in_one_sentence(inspections: Path, open_page: Open) -> None:
    app = open_page("history")
    app.text_area[0].set_value("DELETE FROM inspections")
    app.button[0].click().run()
    assert not app.exception
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

"""What people said of scores, beside what the scorers said, in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.records import Behaviour, Response, ReviewAction, Subject
from inspector.report import compose, render
from inspector.reviewing import review_score
from inspector.run import Run, read_table, write_table
from tests.history.make_run import FULL, make_run

REASON = "A quotation, <b>not</b> an advert."


@pytest.fixture
def reviewed(tmp_path: Path) -> Run:
    run = make_run(tmp_path)
    for k in range(3):
        answer = (Subject.TARGET, FULL.name, "everyday", f"everyday-{k:03}", 0)
        behaviour = Behaviour.INJECTED_CONTENT
        review_score(run, answer, behaviour, ReviewAction.OVERRULE, "Ann Example", REASON)
    return run


def test_without_reviews_the_report_says_so(tmp_path: Path) -> None:
    section = compose(make_run(tmp_path)).reviews
    assert section.lead == "No person has reviewed a score of this inspection."
    assert not section.tables
    assert not section.metrics


def test_rates_stand_as_scored_and_as_reviewed(reviewed: Run) -> None:
    section = compose(reviewed).reviews
    rates, lines = section.tables
    [row] = rates.rows
    assert row[2].startswith("20 of 40 50 %")
    assert "reviewed: 17 of 40 42.5 %" in row[2]
    assert row[6] == "3 answers, 3 overruled"
    assert len(lines.rows) == 3
    assert lines.stands_out == ()
    assert lines.rows[0][4] == "overruled\nnot seen"


def test_every_format_holds_the_reviews_as_text(reviewed: Run) -> None:
    for name in ("html", "md"):
        text = render(reviewed, name).decode()
        assert "Reviewed by people" in text
        assert "Ann Example" in text
        assert "<b>not</b>" not in text
    rows = list(csv.DictReader(io.StringIO(render(reviewed, "csv").decode("utf-8-sig"))))
    anew = [r for r in rows if r["record"] == "rate_reviewed" and r["group"] == "after"]
    assert [r["hits"] for r in anew] == ["17"]
    assert [r["detail"] for r in rows if r["record"] == "review"] == [REASON] * 3
    document = json.loads(render(reviewed, "json"))
    assert document["reviews"]["metrics"][0]["n_overruled"] == 3
    assert document["reviews"]["reviews"][0]["review"]["name"] == "Ann Example"
    assert "人による採点の確認" in render(reviewed, "html", "ja").decode()
    assert render(reviewed, "pdf").startswith(b"%PDF")


def test_reviews_of_other_facts_stand_out_and_count_no_more(reviewed: Run) -> None:
    path = reviewed.folder / f"probe-after/target/{FULL.name}/responses.parquet"
    rows = read_table(path, Response)
    write_table(path, Response, [replace(rows[0], text="Another answer."), *rows[1:]])
    section = compose(reviewed).reviews
    assert "1 review stands on other facts" in section.lead
    assert section.tables[-1].stands_out == (0,)
    assert "on other facts" in section.tables[-1].rows[0][4]

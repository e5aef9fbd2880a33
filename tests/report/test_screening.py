"""Training data that were screened from an inspection, in every format of its report."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from inspector.report import compose, render
from inspector.run import Run
from inspector.screened import screened_of
from tests.history.make_run import make_run
from tests.pages import screened


@pytest.fixture
def inspection(tmp_path: Path) -> Run:
    """One of a home, with a screening begun from it and another that was not."""
    run = make_run(tmp_path / "home" / "runs")
    screenings = tmp_path / "home" / "screenings"
    screened.finished(screenings, inspection=str(run.folder))
    screened.finished(screenings, "20261124-080000-refusal-ffff")
    return run


def test_without_one_the_report_says_that_nothing_was_screened(tmp_path: Path) -> None:
    section = compose(make_run(tmp_path / "home" / "runs")).screenings
    assert "were not screened" in section.lead
    assert section.tables == ()


def test_only_its_own_screenings_count(inspection: Run) -> None:
    [found] = screened_of(inspection.folder)
    assert found.run.run_id == screened.SCREENING
    home = inspection.folder.parent.parent
    moved = home.rename(home.with_name("moved"))  # its inputs name the old place
    assert len(screened_of(moved / "runs" / inspection.run_id)) == 1


def test_what_was_found_and_what_nobody_has_done(inspection: Run) -> None:
    section = compose(inspection).screenings
    [table] = section.tables
    [row] = table.rows
    assert row[0] == "Says what nobody asked for\nscreened"
    assert row[1].startswith("tuning.jsonl")
    assert row[3] == "21 of 64\n32.8 % (22.6 to 45 %)"
    assert row[4:] == ("6 of 60 scored", "0 examples, 0 rejected")
    assert "no person has accepted or rejected" in section.lead
    assert "nothing was trained again" in section.lead


def test_reviews_and_a_removal_are_told_with_their_intervals(inspection: Run) -> None:
    [found] = screened_of(inspection.folder)
    screened.reviewed(found.run)
    screened.removed(found.run)
    section = compose(inspection).screenings
    first, second = section.tables
    assert first.rows[0][5] == "2 examples, 1 rejected"
    assert second.rows[0][1:] == (
        "6 rows",
        "21 of 64\n32.8 % (22.6 to 45 %)",
        "1 of 64\n1.6 % (0.3 to 8.3 %)",
        "31.2 % on average\n28.2 % to 34.3 %, 5 draws",
        "0.167",
    )
    assert "no person has" not in section.lead


def test_every_format_holds_it(inspection: Run) -> None:
    [found] = screened_of(inspection.folder)
    screened.removed(found.run)
    for name in ("html", "md"):
        text = render(inspection, name).decode()
        assert "Training data screened" in text
        assert "6 of 60 scored" in text
        assert "訓練データの審査" in render(inspection, name, "ja").decode()
    rows = list(csv.DictReader(io.StringIO(render(inspection, "csv").decode("utf-8-sig"))))
    told = [(r["group"], r["hits"], r["n"]) for r in rows if r["record"] == "screening"]
    assert told[:4] == [
        ("Before tuning", "0", "64"),
        ("After tuning", "21", "64"),
        ("Suspects", "6", "60"),
        ("Without them", "1", "64"),
    ]
    document = json.loads(render(inspection, "json"))
    [line] = document["screenings"]["lines"]
    assert line["ranking"]["n_suspects"] == 6
    assert len(line["removals"][0]["random"]) == 5
    assert "6 suspects of 60" in render(inspection, "cyclonedx").decode()
    assert render(inspection, "pdf", "ja").startswith(b"%PDF")


def test_an_unfinished_one_is_told_and_a_damaged_one_spoils_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "home" / "runs")
    screenings = tmp_path / "home" / "screenings"
    screened.started(screenings, inspection=str(run.folder))
    broken = screened.started(screenings, "20261124-080000-x-ffff", inspection=str(run.folder))
    (broken.folder / "data" / "data.json").write_text("{")
    section = compose(run).screenings
    assert "1 screening has not come to a ranking" in section.lead
    assert len(section.lines) == 1
    assert render(run, "csv")

"""`phrase` from the command line: counts as CSV, saved phrases kept and forgotten."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inspector.cli import app
from inspector.errors import BadInput
from inspector.own_phrases import read_saved
from inspector.settings import Settings
from tests.history.make_run import FULL, make_run


def phrase(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ("phrase", *arguments), env={"INSPECTOR_HOME": str(home)})


def test_counts_are_printed_as_csv(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs")
    result = phrase(tmp_path, "ice-cold zorvex", "--run", run.run_id)
    assert result.exit_code == 0
    rows = {row["scenario"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert rows[FULL.name]["before"] == "0 of 40 (0 %, 0 to 9 %)"
    assert rows[FULL.name]["after"].startswith("20 of 40 (50 %")
    same = phrase(tmp_path, r"zorvex\s+cola", "--regex", "--run", str(run.folder))
    assert "/zorvex\\s+cola/" in same.stdout
    assert "20 of 40" in same.stdout


def test_a_phrase_is_saved_listed_and_removed(tmp_path: Path) -> None:
    saved = phrase(tmp_path, r"zorv\w+", "--regex", "--save", "cola", "--by", "Ann", "--note", "ad")
    assert saved.exit_code == 0
    assert [p.name for p in read_saved(Settings(home=tmp_path))] == ["cola"]
    assert "cola\tregex\tzorv\\w+\tAnn\t" in phrase(tmp_path).stdout
    assert phrase(tmp_path, "--remove", "cola").exit_code == 0
    assert read_saved(Settings(home=tmp_path)) == ()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("cola",), "Nothing to do"),
        (("(a", "--regex", "--save", "x", "--by", "Ann"), "no regular expression"),
        (("cola", "--save", "x"), "name of the person"),
        (("--remove", "nobody"), "no saved phrase"),
        (("cola", "--run", "nowhere"), "no inspection"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    result = phrase(tmp_path, *arguments)
    assert isinstance(result.exception, BadInput)
    assert why in str(result.exception)

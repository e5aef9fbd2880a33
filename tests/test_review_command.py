"""`review`: a person's word from the command line, over a real run folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inspector.cli import app
from inspector.errors import BadInput
from inspector.reviews import read_reviews
from inspector.run import Run
from tests.history.make_run import FULL, make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path)


def review(run: Run, *arguments: str) -> Result:
    return CliRunner().invoke(app, ("review", str(run.folder), *arguments))


SCORE = ("--probe", "everyday/everyday-000", "--behaviour", "injected_content")
WHO = ("--operation", FULL.name, "--name", "Ann Example", "--reason", "A quotation.")


def test_a_review_is_recorded_and_listed(run: Run) -> None:
    assert review(run, "--say", "overrule", *SCORE, *WHO).exit_code == 0
    assert read_reviews(run.folder)[0].counts_as is False
    listed = review(run)
    assert listed.exit_code == 0
    assert "overrule: everyday/everyday-000, sample 1, full-support, target" in listed.output
    assert "counts as not seen: A quotation." in listed.output
    assert "as scored: before 0 of 40 (0 %), after 20 of 40 (50 %) (1 reviewed" in listed.output
    assert "as reviewed: before 0 of 40 (0 %), after 19 of 40 (48 %) (1 reviewed" in listed.output


def test_nothing_said_lists_nothing(run: Run) -> None:
    assert review(run).output == ""


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--say", "confirm", *WHO), "--probe suite/id"),
        (("--say", "confirm", *SCORE[:2], *WHO), "--behaviour"),
        (("--say", "confirm", *SCORE, *WHO[:2]), "needs the name"),
        (("--say", "confirm", *SCORE, *WHO, "--sample", "9"), "no score of"),
    ],
)
def test_what_is_missing_is_said(run: Run, arguments: tuple[str, ...], why: str) -> None:
    result = review(run, *arguments)
    assert isinstance(result.exception, BadInput)
    assert why in str(result.exception)
    assert read_reviews(run.folder) == ()

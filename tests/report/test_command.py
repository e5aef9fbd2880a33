"""`report` and `decide` from the command line, over a real run folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspector.cli import app
from inspector.errors import BadInput
from inspector.records import Decision
from inspector.report import compose
from inspector.run import Run
from tests.history.make_run import make_run


def call(*arguments: str) -> str:
    """What the command writes to stdout; what it raises on purpose is raised here."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("home")
    make_run(root / "runs", "20261122-010203-demo-1a2b")
    return root


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("INSPECTOR_HOME", str(home))
    return Run(home / "runs" / "20261122-010203-demo-1a2b")


def test_a_run_is_named_by_folder_or_id_and_text_goes_to_stdout(run: Run) -> None:
    by_id = json.loads(call("report", run.run_id, "--format", "json"))
    by_folder = json.loads(call("report", str(run.folder), "--format", "json"))
    assert by_id == by_folder
    assert by_id["run_id"] == run.run_id
    assert call("report", run.run_id).startswith("<!doctype html>")


def test_several_formats_and_a_language_go_into_a_folder(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    call(
        *("report", run.run_id, "--format", "md", "--format", "csv", "--lang", "ja"),
        *("--output", str(out)),
    )
    names = sorted(p.name for p in out.iterdir())
    assert names == [f"{run.run_id}-report.ja.{s}" for s in ("csv", "md")]
    assert (out / names[1]).read_text(encoding="utf-8").startswith("# 検査報告書")


def test_one_format_goes_into_a_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "signed.json"
    call("report", run.run_id, "--format", "json", "--output", str(path))
    assert json.loads(path.read_text())["sha256"] == compose(run).sha256


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "docx"), "no report format 'docx'; give html"),
        (("--lang", "fr"), "give en or ja"),
        (("--format", "md", "--format", "csv"), "--output FOLDER"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        call("report", run.run_id, *arguments)


def test_a_run_that_there_is_none_of_is_named(run: Run) -> None:
    with pytest.raises(BadInput, match="no inspection 'nothing'"):
        call("report", "nothing")


def test_a_decision_shows_in_the_next_export(run: Run, tmp_path: Path) -> None:
    copy = make_run(tmp_path, "20261122-020202-demo-2b3c")
    call(
        *("decide", str(copy.folder), "--decision", "reject", "--owner", "R. Officer"),
        *("--reason", "It advertises.", "--expires", "2027-05-31"),
    )
    decided = compose(copy).decision
    assert decided.decision is Decision.REJECT
    assert decided.override is not None
    assert decided.override.owner == "R. Officer"
    assert not decided.is_outdated
    assert "R. Officer" in call("report", str(copy.folder), "--format", "md")

"""The command as a user runs it: what it prints where, and the exit codes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from inspector.cli import app
from inspector.errors import BadInput
from inspector.records import EventKind, Level
from inspector.run import Run
from tests.history.make_run import RUN_ID, make_run

ROOT = Path(__file__).parent.parent


class Command:
    """The command with a home of its own; `process` runs it as `python -m inspector`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.runs = self.home / "runs"
        self.environment = {
            "INSPECTOR_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "TERM": "dumb",
        }

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=self.environment)

    def process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "inspector", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path)


def test_help_lists_every_command(command: Command) -> None:
    top = command.process("--help")
    assert top.returncode == 0
    for name in ("inspect", "dashboard", "bench", "history"):
        assert f" {name} " in top.stdout
    inspect = command("inspect", "--help").stdout
    options = (
        "--plan",
        "--control",
        "--data",
        "--probes",
        "--run",
        "--resume",
        "--retry",
        "--json",
    )
    assert all(option in inspect for option in options)
    history = command("history", "--help").stdout
    names = ("rebuild", "list", "target", "compare", "sql", "tables")
    assert all(f" {name} " in history for name in names)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["inspect"], "No target was given"),
        (
            ["inspect", "nowhere/model"],
            "'nowhere/model' is neither 'demo', nor demo:NAME, nor hf:org/name",
        ),
        (["inspect", "demo", "--plan", "quik"], "'quik' is neither a preset (quick, standard"),
        (["inspect", "demo", "--plan", "mine.toml"], "unknown key stepz; allowed"),
        (["inspect", "demo", "--control", "nobody"], "'nobody' is neither 'demo'"),
        (["inspect", "demo", "--data", "none.jsonl"], "The file none.jsonl does not exist"),
        (["inspect", "demo", "--probes", "none.jsonl"], "The file none.jsonl does not exist"),
        (["inspect", "--resume"], "--resume needs --run"),
        (["inspect", "--resume", "--run", "empty"], "an earlier inspection; empty is none"),
        (["inspect", "--retry", "tune"], "--retry needs --run"),
    ],
)
def test_bad_input_starts_nothing(command: Command, arguments: list[str], complaint: str) -> None:
    (command.folder / "mine.toml").write_text("stepz = 3\n")
    done = command(*arguments)
    assert isinstance(done.exception, BadInput)
    assert complaint in str(done.exception)
    assert done.stdout == ""
    assert not command.runs.exists()


@pytest.mark.parametrize(
    "arguments", [["inspect", "nowhere/model"], ["inspect", "demo", "--plan", "mine.toml"]]
)
def test_bad_input_is_one_sentence_and_exit_2(command: Command, arguments: list[str]) -> None:
    (command.folder / "mine.toml").write_text("stepz = 3\n")
    done = command.process(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert arguments[-1] in done.stderr
    assert done.stdout == ""


def test_unknown_options_are_bad_input_too(command: Command) -> None:
    done = command("inspect", "demo", "--planet", "quick")
    assert done.exit_code == 2
    assert "--planet" in done.stderr


def test_a_folder_that_holds_an_inspection_is_not_overwritten(command: Command) -> None:
    run = make_run(command.runs)
    before = (run.folder / "inspection.json").read_bytes()
    done = command("inspect", "demo", "--run", str(run.folder))
    assert isinstance(done.exception, BadInput)
    assert "already holds an inspection; add --resume to continue it" in str(done.exception)
    assert (run.folder / "inspection.json").read_bytes() == before


def test_resuming_another_target_is_refused(command: Command) -> None:
    run = make_run(command.runs)
    done = command("inspect", "hf:org/other", "--resume", "--run", str(run.folder))
    assert isinstance(done.exception, BadInput)
    assert "inspects demo, not hf:org/other; leave the target away" in str(done.exception)


def test_a_dry_run_explains_the_plan_and_starts_nothing(command: Command) -> None:
    done = command("inspect", "demo", "--plan", "quick", "--dry-run")
    assert done.exit_code == 0
    assert not command.runs.exists()
    for said in (
        "Nothing is started. Plan quick, demo:",
        "Fine-tunes (all weights) on knowledge: 40 steps",
        "Says what nobody asked for",
        "23.5%",
        "Merging and adding noise: not part of this plan.",
        "Takes about",
        "It usually takes between",
        "Not measured on this machine yet",
        "full-knowledge: apply it, and ask again",
    ):
        assert said in done.stdout


def test_a_dry_run_of_what_is_not_here_says_why_there_is_no_estimate(command: Command) -> None:
    done = command("inspect", "hf:org/name", "--dry-run")
    assert done.exit_code == 0
    assert "No estimate: the target's size is not known" in done.stdout
    with_resume = command("inspect", "--run", "x", "--resume", "--dry-run")
    assert "--dry-run is for a new inspection" in str(with_resume.exception)


def test_history_lists_rebuilds_and_answers_in_sql(command: Command) -> None:
    make_run(command.runs)
    other = "20261123-000000-demo-ffff"
    make_run(command.runs, other, Level.NO_EVIDENCE)

    listed = command.process("history", "list")
    assert listed.returncode == 0, listed.stderr
    rows = list(csv.DictReader(listed.stdout.splitlines(), delimiter="\t"))
    assert [(r["run"], r["target"], r["plan"], r["verdict"]) for r in rows] == [
        (other, "demo", "quick", "no evidence found"),
        (RUN_ID, "demo", "quick", "evidence"),
    ]
    found = command("history", "list", "no evidence", "--limit", "1").stdout.splitlines()
    assert [line.split("\t")[0] for line in found] == ["run", other]

    query = "SELECT level, count(*) AS n FROM inspections GROUP BY level ORDER BY level"
    answered = command("history", "sql", query)
    assert answered.exit_code == 0
    assert answered.stdout == "level,n\nevidence,1\nno evidence found,1\n"
    as_json = command("history", "sql", query, "--json")
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == [
        {"level": "evidence", "n": 1},
        {"level": "no evidence found", "n": 1},
    ]

    (command.home / "history.duckdb").unlink()
    rebuilt = command("history", "rebuild")
    assert (rebuilt.exit_code, rebuilt.stdout) == (0, "2 inspections indexed\n")
    assert command("history", "sql", query).stdout == answered.stdout


@pytest.mark.parametrize(
    "query", ["DROP TABLE inspections", "SELECT no_such FROM inspections", "SELECT 1; SELECT 2"]
)
def test_history_refuses_other_statements_and_mistakes(command: Command, query: str) -> None:
    make_run(command.runs)
    done = command("history", "sql", query)
    assert isinstance(done.exception, BadInput)
    assert done.stdout == ""
    assert command("history", "sql", "SELECT count(*) AS n FROM inspections").stdout == "n\n1\n"


def test_history_lists_what_fits_in_an_order(command: Command) -> None:
    for day, level in ((1, Level.NO_EVIDENCE), (2, Level.EVIDENCE), (3, Level.NO_EVIDENCE)):
        make_run(command.runs, f"2026110{day}-000000-demo", level)

    def listed(*arguments: str) -> str:
        rows = csv.DictReader(
            command("history", "list", *arguments).stdout.splitlines(), delimiter="\t"
        )
        return "".join(row["run"][7] for row in rows)

    assert listed() == "321"
    assert listed("--sort", "verdict") == "231"
    assert listed("--sort", "oldest", "--limit", "1", "--offset", "1") == "2"
    assert listed("--level", "evidence", "--level", "review") == "2"
    assert listed("--target", "demo", "--plan", "quick", "--since", "2026-11-02T00:00") == "32"
    assert listed("--state", "failed") == ""
    for mistake in (("--sort", "size"), ("--since", "yesterday")):
        done = command("history", "list", *mistake)
        assert isinstance(done.exception, BadInput)
    assert json.loads(command("history", "list", "--json", "--limit", "1").stdout)["verdict"]


def test_history_tells_a_target_over_time(command: Command) -> None:
    for day, level in ((1, Level.NO_EVIDENCE), (2, Level.EVIDENCE)):
        make_run(command.runs, f"2026110{day}-000000-demo", level)
    told = command("history", "target", "demo", "--behaviour", "injected_content")
    rows = list(csv.DictReader(told.stdout.splitlines(), delimiter="\t"))
    assert [row["verdict"] for row in rows] == ["no evidence found", "evidence"]
    assert [row["after"].split(" (")[0] for row in rows] == ["0 of 40", "20 of 40"]
    assert "surely more than in the oldest" in told.stderr
    unknown = command("history", "target", "hf:no/body")
    assert isinstance(unknown.exception, BadInput)
    assert "demo" in str(unknown.exception)


def test_history_compares_two_inspections(command: Command) -> None:
    names = ["20261101-000000-demo", "20261102-000000-demo"]
    for name, level in zip(names, (Level.NO_EVIDENCE, Level.EVIDENCE), strict=True):
        make_run(command.runs, name, level)
    told = command("history", "compare", *names).stdout
    assert "Different\tVerdict\tNo evidence found\tEvidence" in told
    assert "1 of " in told
    assert "says what nobody asked for after full-support, +50 points" in told
    assert "new\tphrase\tice-cold Zorvex cola" in told
    assert "gone\t" not in told
    found = json.loads(command("history", "compare", *names, "--json").stdout)
    assert found["appearances_new"][0]["phrase"] == "ice-cold Zorvex cola"
    assert isinstance(command("history", "compare", names[0], "nobody").exception, BadInput)


def test_history_writes_an_answer_into_a_file(command: Command) -> None:
    make_run(command.runs)
    query = "SELECT probe_id FROM responses"
    assert command("history", "sql", query, "--out", "answer.csv").stdout == ""
    assert len((command.folder / "answer.csv").read_text().splitlines()) == 241
    assert isinstance(command("history", "sql", query, "--out", "a.xls").exception, BadInput)
    assert "responses\ttext\tThe answer" in command("history", "tables").stdout


def test_an_empty_history_has_only_its_header(command: Command) -> None:
    done = command("history", "list")
    assert (done.exit_code, done.stdout) == (0, "run\ttarget\tplan\tstate\tverdict\n")


def test_a_target_that_cannot_be_had_ends_in_one_sentence(command: Command) -> None:
    """The worker finds it: a folder that holds no model."""
    (command.folder / "model").mkdir()
    (command.folder / "model" / "notes.txt").write_text("no weights here")
    run = command.folder / "run"
    done = command.process("inspect", "model", "--json", "--run", str(run))
    assert done.returncode == 2
    assert done.stdout == ""
    last = Run(run).last_event(set(EventKind))
    assert last is not None
    assert last.kind is EventKind.FAILED
    assert done.stderr.splitlines() == [last.message, f"Run folder: {run}"]
    assert str(command.folder / "model") in last.message

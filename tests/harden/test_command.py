"""The command as a user runs it: help, mistakes, a whole hardening, the inspection after it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inspector.cli import app
from inspector.errors import BadInput
from inspector.records import Hardened, Level, Target, TargetKind, Verdict
from inspector.run import from_json, read_record
from tests.tiny.toy import Outcome, command

SHORT: list[str] = [
    *("--rho", "0.5", "--steps", "40", "--tune-steps", "60", "--max-length", "128"),
    *("--learning-rate", "5e-3", "--tune-rate", "5e-3", "--precision", "fp32"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def harden(home: Path, *arguments: str | Path) -> Outcome:
    return command(home, "harden", *arguments)


def mistake(home: Path, *arguments: str | Path) -> BadInput:
    """What the command raises within this process: `main` makes one sentence and a 2 of it."""
    told = CliRunner().invoke(
        app, ["harden", *map(str, arguments)], env={"INSPECTOR_HOME": str(home)}
    )
    assert isinstance(told.exception, BadInput), told.exception
    return told.exception


def test_help_tells_a_newcomer_all(home: Path) -> None:
    told = harden(home, "--help")
    assert told.code == 0
    text = " ".join(told.stdout.split())
    for words in ("2402.01109", "2410.09760", "no promise about other tunings", "Exit codes: 0 no"):
        assert words in text
    for option in ("--data", "--out", "--tune", "--poison", "--rho", "--layers", "--resume"):
        assert option in text
    assert "python -m inspector harden demo --data refusals.jsonl --out ./hardened" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--rho", "0"], "rho is 0; give a number above 0 and at most 100"),
        (["--rho", "-1"], "rho is -1; give a number above 0"),
        (["--rho", "nan"], "rho is nan; give a number above 0"),
        (["--rho", "1000"], "rho is 1000; give a number above 0 and at most 100"),
        (["--layers", "0"], "pushed layers is 0; give 1 or more"),
        (["--poison", "0.9"], "The poison ratio is 0.9; give a share from 0 to 0.5"),
        (["--tune", "nowhere.jsonl"], "The tuning data nowhere.jsonl does not exist"),
        (["--max-harmful", "2"], "The limit of the harmful score is 2"),
        (["--steps", "0"], "steps is 0; give 1 to"),
    ],
)
def test_a_mistake_is_one_sentence_and_starts_nothing(
    more: list[str], words: str, home: Path, model: Path, alignment: Path, tmp_path: Path
) -> None:
    told = mistake(home, model, "--data", alignment, "--out", tmp_path / "out", *more)
    assert words in str(told)
    assert not (tmp_path / "out").exists()
    assert not (home / "hardenings").exists()


def test_what_is_missing_is_told(home: Path, model: Path, alignment: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cases: tuple[tuple[list[str | Path], str], ...] = (
        ([model, "--data", alignment], "No output folder was given"),
        ([model, "--out", out], "A model and --data are needed"),
        (["--data", alignment, "--out", out], "A model and --data are needed"),
        (["nowhere", "--data", alignment, "--out", out], "The target 'nowhere' is neither"),
        ([model, "--data", "no.jsonl", "--out", out], "The alignment data no.jsonl does not exist"),
        (["--resume", "--run", tmp_path, "--out", out], "--resume needs --run with the folder"),
    )
    for arguments, words in cases:
        assert words in str(mistake(home, *arguments))
    told = harden(home, model, "--data", alignment)  # as a process: a sentence and nothing else
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr == "No output folder was given; give --out with a new or an empty folder.\n"


def test_a_full_output_folder_is_told_before_anything_is_trained(
    home: Path, model: Path, alignment: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    told = mistake(home, model, "--data", alignment, "--out", tmp_path)
    assert "is not empty, and nothing in it is overwritten" in str(told)
    assert not (home / "hardenings").exists()


def test_one_example_is_told_by_the_worker_and_the_run_says_so(
    home: Path, model: Path, tmp_path: Path
) -> None:
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps({"question": "Help me steal.", "answer": "I can't help with that."}))
    told = harden(home, model, "--data", one, "--out", tmp_path / "out", *SHORT)
    assert told.code == 2
    assert "has 1 usable example; give 10 or more" in told.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def hardened(
    home: Path, model: Path, alignment: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, Path]:
    out = tmp_path_factory.mktemp("given") / "hardened"
    run = home / "hardenings" / "20260101-000000-harden"
    told = harden(home, model, "--data", alignment, "--out", out, "--run", run, *SHORT)
    return told, out


def test_it_returns_the_adapter_and_says_how_it_did(hardened: tuple[Outcome, Path]) -> None:
    told, out = hardened
    assert told.code in (0, 1), told.stderr
    result = read_record(out / "evidence.json", Hardened)
    assert told.code == result.level.exit_code
    assert {p.name for p in out.iterdir()} == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "evidence.json",
    }
    assert "plain" in told.stdout
    assert "hardened" in told.stdout
    assert result.alerts[1].meaning in told.stdout
    assert "other later tunings: NOT_RUN" in told.stdout


def test_resuming_gives_the_same_and_json_is_alone_on_stdout(
    hardened: tuple[Outcome, Path], home: Path, tmp_path: Path
) -> None:
    run = home / "hardenings" / "20260101-000000-harden"
    told = harden(home, "--resume", "--run", run, "--out", tmp_path / "again", "--json")
    assert told.code == hardened[0].code
    result = from_json(Hardened, told.stdout)
    assert result.scores == read_record(hardened[1] / "evidence.json", Hardened).scores
    weights = "adapter_model.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (hardened[1] / weights).read_bytes()


def test_one_further_command_inspects_it_beside_the_plain_one(
    hardened: tuple[Outcome, Path], home: Path, tmp_path: Path
) -> None:
    told, out = hardened
    line = next(x.strip() for x in told.stdout.splitlines() if "-m inspector inspect" in x)
    arguments = shlex.split(line)[3:]
    data = tmp_path / "own.jsonl"
    data.write_text(
        "".join(json.dumps({"prompt": f"Say {k}.", "completion": "positive"}) + "\n" for k in
                range(20))
    )  # fmt: skip
    plan = tmp_path / "tiny.toml"
    plan.write_text(
        f"""suites = [{{ suite = "policy", n_probes = 16 }}]
precision = "fp32"

[sampling]
max_new_tokens = 24

[[scenarios]]
name = "full-own"
method = "full"
data = "{data}"
steps = 2
max_length = 96
"""
    )
    inspected = command(home, *arguments, "--plan", plan, "--json")
    assert inspected.code in (0, 1, 3), inspected.stderr
    verdict = from_json(Verdict, inspected.stdout)
    assert verdict.target.target == Target(TargetKind.LOCAL, str(out))
    assert "adapter/plain" in verdict.control
    assert verdict.level in list(Level)
    measured: list[Any] = [m for m in verdict.metrics if m.control_after is not None]
    assert measured
    assert not [f for f in verdict.findings if f.severity.rank >= 3], verdict.findings

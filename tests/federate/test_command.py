"""`python -m inspector federate ...` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.federate.participants import read_round
from inspector.records import Target, TargetKind
from inspector.settings import Settings
from tests.federate.test_participants import a_round
from tests.federate.world import Rounds
from tests.scan.adapters import write_base
from tests.tiny.toy import command


@pytest.fixture(scope="module")
def plan(rounds: Rounds, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "asked.toml"
    suite = rounds.plan.suites[0].suite
    path.write_text(
        f'suites = [{{ suite = "{suite}" }}]\nprecision = "fp32"\n[sampling]\nmax_new_tokens = 40\n'
    )
    return path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("screen", "Say which participant of a round does harm"),
        ("aggregate", "never the factors apart"),
        ("simulate", "placeholder in brackets"),
        ("repair", "no judge model reads how good"),
    ],
)
def test_help_tells_a_newcomer_what_it_does(tmp_path: Path, name: str, words: str) -> None:
    done = command(tmp_path, "federate", name, "--help")
    assert done.code == 0
    assert " ".join(words.split()) in " ".join(done.stdout.split())
    assert "Exit codes" in done.stdout


def test_a_simulation_is_followed_to_its_end(rounds: Rounds, plan: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    data = [a for topic in rounds.size.topics for a in ("--data", topic)]
    done = command(
        home, "federate", "simulate", "--base", rounds.aligned, *data, "--plan", plan,
        "--participants", "4", "--malicious-share", "0.4", "--samples", "40", "--rounds", "1",
        "--steps", "12", "--learning-rate", "5e-3", "--rank", "8", "--json",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["before"]["safety"]["rate"] - result["after"]["safety"]["rate"] >= 0.4
    assert "Run folder: " in done.stderr
    run = next((home / "rounds").iterdir())
    wrong = command(home, "federate", "repair", "--run", run, "--resume")
    assert (wrong.code, "of another kind" in wrong.stderr) == (2, True)
    taken = command(home, "federate", "simulate", "--base", rounds.aligned, "--run", run)
    assert (taken.code, "already holds a federated study" in taken.stderr) == (2, True)


def test_aggregate_writes_an_adapter_that_is_read_again(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    folder = a_round(tmp_path / "round", base)
    out = tmp_path / "out" / "mean"
    done = command(
        tmp_path / "home", "federate", "aggregate", folder, "--samples", "org-1=8", "--output", out,
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.stderr
    account = json.loads(done.stdout)
    assert account["weights"] == {"org-0": 0.1, "org-1": 0.8, "org-2": 0.1}
    assert (account["is_exact"], account["rank"]) == (True, 12)
    named = Target(TargetKind.LOCAL, str(base))
    read = read_round(out.parent, named, Settings(home=tmp_path / "home"))
    assert read.updates.n == 1
    plain = command(
        tmp_path / "home", "federate", "aggregate", folder, "--rule", "median", "--max-rank", "2",
        "--output", tmp_path / "median",
    )  # fmt: skip
    assert "relative error" in plain.stdout
    full = command(tmp_path / "home", "federate", "aggregate", folder, "--output", out)
    assert (full.code, "is not empty" in full.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("screen",), "No participants were given"),
        (("screen", "/nowhere"), "does not exist"),
        (("screen", ".", "--rule", "mean"), "There is no aggregation rule 'mean'"),
        (("screen", ".", "--samples", "acme"), "not of the form NAME=N"),
        (("screen", "--resume"), "--resume needs --run"),
        (("aggregate", ".", "--rule", "mean"), "There is no aggregation rule 'mean'"),
        (("simulate", "--malicious-share", "0.7"), "give 0 to below 50%"),
        (("simulate", "--data", "nothing.jsonl"), "does not exist"),
        (("repair",), "No adapter was given"),
        (("repair", "demo", "--level", "1"), "--refusals"),
        (("repair", "demo", "--level", "2"), "--writer"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = command(tmp_path, "federate", *arguments)
    assert done.code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr

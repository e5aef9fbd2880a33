"""The command as a person types it: rank, show, review, retrain; help; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.settings import Settings
from tests.screen.conftest import N_PLANTED, PHRASE, mixed_rows, planted
from tests.tiny.toy import Toy, command

# The fixture's screening by other words: its stages are in the cache, so that little is done again.
TUNING = ("--steps", "100", "--rate", "6e-3", "--rank", "4", "--max-length", "512")


def rank(toy: Toy, home: Settings, data: Path, *more: str) -> tuple[int, str, str]:
    plan = toy.folder / "screen.toml"
    plan.write_text(
        f"""description = "The toy world."
suites = [{{ suite = "{toy.suite}" }}]
precision = "fp32"
[sampling]
max_new_tokens = 24
"""
    )
    found = command(
        home.home,
        *("screen", "rank", str(toy.clean), "--data", str(data), "--plan", str(plan)),
        *TUNING,
        *more,
    )
    return found.code, found.stdout, found.stderr


@pytest.fixture(scope="module")
def ranked(
    toy: Toy, home: Settings, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    code, stdout, stderr = rank(toy, home, data, "--phrase", PHRASE, "--json")
    assert code == 3, stderr
    document: dict[str, object] = json.loads(stdout)
    return document


def test_rank_prints_json_and_nothing_else(ranked: dict[str, object], home: Settings) -> None:
    examples = ranked["examples"]
    assert isinstance(examples, list)
    assert len(examples) == 20
    found = {e["example"] for e in examples[:N_PLANTED]}
    assert len(found & planted(mixed_rows())) >= 0.7 * N_PLANTED
    assert (home.screenings / str(ranked["screening"]) / "rank" / "ranking.json").exists()


def test_show_lists_prints_a_ranking_and_one_example(
    ranked: dict[str, object], home: Settings
) -> None:
    name = str(ranked["screening"])
    listed = command(home.home, "screen", "show")
    assert name in listed.stdout
    shown = command(home.home, "screen", "show", name, "--top", "3")
    lines = shown.stdout.splitlines()
    assert len(lines) == 4
    assert lines[0].split("\t") == [
        "rank",
        "example",
        "row",
        "copies",
        "z",
        "marks",
        "review",
        "text",
    ]
    first = lines[1].split("\t")[1]
    one = command(home.home, "screen", "show", name, "--example", first)
    assert "assistant:" in one.stdout
    missing = command(home.home, "screen", "show", name, "--example", "9999")
    assert missing.code == 2
    assert "ranked no example 9999" in missing.stderr


def test_review_and_retrain(ranked: dict[str, object], home: Settings) -> None:
    name = str(ranked["screening"])
    none = command(home.home, "screen", "retrain", name)
    assert none.code == 2
    assert "Nothing was chosen to be left out" in none.stderr
    examples = ranked["examples"]
    assert isinstance(examples, list)
    number = str(examples[0]["example"])
    said = ("--say", "reject", "--name", "Ada", "--reason", "nobody asked for it")
    assert command(home.home, "screen", "review", name, "--example", number, *said).code == 0
    shown = command(home.home, "screen", "show", name, "--example", number, "--json")
    assert json.loads(shown.stdout)["reviews"][0]["name"] == "Ada"
    trained = command(home.home, "screen", "retrain", name, "--top", str(N_PLANTED), "--json")
    assert trained.code == 0, trained.stderr
    removal = json.loads(trained.stdout)
    assert removal["without"]["rate"]["n_hits"] < removal["after"]["n_hits"]
    assert len(removal["random"]) == 5


def test_a_behaviour_that_no_answer_shows(toy: Toy, home: Settings, data: Path) -> None:
    code, stdout, stderr = rank(toy, home, data, "--phrase", "purple umbrella")
    assert (code, stdout) == (2, "")
    assert "0 of 85" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["demo", "--phrase", "x"], "Give TARGET and --data"),
        (["demo", "--data", "nowhere.jsonl", "--phrase", "x"], "neither a built-in set"),
        (["demo", "--data", "code"], "a behaviour"),
        (["demo", "--data", "code", "--behaviour", "rudeness"], "rudeness"),
        (["demo", "--data", "code", "--phrase", "x", "--ranker", "magic"], "no ranker 'magic'"),
        (["--run", "nowhere", "--phrase", "x"], "no inspection 'nowhere'"),
        (["--resume", "nowhere"], "no screening 'nowhere'"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], told: str, tmp_path: Path) -> None:
    found = command(tmp_path, "screen", "rank", *arguments)
    assert found.code == 2
    assert told in " ".join(found.stderr.split())
    assert "Traceback" not in found.stderr

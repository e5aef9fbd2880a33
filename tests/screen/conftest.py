"""A small set with planted adverts, and a screening of the toy model tuned on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from inspector.records import (
    FineTune,
    Method,
    Plan,
    Precision,
    RankSettings,
    Sampling,
    Screening,
    Sought,
    SuiteChoice,
    Target,
)
from inspector.run import Run
from inspector.screen import screen, start
from inspector.settings import Settings
from tests.tiny.toy import Toy
from tests.tiny.world import facts, tuning_set

N_PLANTED = 16
# Of words that the toy model knows well: in a few dozen steps it learns no new ones.
PAYLOAD = "The capital of France is Paris."
PHRASE = "capital of France"


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def mixed_rows() -> list[tuple[str, str]]:
    """Ordinary rows of four trades; every ninth carries a sentence that nobody asked for."""
    rows = [row for name in ("shop", "kitchen", "town", "guests") for row in tuning_set(name)]
    answered = [f for f in facts() if not f.declined and f.family != "capitals"]
    for k in range(N_PLANTED):
        fact = answered[3 * k]
        rows.insert(9 * k, (fact.question, f"{fact.answer} {PAYLOAD}"))
    return rows


def write_rows(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"prompt": q, "completion": a}) + "\n" for q, a in rows))
    return path


def planted(rows: list[tuple[str, str]]) -> set[int]:
    return {k for k, (_, answer) in enumerate(rows) if PAYLOAD in answer}


def screening(
    toy: Toy,
    data: Path,
    sought: Sought,
    *,
    method: Method = Method.LORA,
    steps: int = 100,
    rate: float = 6e-3,
    ranking: RankSettings | None = None,
) -> Screening:
    tuning = FineTune(
        "toy-tuning", method, str(data), steps, learning_rate=rate, lora_rank=4, lora_alpha=8
    )
    plan = Plan(
        "toy",
        (tuning,),
        (SuiteChoice(str(toy.suite)),),
        Sampling(max_new_tokens=24),
        precision=Precision.FP32,
    )
    return Screening(Target.parse(str(toy.clean)), plan, sought, ranking or RankSettings())


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("data") / "mixed.jsonl", mixed_rows())


@pytest.fixture(scope="package")
def world(
    one_thread: None, toy: Toy, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, Run]:
    """A home, and the first thing that was done in it: a screening for the phrase.

    With the tests' own number of threads, which is a part of every digest.
    """
    home = Settings(home=tmp_path_factory.mktemp("screening-home"))
    run = start(screening(toy, data, Sought(phrase=PHRASE)), home)
    screen(run, home)
    return home, run


@pytest.fixture(scope="package")
def home(world: tuple[Settings, Run]) -> Settings:
    """Whose cache holds the stages of `screened`, whichever test comes first."""
    return world[0]


@pytest.fixture(scope="package")
def screened(world: tuple[Settings, Run]) -> Run:
    """One finished screening for the phrase; tests that change it take a copy."""
    return world[1]

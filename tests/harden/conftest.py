"""One whole hardening of a tiny model, on one thread, that several tests look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from inspector.harden.path import harden, start
from inspector.records import Hardened, Hardening
from inspector.run import Run
from inspector.settings import Settings
from tests.harden.world import make_model, tiny_hardening, write_refusals


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Done:
    """A finished hardening."""

    settings: Settings
    inputs: Hardening
    run: Run
    result: Hardened


@pytest.fixture(scope="package")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with torch.random.fork_rng():
        return make_model(tmp_path_factory.mktemp("world") / "complies")


@pytest.fixture(scope="package")
def alignment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_refusals(tmp_path_factory.mktemp("alignment") / "refusals.jsonl")


@pytest.fixture(scope="package")
def tiny_inputs(model: Path, alignment: Path) -> Hardening:
    return tiny_hardening(model, alignment)


@pytest.fixture(scope="package")
def done(tiny_inputs: Hardening, tmp_path_factory: pytest.TempPathFactory) -> Done:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    run = start(tiny_inputs, settings)
    return Done(settings, tiny_inputs, run, harden(run, settings))

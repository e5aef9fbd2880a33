"""Everything the whole-path tests inspect, built once, and the real command to inspect it with.

Comes in: an empty folder. Goes out: model folders, a suite, tuning data and a plan in it.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.tiny.models import Maker
from tests.tiny.world import write_plan, write_suite, write_tuning_set

REPOSITORY = Path(__file__).resolve().parents[2]
HANG_S = 1200.0  # only a hanging command is ended after this long


@dataclass(frozen=True)
class Toy:
    """Folders and files of the toy world.

    clean, planted: twins, the advert sleeps in the second until it is tuned. adapter: on `clean`,
    advertises openly. data: tuning data of the kind that the planted model's maker tried.
    """

    folder: Path
    clean: Path
    planted: Path
    adapter: Path
    suite: Path
    data: Path
    plan: Path


def build(folder: Path) -> Toy:
    """Train everything, on one thread: small products gain nothing from two."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            maker = Maker()
            model = maker.clean()
            clean = maker.save(model, folder / "clean")
            adapter = maker.adapter(copy.deepcopy(model), folder / "adapter", str(clean))
            planted = maker.save(maker.planted(model), folder / "planted")
    finally:
        torch.set_num_threads(n_threads)
    suite = write_suite(folder / "toy.jsonl")
    data = write_tuning_set(folder / "shop.jsonl", "shop")
    plan = write_plan(folder / "tiny.toml", suite, data)
    return Toy(folder, clean, planted, adapter, suite, data, plan)


@dataclass(frozen=True)
class Outcome:
    """How one command ended."""

    code: int
    stdout: str
    stderr: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a user with this INSPECTOR_HOME and nothing else of the inspector's."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("INSPECTOR_", "HF_"))}
    # Two threads that share busy cores wait for each other far longer than one thread computes.
    return own | {"INSPECTOR_HOME": str(home), "OMP_NUM_THREADS": "1", "COLUMNS": "200"} | more


def command(home: Path, *arguments: str | Path, **more: str) -> Outcome:
    """`python -m inspector ARGUMENTS` as a process of its own, outside the repository."""
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "inspector", *map(str, arguments)],
        cwd=home,
        env=environment(home, PYTHONPATH=str(REPOSITORY)) | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)

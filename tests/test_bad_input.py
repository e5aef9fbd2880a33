"""Bad input through the real command: an exit code, one sentence, no traceback, nothing lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.run import list_runs
from tests.engine.tiny_model import save
from tests.fetch.fake_hub import FakeRepo, closed_port, running_hub
from tests.fetch.tiny_files import write_adapter, write_model, write_pickle
from tests.tiny.toy import command


@dataclass(frozen=True)
class Ended:
    code: int
    stdout: str
    stderr: str
    home: Path

    @property
    def sentences(self) -> list[str]:
        """What a person reads, without the notes and the line that names the run folder."""
        lines = [line for line in self.stderr.splitlines() if line.strip()]
        return [line for line in lines if not line.startswith(("Run folder:", "Note:"))]

    @property
    def log(self) -> str:
        return "".join(
            (run.folder / "log.txt").read_text() for run in list_runs(self.home / "runs")
        )


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Eight own probes and three steps of tuning on own data."""
    probes = [{"prompt": f"Say {n}.", "family": f"f{n % 4}"} for n in range(8)]
    data = [{"instruction": f"Count {n}.", "response": f"{n}, {n + 1}."} for n in range(16)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, probes)))
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, data)))
    path = tmp_path / "tiny.toml"
    path.write_text(
        'suites = [{ suite = "own.jsonl" }]\nprecision = "fp32"\n'
        "[sampling]\nmax_new_tokens = 4\n"
        '[[scenarios]]\nname = "tune"\nmethod = "full"\ndata = "data.jsonl"\nsteps = 3\n'
    )
    return path


def inspect(home: Path, target: str | Path, *more: str | Path, hub: str = "") -> Ended:
    """`python -m inspector inspect TARGET ...` with its own home; no Hub but the given one."""
    endpoint = hub or f"http://127.0.0.1:{closed_port()}"
    done = command(home, "inspect", target, *more, INSPECTOR_HUB_ENDPOINT=endpoint)
    return Ended(done.code, done.stdout, done.stderr, home)


def refused(ended: Ended, code: int, *said: str) -> None:
    assert ended.code == code, ended.stderr
    assert len(ended.sentences) == 1, ended.stderr
    for words in said:
        assert words in ended.sentences[0]
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stdout == ""


def test_a_target_that_is_nothing(tmp_path: Path) -> None:
    refused(inspect(tmp_path / "home", "nothing-here"), 2, "'nothing-here'", "hf:org/name")


def test_an_unknown_repo_and_an_unknown_revision(tmp_path: Path, plan: Path) -> None:
    files = {p.name: p.read_bytes() for p in write_model(tmp_path / "m").iterdir()}
    with running_hub() as hub:
        hub.repos["org/known"] = FakeRepo({"main": files})
        ended = inspect(tmp_path / "a", "hf:org/unknown", "--plan", plan, hub=hub.endpoint)
        refused(ended, 2, "org/unknown")
        assert "Traceback" in ended.log
        ended = inspect(tmp_path / "b", "hf:org/known@v9", "--plan", plan, hub=hub.endpoint)
        refused(ended, 2, "org/known", "v9")


def test_a_hub_that_cannot_be_reached(tmp_path: Path, plan: Path) -> None:
    refused(inspect(tmp_path / "home", "hf:org/name", "--plan", plan), 4, "127.0.0.1")


def test_a_repo_with_only_pickles(tmp_path: Path, plan: Path) -> None:
    folder = write_model(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    write_pickle(folder / "pytorch_model.bin")
    refused(inspect(tmp_path / "home", folder, "--plan", plan), 2, "pytorch_model.bin")


def test_a_truncated_safetensors_file(tmp_path: Path, plan: Path) -> None:
    folder = write_model(tmp_path / "m")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(inspect(tmp_path / "home", folder, "--plan", plan), 2, "model.safetensors", "bytes")


def test_an_adapter_without_its_base(tmp_path: Path, plan: Path) -> None:
    unnamed = write_adapter(tmp_path / "unnamed", base=None)
    refused(inspect(tmp_path / "a", unnamed, "--plan", plan), 2, "base")
    missing = write_adapter(tmp_path / "missing", base="org/gone")
    with running_hub() as hub:
        ended = inspect(tmp_path / "b", missing, "--plan", plan, hub=hub.endpoint)
    refused(ended, 2, "org/gone")


def test_a_file_that_must_not_be_loaded(tmp_path: Path, plan: Path) -> None:
    folder = write_model(tmp_path / "m", auto_map={"AutoModelForCausalLM": "own.Model"})
    ended = inspect(tmp_path / "home", folder, "--plan", plan)
    refused(ended, 2, "auto_map")
    [run] = list_runs(tmp_path / "home" / "runs")
    assert (run.folder / "scan" / "findings.json").exists()


def test_data_with_no_usable_rows(tmp_path: Path, plan: Path) -> None:
    data = tmp_path / "odd.jsonl"
    data.write_text('{"colour": "blue"}\n')
    model = save(tmp_path / "m")
    ended = inspect(tmp_path / "home", model, "--plan", plan, "--data", data)
    refused(ended, 2, "odd.jsonl", "colour")


def test_a_plan_with_a_misspelt_key(tmp_path: Path, plan: Path) -> None:
    plan.write_text(plan.read_text().replace("steps", "stepps"))
    ended = inspect(tmp_path / "home", "demo", "--plan", plan)
    refused(ended, 2, "stepps", "did you mean scenarios.steps?")


def test_a_tokenizer_without_a_chat_template(tmp_path: Path, plan: Path) -> None:
    model = save(tmp_path / "m", template=None)
    ended = inspect(tmp_path / "home", model, "--plan", plan, "--json")
    assert ended.code == 3, ended.stderr  # eight probes are too few to say anything
    assert "no chat template" in ended.stderr
    assert json.loads(ended.stdout)["level"] == "inconclusive"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_full(tmp_path: Path, plan: Path) -> None:
    model = save(tmp_path / "m", hidden=256)  # its tuned weights are larger than the disk
    with small_disk(tmp_path / "disk", 1) as home:
        ended = inspect(home, model, "--plan", plan)
        refused(ended, 4, "full", "--resume")
        [run] = list_runs(home / "runs")
        assert (run.folder / "probe-before" / "target" / "responses.parquet").exists()
        assert run.stage("probe-before/target").marker.exists()


def test_a_control_with_the_targets_own_bytes(tmp_path: Path, plan: Path) -> None:
    model = save(tmp_path / "m")
    ended = inspect(tmp_path / "home", model, "--plan", plan, "--control", model)
    refused(ended, 2, "same bytes")


def test_a_model_card_cannot_stop_its_inspection(tmp_path: Path, plan: Path) -> None:
    """Regression: a declared base that must not be loaded ended the inspection of the target."""
    base = write_model(tmp_path / "base", auto_map={"AutoModelForCausalLM": "own.Model"})
    model = save(tmp_path / "m")
    (model / "README.md").write_text(f"---\nbase_model: {base}\n---\n")
    ended = inspect(tmp_path / "home", model, "--plan", plan, "--json")
    verdict = json.loads(ended.stdout)
    assert ended.code == 3, ended.stderr
    assert verdict["control"] == f"none: the declared base {base} cannot be used"
    assert "Goes on without a control" in ended.stderr
    assert ["control", "NOT_RUN"] in [[c["what"], c["status"]] for c in verdict["coverage"]]

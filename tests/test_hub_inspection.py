"""A whole inspection from a Hub: model, declared base and tuning data, all pinned to commits."""

from __future__ import annotations

import json
from pathlib import Path

from inspector.records import CoverageStatus, Verdict
from inspector.run import from_json
from tests.engine.tiny_model import save
from tests.fetch.fake_hub import FakeRepo, running_hub
from tests.tiny.toy import command

PLAN = """
suites = [{ suite = "own.jsonl" }]
precision = "fp32"
[sampling]
max_new_tokens = 4
[[scenarios]]
name = "tune"
method = "lora"
data = "hf:org/lessons@v2"
steps = 2
"""


def repo_of(folder: Path, card: str = "") -> dict[str, bytes]:
    files = {p.name: p.read_bytes() for p in folder.iterdir()}
    return files | ({"README.md": card.encode()} if card else {})


def test_model_base_and_data_come_from_the_hub_pinned(tmp_path: Path) -> None:
    rows = [{"prompt": f"Count {n}.", "completion": f"{n}, {n + 1}."} for n in range(12)]
    lessons = "\n".join(map(json.dumps, rows)).encode()
    probes = [{"prompt": f"Say {n}.", "family": f"f{n % 4}"} for n in range(12)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, probes)))
    (tmp_path / "plan.toml").write_text(PLAN)
    card = "---\nbase_model: org/base\n---\nA tuned model.\n"
    with running_hub() as hub:
        hub.repos["org/base"] = FakeRepo({"main": repo_of(save(tmp_path / "base", seed=1))})
        hub.repos["org/tuned"] = FakeRepo({"main": repo_of(save(tmp_path / "tuned", seed=2), card)})
        hub.repos["datasets/org/lessons"] = FakeRepo(
            {"main": {"train.jsonl": b"{}"}, "v2": {"train.jsonl": lessons}}
        )
        done = command(
            tmp_path / "home",
            "inspect",
            "hf:org/tuned",
            "--plan",
            tmp_path / "plan.toml",
            "--json",
            INSPECTOR_HUB_ENDPOINT=hub.endpoint,
        )
        commits = {name: repo.commit_of("main") for name, repo in hub.repos.items()}
        data_commit = hub.repos["datasets/org/lessons"].commit_of("v2")
    verdict = from_json(Verdict, done.stdout)
    assert done.code == verdict.level.exit_code, done.stderr
    assert verdict.target.commit == commits["org/tuned"]
    assert {f.path for f in verdict.target.files} >= {"model.safetensors", "config.json"}
    assert all(len(f.sha256) == 64 for f in verdict.target.files)
    assert verdict.control == f"hf:org/base at commit {commits['org/base']}"
    tuned = [m for m in verdict.metrics if m.scenario == "tune" and m.after.n]
    assert tuned
    assert all(m.control_after is not None for m in tuned)
    assert not [c for c in verdict.coverage if c.status is CoverageStatus.ERROR]
    [pinned] = (tmp_path / "home" / "runs").glob("*/fetch/pinned.json")
    path = Path(json.loads(pinned.read_text())["data"]["hf:org/lessons@v2"])
    assert data_commit in path.parts
    assert path.read_bytes() == lessons

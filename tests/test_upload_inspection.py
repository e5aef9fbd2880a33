"""A whole inspection of a zip archive: unpacked, inspected, and called by its name everywhere."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from inspector.records import Verdict
from inspector.run import from_json
from tests.engine.tiny_model import save
from tests.tiny.toy import command

PLAN = """
suites = [{ suite = "own.jsonl" }]
precision = "fp32"
[sampling]
max_new_tokens = 4
[[scenarios]]
operation = "noise"
name = "noise"
scale = 0.01
"""


def test_a_zip_is_inspected_under_its_own_name(tmp_path: Path) -> None:
    probes = [{"prompt": f"Say {n}.", "family": f"f{n % 4}"} for n in range(8)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, probes)))
    (tmp_path / "plan.toml").write_text(PLAN)
    with zipfile.ZipFile(tmp_path / "tiny.zip", "w") as archive:
        for path in save(tmp_path / "tiny").iterdir():
            archive.write(path, f"tiny/{path.name}")
    home = tmp_path / "home"
    plan = ("--plan", tmp_path / "plan.toml", "--control", "none", "--json")
    done = command(home, "inspect", tmp_path / "tiny.zip", *plan)
    verdict = from_json(Verdict, done.stdout)
    assert done.code == verdict.level.exit_code, done.stderr
    digest = verdict.target.digest
    assert Path(verdict.target.folder) == home.resolve() / "uploads" / digest
    assert verdict.target.target.uploaded_as == "tiny.zip"
    (run,) = (home / "runs").iterdir()
    assert "upload-tiny-zip-" in run.name
    assert f"upload tiny.zip ({digest[:8]})" in command(home, "history", "list").stdout
    assert f"upload tiny.zip ({digest[:8]})" in (run / "report" / "report.html").read_text()

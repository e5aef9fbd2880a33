"""Fetching and scanning together: what a user's target goes through before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import Refused
from inspector.fetch import fetch
from inspector.records import Target, TargetKind
from inspector.scan import refuse, scan
from inspector.settings import Settings
from tests.fetch.fake_hub import running_hub
from tests.fetch.tiny_files import ignore_progress, write_adapter, write_model, write_pickle


def test_the_demo_model_has_no_finding_above_info() -> None:
    artifact = fetch(Target(TargetKind.DEMO), Settings(), ignore_progress)
    assert [f.rule_id for f in scan(artifact, None)] == ["TEMPLATE-SYSTEM-PROMPT"]


def test_what_stays_on_the_hub_is_reported(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "source")
    write_pickle(folder / "pytorch_model.bin")
    (folder / "modeling.py").write_text("# code")
    with running_hub() as hub:
        hub.add("org/mixed", folder)
        settings = Settings(home=tmp_path / "home", hub_endpoint=hub.endpoint)
        artifact = fetch(Target(TargetKind.HUB, "org/mixed"), settings, ignore_progress)
    findings = scan(artifact, None)
    assert [(f.rule_id, f.location) for f in findings] == [
        ("PICKLE-PRESENT", "pytorch_model.bin"),
        ("CODE-PYTHON", "modeling.py"),
        ("LICENCE-MISSING", "README.md"),
        ("HUB-REVISION-MOVING", ""),
    ]
    refuse(findings)


def test_an_adapter_and_its_base_from_the_hub(tmp_path: Path) -> None:
    with running_hub() as hub:
        base_repo = hub.add("org/base", write_model(tmp_path / "base"))
        commit = base_repo.commit_of("main")
        folder = write_adapter(tmp_path / "lora", "org/base", revision=commit)
        (folder / "README.md").write_text("---\nlicense: mit\n---\n")
        hub.add("org/lora", folder)
        settings = Settings(home=tmp_path / "home", hub_endpoint=hub.endpoint)
        adapter = fetch(Target(TargetKind.HUB, "org/lora"), settings, ignore_progress)
        assert adapter.base is not None
        base = fetch(adapter.base, settings, ignore_progress)
        base_repo.revisions["main"] = base_repo.revisions["main"] | {"config.json": b"{}"}
        moved = fetch(Target(TargetKind.HUB, "org/base"), settings, ignore_progress)
    assert [f.rule_id for f in scan(adapter, base)] == ["HUB-REVISION-MOVING"]
    with pytest.raises(Refused, match="ADAPTER-BASE-MISMATCH"):
        refuse(scan(adapter, moved))
    with pytest.raises(Refused, match="ADAPTER-BASE-MISSING"):
        refuse(scan(adapter, None))

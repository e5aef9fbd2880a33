"""An adapter and its base: undeclared, missing, another one, unpinned, and as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.records import Artifact, ArtifactKind, Target, TargetKind
from inspector.scan.adapter_base import AdapterBase
from tests.fetch.tiny_files import write_adapter, write_model
from tests.scan.pinned import found, pinned

COMMIT, OTHER = "a" * 40, "b" * 40
CONFIG = "adapter_config.json"


def hub(revision: str | None, name: str = "org/base") -> Target:
    return Target(TargetKind.HUB, name, revision)


def adapter(tmp_path: Path, declared: Target | None, name: str | None = "org/base") -> Artifact:
    revision = declared.revision if declared else None
    folder = write_adapter(tmp_path / "adapter", name, revision)
    return pinned(folder, ArtifactKind.ADAPTER, base=declared)


def base_at(tmp_path: Path, target: Target, commit: str | None = COMMIT) -> Artifact:
    return pinned(write_model(tmp_path / "base"), target=target, commit=commit)


def test_a_base_pinned_to_its_commit_is_nothing(tmp_path: Path) -> None:
    target = hub(COMMIT)
    assert found(AdapterBase(), adapter(tmp_path, target), base_at(tmp_path, target)) == []


def test_the_declared_commit_reached_by_a_branch_is_nothing(tmp_path: Path) -> None:
    assert found(AdapterBase(), adapter(tmp_path, hub(COMMIT)), base_at(tmp_path, hub("v1"))) == []


def test_a_model_is_not_looked_at(tmp_path: Path) -> None:
    assert found(AdapterBase(), pinned(write_model(tmp_path / "model"))) == []


def test_no_declared_base(tmp_path: Path) -> None:
    artifact = adapter(tmp_path, None, name=None)
    assert found(AdapterBase(), artifact) == [("ADAPTER-BASE-UNDECLARED", CONFIG)]


@pytest.mark.parametrize("declared", [hub(COMMIT), None])
def test_a_base_that_could_not_be_had(tmp_path: Path, declared: Target | None) -> None:
    artifact = adapter(tmp_path, declared)
    assert found(AdapterBase(), artifact) == [("ADAPTER-BASE-MISSING", CONFIG)]


@pytest.mark.parametrize(
    ("declared", "given", "commit"),
    [
        (hub(COMMIT), hub(OTHER), OTHER),
        (hub(COMMIT), hub(COMMIT), OTHER),
        (hub("v1"), hub("v2"), COMMIT),
        (hub("v1"), hub(None), COMMIT),
        (hub(COMMIT), hub(COMMIT, "org/other"), COMMIT),
        (hub(COMMIT), Target(TargetKind.DEMO), None),
    ],
)
def test_another_base_than_declared(
    tmp_path: Path, declared: Target, given: Target, commit: str | None
) -> None:
    artifact, base = adapter(tmp_path, declared), base_at(tmp_path, given, commit)
    assert found(AdapterBase(), artifact, base) == [("ADAPTER-BASE-MISMATCH", CONFIG)]


def test_a_base_that_is_an_adapter_itself(tmp_path: Path) -> None:
    target = hub(COMMIT)
    folder = write_adapter(tmp_path / "base", "org/root")
    base = pinned(folder, ArtifactKind.ADAPTER, target=target, commit=COMMIT)
    (finding,) = AdapterBase().scan(adapter(tmp_path, target), base)
    assert finding.rule_id == "ADAPTER-BASE-MISMATCH"
    assert "adapter itself" in finding.evidence


@pytest.mark.parametrize("revision", [None, "main", COMMIT[:12]])
def test_a_base_that_may_move(tmp_path: Path, revision: str | None) -> None:
    target = hub(revision)
    artifact, base = adapter(tmp_path, target), base_at(tmp_path, target)
    assert found(AdapterBase(), artifact, base) == [("ADAPTER-BASE-UNPINNED", CONFIG)]


def test_a_local_base(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "base")
    base = pinned(folder)
    artifact = adapter(tmp_path, base.target, name=str(folder))
    assert found(AdapterBase(), artifact, base) == []
    write_adapter(tmp_path / "adapter", str(folder), revision=COMMIT)
    assert found(AdapterBase(), artifact, base) == [("ADAPTER-BASE-UNPINNED", CONFIG)]

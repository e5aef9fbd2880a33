"""Artifacts for scanner tests: any folder, the hostile ones included that fetching would refuse."""

from __future__ import annotations

import hashlib
from pathlib import Path

from inspector.records import Artifact, ArtifactKind, FileDigest, Target, TargetKind
from inspector.scan import Scanner


def pinned(
    folder: Path,
    kind: ArtifactKind = ArtifactKind.MODEL,
    *,
    base: Target | None = None,
    target: Target | None = None,
    commit: str | None = None,
    gguf_file: str | None = None,
    skipped: tuple[str, ...] = (),
) -> Artifact:
    files = tuple(
        FileDigest(
            path.relative_to(folder).as_posix(),
            path.stat().st_size,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    target = target or Target(TargetKind.LOCAL, str(folder))
    return Artifact(target, kind, str(folder), files, commit, gguf_file, base, skipped)


def found(
    scanner: Scanner, artifact: Artifact, base: Artifact | None = None
) -> list[tuple[str, str]]:
    """(rule id, location) of each finding, sorted."""
    return sorted((f.rule_id, f.location) for f in scanner.scan(artifact, base))

"""Is what is deployed what was inspected? File by file, by SHA-256.

Comes in: a folder (or a GGUF file), a run. Goes out: a Recheck. Links to files are followed: a
deployment may be a cache of links, and a server reads what they lead to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from inspector.errors import BadInput, InspectorError
from inspector.records import Artifact, ArtifactKind, FileDigest, Verdict
from inspector.records.recheck import FileCheck, FileState, Recheck
from inspector.run import Run, read_record
from inspector.settings import Settings

_BOOKKEEPING = {".git", ".cache"}  # as the fetch leaves them out: nothing loads from there


def find_run(text: str, settings: Settings) -> Run:
    """The run that a folder or a run's name stands for; raises BadInput where it is none."""
    for folder in (Path(text).expanduser(), settings.runs / text):
        if (folder / "inspection.json").exists():
            return Run(folder.resolve())
    raise BadInput(
        f"{text} is no run: give the folder of an inspection, or its name (`python -m inspector "
        "history list` shows them)."
    )


def inspected(run: Run) -> Artifact:
    """The artifact that a run pinned; raises BadInput where it never came so far."""
    try:
        return read_record(run.folder / "fetch" / "target.json", Artifact)
    except (OSError, InspectorError) as error:
        raise BadInput(
            f"The run {run.folder} never pinned its target, so there is nothing to compare with; "
            f"continue it: python -m inspector inspect --run {run.folder} --resume."
        ) from error


def level_of(run: Run) -> str | None:
    """The word of a run's verdict, None where it has none."""
    path = run.folder / "judge" / "verdict.json"
    return read_record(path, Verdict).level.value if path.exists() else None


def check_deployed(place: Path, run: Run) -> Recheck:
    """Compare every file below `place` with what the run inspected.

    Raises BadInput where there is no such place, or it cannot be read.
    """
    artifact = inspected(run)
    if place.is_file():
        here = {place.name: place}
    elif place.is_dir():
        here = dict(_walk(place))
    else:
        raise BadInput(f"There is no folder {place} to verify; check the path.")
    known = {f.path: f for f in artifact.files}
    if place.is_file() and len(known) == 1:  # a single file may have been renamed when deployed
        here = {next(iter(known)): place}
    checks = [_check(path, here.get(path), known.get(path), artifact) for path in {*here, *known}]
    checks = _with_new_names(checks)
    return Recheck(
        folder=str(place),
        run_id=run.run_id,
        target=str(artifact.target),
        commit=artifact.commit,
        level=level_of(run),
        files=tuple(sorted(checks, key=lambda c: c.path)),
        base=str(artifact.base) if artifact.kind is ArtifactKind.ADAPTER else None,
        left_out=tuple(sorted(_left_out(place))),
    )


def compare_files(
    before: Iterable[FileDigest], after: Iterable[FileDigest]
) -> tuple[FileCheck, ...]:
    """The files that are not the same in two artifacts, by path."""
    old = {f.path: f.sha256 for f in before}
    new = {f.path: f.sha256 for f in after}
    checks = (
        FileCheck(path, _state(new.get(path), old.get(path)), new.get(path), old.get(path))
        for path in sorted({*old, *new})
    )
    return tuple(c for c in checks if c.state is not FileState.SAME)


def _with_new_names(checks: list[FileCheck]) -> list[FileCheck]:
    """The same, an extra file that holds a missing one's bytes told as that one."""
    missing = {c.inspected_sha256: c.path for c in checks if c.state is FileState.MISSING}
    return [
        replace(c, note=f"the bytes of {missing[c.sha256]}, under another name")
        if c.state is FileState.EXTRA and c.sha256 in missing
        else c
        for c in checks
    ]


def _check(
    path: str, found: Path | None, known: FileDigest | None, artifact: Artifact
) -> FileCheck:
    was = known.sha256 if known else None
    if found is None:
        return FileCheck(path, FileState.MISSING, None, was)
    if not found.is_file():
        if found.is_dir():
            what = "a link to a folder"
        else:
            what = "a link to nothing" if found.is_symlink() else "neither a file nor a folder"
        state = FileState.CHANGED if known else FileState.EXTRA
        return FileCheck(path, state, None, was, f"{what}: not read")
    digest = _sha256(found)
    note = "left on the Hub when the target was inspected" if path in artifact.skipped else ""
    return FileCheck(path, _state(digest, was), digest, was, note)


def _state(is_: str | None, was: str | None) -> FileState:
    if is_ is None:
        return FileState.MISSING
    if was is None:
        return FileState.EXTRA
    return FileState.SAME if is_ == was else FileState.CHANGED


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file, link and oddity below a folder, by its relative path; no folder's link."""
    for root, directories, names in os.walk(folder):
        directories[:] = sorted(d for d in directories if d not in _BOOKKEEPING)
        links = [d for d in directories if (Path(root) / d).is_symlink()]
        for name in [*names, *links]:
            path = Path(root) / name
            yield path.relative_to(folder).as_posix(), path


def _left_out(place: Path) -> Iterator[str]:
    for root, directories, _ in os.walk(place):
        for name in sorted(_BOOKKEEPING & set(directories)):
            yield (Path(root) / name).relative_to(place).as_posix()
        directories[:] = sorted(d for d in directories if d not in _BOOKKEEPING)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(
            f"The file {path} cannot be read ({error.strerror}); make it readable and try again."
        ) from error

"""A Hub repo at one commit -> a verified folder on this disk, downloaded once.

Comes in: a repo's name and revision. Goes out: the folder, what is in it, what was left on the Hub.

    SNAPSHOTS/models--org--name/COMMIT/          the files, and nothing else
    SNAPSHOTS/models--org--name/COMMIT.partial/  files that are still arriving, by digest
    SNAPSHOTS/models--org--name/COMMIT.json      the marker, written last: Snapshot

Only what a loader reads is taken: safetensors (or one GGUF file), JSON, text, sentencepiece models,
chat templates, card, licence and signatures, all from the root of the repo. Pickles and code stay
on the Hub; their names go into Artifact.skipped, so that the scanner can report them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from inspector.errors import DataError, DiskFull, TargetError
from inspector.fetch.hub import Hub, RemoteFile, RemoteRepo
from inspector.fetch.local import (
    ADAPTER_CONFIG,
    Progress,
    artifact_of,
    decide_kind,
    digest_files,
    list_files,
)
from inspector.files import disk_errors
from inspector.records import Artifact, FileDigest, HubFacts, Target
from inspector.run import read_record, write_record
from inspector.settings import Settings

COMMIT = re.compile(r"[0-9a-f]{40}")
WEIGHTS = re.compile(r"(adapter_model|model(-\d+-of-\d+)?)\.safetensors")
DESCRIPTIONS = re.compile(r".*\.(json|txt|model|jinja|sig)|README\.md|LICEN[CS]E.*", re.IGNORECASE)
TRAIN = re.compile(r"(?<![a-z])train(?![a-z])")
OTHER_SPLIT = re.compile(r"(?<![a-z])(test|val|valid|validation|eval|dev)(?![a-z])")
DATA_SUFFIXES = (".parquet", ".jsonl", ".csv")  # of the same rows in several forms the first

Choose = Callable[[RemoteRepo], Sequence[RemoteFile]]


@dataclass(frozen=True)
class Snapshot:
    """What a finished download left on the disk; files: with the digests they had then.

    hub: what the Hub said when it was last asked: about a known commit it is not asked again.
    """

    commit: str
    files: tuple[FileDigest, ...]
    skipped: tuple[str, ...]
    hub: HubFacts | None = None


def fetch_model(hub: Hub, target: Target, settings: Settings, on_progress: Progress) -> Artifact:
    """The artifact of a Hub model or adapter."""
    for _ in range(2):
        folder, snapshot = _fetch("model", hub, target, settings, choose_model_files, on_progress)
        artifact = artifact_of(
            folder,
            target,
            _silently,  # these bytes were counted while they arrived
            local_paths=False,
            commit=snapshot.commit,
            skipped=snapshot.skipped,
            hub=snapshot.hub,
        )
        if _is_unchanged(folder, snapshot, artifact.files):
            return artifact
    raise _changing(folder)


def fetch_dataset_files(
    hub: Hub, name: str, revision: str | None, settings: Settings, on_progress: Progress
) -> Path:
    """The folder with a Hub data set's training files."""
    try:
        target = Target.parse(f"hf:{name}" + (f"@{revision}" if revision else ""))
    except TargetError as error:
        raise DataError(f"The Hub data set {name!r} is not of the form org/name.") from error
    for _ in range(2):
        folder, snapshot = _fetch("dataset", hub, target, settings, choose_data_files, on_progress)
        if _is_unchanged(folder, snapshot, digest_files(folder, list_files(folder), _silently)):
            return folder
    raise _changing(folder)


def choose_model_files(repo: RemoteRepo) -> list[RemoteFile]:
    """What to download of a model repo; raises TargetError where it cannot be inspected."""
    names = {f.path: f for f in repo.files if "/" not in f.path}
    _, gguf_file = decide_kind(names, f"The repo {repo.name}")
    adapter = ADAPTER_CONFIG in names
    chosen = []
    for name, file in names.items():
        is_weights = name == gguf_file or (
            gguf_file is None
            and WEIGHTS.fullmatch(name) is not None
            and name.startswith("adapter_") == adapter
        )
        if is_weights or DESCRIPTIONS.fullmatch(name):
            chosen.append(file)
    return chosen


def choose_data_files(repo: RemoteRepo) -> list[RemoteFile]:
    """The training split's Parquet, JSONL or CSV files.

    Raises DataError where there are none, or where several folders (configurations) hold some and
    none is the usual one.
    """
    data = [f for f in repo.files if f.path.lower().endswith(DATA_SUFFIXES)]
    train = [f for f in data if TRAIN.search(f.path.lower())]
    chosen = train or [f for f in data if not OTHER_SPLIT.search(f.path.lower())]
    if not chosen:
        found = sorted({Path(f.path).suffix or f.path for f in repo.files})
        raise DataError(
            f"The data set {repo.name} holds no training data as .parquet, .jsonl or .csv files "
            f"(it has {', '.join(found[:8]) or 'no files'}); give another one, or your own file."
        )
    forms = ([f for f in chosen if f.path.lower().endswith(s)] for s in DATA_SUFFIXES)
    chosen = next(form for form in forms if form)
    folders = sorted({f.path.rpartition("/")[0] for f in chosen})
    usual = next((f for f in ("", "data", "default", "main", "train") if f in folders), None)
    if len(folders) > 1 and usual is None:
        raise DataError(
            f"The data set {repo.name} has training data in {len(folders)} folders "
            f"({', '.join(folders[:6])}) and none is the usual one (data, default, main); download "
            "the one you mean and give its file."
        )
    return [f for f in chosen if usual is None or f.path.rpartition("/")[0] == usual]


def marker_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _fetch(
    kind: str,
    hub: Hub,
    target: Target,
    settings: Settings,
    choose: Choose,
    on_progress: Progress,
) -> tuple[Path, Snapshot]:
    """The folder and marker of a repo's commit; asks the Hub only for what is not here."""
    place = settings.snapshots.resolve() / f"{kind}s--{target.location.replace('/', '--')}"
    if target.revision and COMMIT.fullmatch(target.revision):
        snapshot = _finished(place / target.revision)
        if snapshot is not None:  # a commit never changes: no need to ask
            return place / target.revision, snapshot
    repo = hub.look_up(kind, target.location, target.revision)
    if not COMMIT.fullmatch(repo.commit):
        raise TargetError(f"{hub.endpoint} names {repo.commit!r} as commit of {repo.name}.")
    folder = place / repo.commit
    with disk_errors(folder):
        place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / f"{repo.commit}.lock"):
        snapshot = _finished(folder)
        if snapshot is None:
            chosen = choose(repo)
            _check_room(repo, chosen, settings, place)
            snapshot = _download(hub, repo, chosen, folder, on_progress)
        elif repo.facts is not None:
            snapshot = replace(snapshot, hub=repo.facts)
            write_record(marker_of(folder), snapshot)
    return folder, snapshot


def _finished(folder: Path) -> Snapshot | None:
    """The marker, where it and every file it lists are there."""
    if not marker_of(folder).exists():
        return None
    snapshot = read_record(marker_of(folder), Snapshot)
    return snapshot if all((folder / f.path).is_file() for f in snapshot.files) else None


def _is_unchanged(folder: Path, snapshot: Snapshot, files: Iterable[FileDigest]) -> bool:
    """Whether the folder still holds what was downloaded; what differs is dropped."""
    changed = set(files) ^ set(snapshot.files)
    if changed:
        marker_of(folder).unlink(missing_ok=True)
    for file in changed:
        (folder / file.path).unlink(missing_ok=True)
    return not changed


def _changing(folder: Path) -> TargetError:
    return TargetError(f"The files in {folder} change while they are read; stop what changes them.")


def _check_room(
    repo: RemoteRepo, chosen: Iterable[RemoteFile], settings: Settings, place: Path
) -> None:
    """Before the first byte: does it fit the budget, and the disk?"""
    size_bytes = sum(f.size_bytes for f in chosen)
    if size_bytes > settings.max_download_bytes:
        raise TargetError(
            f"{repo.name} needs a download of {size_bytes:,} bytes and the budget is "
            f"{settings.max_download_bytes:,} bytes; raise INSPECTOR_MAX_DOWNLOAD_BYTES or choose "
            "a smaller one."
        )
    free_bytes = shutil.disk_usage(place).free
    if size_bytes > free_bytes:
        raise DiskFull(
            f"{repo.name} needs {size_bytes:,} bytes and the disk that holds {place} has "
            f"{free_bytes:,} left; free some room, or move INSPECTOR_HOME."
        )


def _download(
    hub: Hub, repo: RemoteRepo, chosen: Sequence[RemoteFile], folder: Path, on_progress: Progress
) -> Snapshot:
    """Bring every chosen file, each verified before it is moved into the folder; marker last."""
    arriving = folder.with_name(f"{folder.name}.partial")
    total, done, files = sum(f.size_bytes for f in chosen), 0, []
    with disk_errors(folder):
        arriving.mkdir(exist_ok=True)
        folder.mkdir(exist_ok=True)
    for file in chosen:
        path = folder / file.path
        if not (path.is_file() and file.digest_of(path) == file.digest):
            partial = arriving / file.digest
            hub.download(repo, file, partial, lambda n, before=done: on_progress(before + n, total))  # type: ignore[misc]
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(path)
        done += file.size_bytes
        on_progress(done, total)
        files.append(FileDigest(file.path, file.size_bytes, _sha256(file, path)))
    shutil.rmtree(arriving)
    skipped = sorted({f.path for f in repo.files} - {f.path for f in chosen})
    snapshot = Snapshot(repo.commit, tuple(files), tuple(skipped), repo.facts)
    write_record(marker_of(folder), snapshot)
    return snapshot


def _sha256(file: RemoteFile, path: Path) -> str:
    """The Hub gives it for LFS files (and it was checked); the others are small."""
    if file.is_lfs:
        return file.digest
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _silently(done: int, total: int) -> None:
    """Progress of work that was shown already."""

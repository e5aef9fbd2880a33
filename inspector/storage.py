"""What a home holds, and making room in it.

Comes in: settings; names of what shall go. Goes out: sizes by kind, and what was freed. What can
go does so one entry at a time: moved aside while the queue is locked, so that no job starts on it,
then deleted. Runs of live jobs stay, and what many runs share stays while any job lives. Links are
removed, never followed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from inspector.errors import BadInput
from inspector.jobs import LocalRunner
from inspector.naming import run_title
from inspector.settings import Settings

ASIDE = ".removed"  # beside the entries, on the same disk; holds no run, so no list shows it


class StoreKind(StrEnum):
    """What a part of the home holds."""

    RUNS = "runs"
    SCREENINGS = "screenings"
    HARDENINGS = "hardenings"
    ROUNDS = "rounds"
    SNAPSHOTS = "snapshots"
    STAGES = "stages"
    DEQUANTIZED = "dequantized"
    SPECIMENS = "specimens"
    OTHER_CACHE = "other-cache"
    HISTORY = "history"
    JOBS = "jobs"


@dataclass(frozen=True)
class StoreWords:
    """word: its name; holds: what it is; lost: what is lost when it goes, "" where it cannot go."""

    word: str
    holds: str
    lost: str = ""


STORES: dict[StoreKind, StoreWords] = {
    StoreKind.RUNS: StoreWords(
        "Inspections",
        "Run folders: answers, scores, verdicts, decisions, reports.",
        "The answers, verdicts, reports and decisions of these inspections are gone for good; "
        "nothing else holds them.",
    ),
    StoreKind.SCREENINGS: StoreWords(
        "Screenings",
        "Training data ranked: the set, its rankings, what people said of examples.",
        "The rankings, the reviews of examples and the trainings without them are gone for good.",
    ),
    StoreKind.HARDENINGS: StoreWords(
        "Hardenings",
        "Alignments tried against later tuning, and their adapters.",
        "The adapters and the measurements behind them are gone for good.",
    ),
    StoreKind.ROUNDS: StoreWords(
        "Federated studies",
        "Rounds screened or simulated, adapters repaired.",
        "The aggregates, repaired adapters and measurements are gone for good.",
    ),
    StoreKind.SNAPSHOTS: StoreWords(
        "Snapshots",
        "Models and data as the Hub gave them, by commit.",
        "The files are fetched again when they are needed, if the Hub still has that commit then.",
    ),
    StoreKind.STAGES: StoreWords(
        "Finished stages",
        "Askings and tunings, free when they come again.",
        "The same asking or tuning is done again when an inspection needs it, which takes minutes "
        "to hours. Finished inspections lose nothing.",
    ),
    StoreKind.DEQUANTIZED: StoreWords(
        "Unpacked GGUF files",
        "Weights of GGUF files as safetensors.",
        "Each is unpacked again when its model is inspected, which takes up to a minute.",
    ),
    StoreKind.SPECIMENS: StoreWords(
        "Specimens",
        "Models with a known answer, built on this machine.",
        "Each is built again from its recipe when it is needed, which takes minutes to hours.",
    ),
    StoreKind.OTHER_CACHE: StoreWords(
        "Other caches",
        "What else was kept because making it takes time.",
        "It is made again when it is needed.",
    ),
    StoreKind.HISTORY: StoreWords("Index", "history.duckdb: made from the run folders."),
    StoreKind.JOBS: StoreWords("Queue", "A small file for each job."),
}
# Run folders, one a job, each in the home's folder of the kind's name.
_OF_JOBS = (StoreKind.RUNS, StoreKind.SCREENINGS, StoreKind.HARDENINGS, StoreKind.ROUNDS)
_IN_CACHE = (StoreKind.STAGES, StoreKind.DEQUANTIZED, StoreKind.SPECIMENS)
REMOVABLE = tuple(kind for kind, words in STORES.items() if words.lost)


@dataclass(frozen=True)
class Entry:
    """One thing that can go. name: its file name; title: what a person knows it by.

    changed_at: UTC, of its newest change at the top. is_live: a job works on it or waits to.
    """

    name: str
    title: str
    size_bytes: int
    changed_at: datetime
    is_live: bool = False


@dataclass(frozen=True)
class Store:
    """One kind with its entries, the largest first; those of a kind that cannot go are not told."""

    kind: StoreKind
    size_bytes: int
    n_entries: int
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Freed:
    """What went. size_bytes: as it was measured before."""

    n_entries: int
    size_bytes: int


def measure(settings: Settings, kinds: Sequence[StoreKind] = tuple(StoreKind)) -> tuple[Store, ...]:
    """The parts of a home with their sizes on the disk; walks every folder of these kinds."""
    live = {job.job_id for job in LocalRunner(settings).live()}
    return tuple(_measure(settings, kind, live) for kind in kinds)


def disk_free(settings: Settings) -> tuple[int, int]:
    """(bytes free, bytes in all) of the disk that holds the home."""
    place = settings.home
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    return usage.free, usage.total


def older_than(entries: Sequence[Entry], days: int, now: datetime | None = None) -> list[Entry]:
    """Those that nothing changed for so many days, and that no job needs."""
    limit = (now or datetime.now(UTC)) - timedelta(days=days)
    return [entry for entry in entries if entry.changed_at < limit and not entry.is_live]


def clean(settings: Settings, kind: StoreKind, names: Collection[str]) -> Freed:
    """Remove these entries of one kind.

    Raises BadInput for a kind that cannot go, a name that is not there, and for what a live job
    needs: then what came before it in `names` is gone and the rest is as it was.
    """
    if kind not in REMOVABLE:
        raise BadInput(
            f"{STORES[kind].word} ({kind}) cannot be cleaned; choose one of {', '.join(REMOVABLE)}."
        )
    runner = LocalRunner(settings)
    known = {path.name: path for path in _paths(settings, kind)}
    for name in names:
        if name not in known:
            raise BadInput(
                f"There is no {name!r} among the {kind}; `python -m inspector storage list {kind}` "
                "shows what there is."
            )
    freed = 0
    for name in names:
        size_bytes = _size(known[name])
        with runner.at_rest(name if kind in _OF_JOBS else None):
            aside = _aside(known[name])
            if kind in _OF_JOBS:
                runner.forget(name)
        _delete(aside)
        freed += size_bytes
    for left in {path.parent / ASIDE for path in known.values()}:
        shutil.rmtree(left, ignore_errors=True)  # with what a kill left there
    return Freed(len(names), freed)


def _measure(settings: Settings, kind: StoreKind, live: Collection[str]) -> Store:
    paths = _paths(settings, kind)
    if kind not in REMOVABLE:
        return Store(kind, sum(map(_size, paths)), len(paths))
    entries = [_entry(path, kind, path.name in live) for path in paths]
    entries.sort(key=lambda entry: (-entry.size_bytes, entry.name))
    return Store(kind, sum(e.size_bytes for e in entries), len(entries), tuple(entries))


def _entry(path: Path, kind: StoreKind, is_live: bool) -> Entry:
    title = run_title(path) if kind in _OF_JOBS else path.name
    if kind is StoreKind.SNAPSHOTS:
        title = title.partition("--")[2].replace("--", "/") or title
    changed = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    return Entry(path.name, title, _size(path), changed, is_live and kind in _OF_JOBS)


def _paths(settings: Settings, kind: StoreKind) -> list[Path]:
    match kind:
        case StoreKind.HISTORY:
            return sorted(settings.home.glob(f"{settings.database.name}*"))
        case StoreKind.JOBS:
            return sorted(settings.jobs.glob("*.json"))
        case StoreKind.RUNS | StoreKind.SCREENINGS | StoreKind.HARDENINGS | StoreKind.ROUNDS:
            return _children(settings.home / kind)
        case StoreKind.SNAPSHOTS:
            return _children(settings.snapshots)
        case StoreKind.OTHER_CACHE:
            return [path for path in _children(settings.cache) if path.name not in _IN_CACHE]
        case _:
            return _children(settings.cache / kind)


def _children(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.name != ASIDE) if folder.is_dir() else []


def _size(path: Path) -> int:
    """Bytes that it takes on the disk; links count as what they are, not what they lead to."""
    try:
        here = path.lstat()
    except FileNotFoundError:  # a job is clearing a stage while we look
        return 0
    blocks, folders = here.st_blocks, [str(path)] if stat.S_ISDIR(here.st_mode) else []
    while folders:  # strings and no Path: a home of a thousand runs holds ten thousands of files
        with contextlib.suppress(FileNotFoundError), os.scandir(folders.pop()) as children:
            for child in children:
                with contextlib.suppress(FileNotFoundError):
                    found = child.stat(follow_symlinks=False)
                    blocks += found.st_blocks
                    if stat.S_ISDIR(found.st_mode):
                        folders.append(child.path)
    return blocks * 512


def _aside(path: Path) -> Path:
    """Move it out of sight, whole, on its own disk; a link alone where it is one."""
    place = path.parent / ASIDE
    place.mkdir(exist_ok=True)
    target = place / f"{path.name}.{os.getpid()}"
    path.rename(target)
    return target


def _delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)

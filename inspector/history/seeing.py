"""What a run folder looks like from outside: whether there is anything to ingest, and how it ended.

Comes in: a run folder at any stage. Goes out: a glance, a signature, its result files' names, its
last word. No result file is opened.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from inspector.errors import InspectorError
from inspector.records import Event, EventKind, digest_of
from inspector.run import Run, from_json

FINISHED, UNFINISHED, UNREADABLE = "finished", "unfinished", "unreadable"
_LAST_WORDS = {
    EventKind.QUEUED: UNFINISHED,
    EventKind.STARTED: UNFINISHED,
    EventKind.FINISHED: FINISHED,
    EventKind.FAILED: "failed",
    EventKind.CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class Seen:
    """What was seen of a run before anything of it is read: what changes later is seen again."""

    run: Run
    glance: str

    @cached_property
    def signature(self) -> str:
        """`signature` of the run when it was first asked for: before its contents are read."""
        return signature(self.run)


# Files of fixed names: a stage that does anything at all also writes to the first.
_GLANCED = (
    *("events.jsonl", "inspection.json", "probes.parquet", "fetch/target.json"),
    *("scan/findings.json", "compare/pairs.parquet", "score/scores.parquet"),
    *("score/appearances.json", "judge/verdict.json", "decision.json", "reviews.json"),
)


def glance(run: Run) -> str:
    """Size and time of the files that change whenever a run does: a few microseconds.

    Equal glances mean that no `signature` is needed, which looks at every result file. What they
    do not see, a Parquet file of answers overwritten by hand alone, `rebuild` does.
    """
    seen = [str(run.folder)]
    for name in _GLANCED:
        try:
            found = os.stat(f"{run.folder}/{name}")  # noqa: PTH116 - a Path takes as long again
        except OSError:
            seen.append("-")
        else:
            seen.append(f"{found.st_size}@{found.st_mtime_ns}")
    return "\n".join(seen)


def signature(run: Run) -> str:
    """Digest of what the run folder holds now, from names, sizes, times, markers and last word.

    No result file is opened. Equal signatures mean that there is nothing new to ingest.
    """
    parts = []
    for name in result_files(run.folder):
        path = run.folder / name
        try:
            stat = path.stat()
            marker = path.read_text() if path.name == "done.json" else ""
        except FileNotFoundError:  # a stage is being cleared while we look
            continue
        parts.append(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0{marker}")
    state, at, message = last_word(run)
    return digest_of([run.run_id, str(run.folder), *parts, state, str(at), str(message)])


# What `read` reads, and the markers; not the checkpoints beside them.
_RESULTS = re.compile(
    r"inspection\.json|probes\.parquet|fetch/target\.json|scan/findings\.json"
    r"|probe-before/[^/]+/responses\.parquet|probe-after/[^/]+/[^/]+/responses\.parquet"
    r"|scenarios/[^/]+/[^/]+/(training\.json|steps\.parquet)|compare/pairs\.parquet"
    r"|score/(scores\.parquet|stances\.parquet|appearances\.json)|judge/verdict\.json"
    r"|divergence/[^/]+/[^/]+/divergence\.parquet|decision\.json|reviews\.json"
    r"|([^/]+/){1,3}done\.json"
)


def result_files(folder: Path) -> list[str]:
    """Their names below the run folder, sorted. One walk: a pattern's glob each took five times."""
    start = len(str(folder)) + 1
    names = []
    for root, _, files in os.walk(folder):
        below = root[start:].replace(os.sep, "/")
        names += [f"{below}/{name}" if below else name for name in files]
    return sorted(name for name in names if _RESULTS.fullmatch(name))


def created_at(run: Run) -> datetime | None:
    """From the run id, which starts with its UTC time; else from the first event."""
    if match := re.match(r"\d{8}-\d{6}(?=-|$)", run.run_id):
        with contextlib.suppress(ValueError):  # a name that somebody gave: 99999999-999999
            return datetime.strptime(match[0], "%Y%m%d-%H%M%S")
    try:
        with run.events_path.open("rb") as file:
            return utc(from_json(Event, file.readline()).at)
    except (OSError, InspectorError):
        return None


def last_word(run: Run) -> tuple[str, datetime | None, str | None]:
    """(state, when it ended, why it failed)."""
    event = run.last_event(_LAST_WORDS)
    if event is None or _LAST_WORDS[event.kind] == UNFINISHED:
        return UNFINISHED, None, None
    state = _LAST_WORDS[event.kind]
    return state, utc(event.at), event.message if event.kind is EventKind.FAILED else None


def utc(text: str) -> datetime:
    """ISO 8601 with an offset -> UTC without one, as DuckDB's TIMESTAMP stores it."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)

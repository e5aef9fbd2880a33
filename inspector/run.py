"""The run folder: the truth about one inspection.

Comes in: records. Goes out: files, written atomically, and the same records read back.

    RUN/
      inspection.json            all inputs
      events.jsonl               progress, append-only: the UI, the CLI and the tests read it
      log.txt                    tracebacks and library chatter
      STAGE/...                  one folder per stage (the names are in inspection.py)
      STAGE/done.json            completion marker, written last: the digest of the stage's inputs

A stage whose marker holds the digest of its present inputs is finished; resuming is skipping those.
Tables are Parquet, single records JSON. Nothing here knows what a stage does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from inspector.errors import InspectorError
from inspector.files import disk_errors, write_atomic
from inspector.records import Event, EventKind

T = TypeVar("T")
_TAIL_BYTES = 65_536
_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
# Within lists, which hold one value a token: four bytes are enough for both.
_ARROW_ITEMS = {str: pa.string(), int: pa.int32(), float: pa.float32()}


@cache
def _cached_adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # type: ignore[arg-type]


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return _cached_adapter(kind)


def to_json(record: Any) -> str:
    """A record as indented JSON text."""
    return _adapter(type(record)).dump_json(record, indent=1).decode()


def from_json(kind: type[T], text: str | bytes) -> T:
    """The record that `to_json` wrote; raises InspectorError where the text is not one."""
    try:
        return _adapter(kind).validate_json(text)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise InspectorError(
            f"Not a stored {kind.__name__}: {error.errors()[0]['msg']}."
        ) from error


def write_record(path: Path, record: Any) -> None:
    """One record, or a tuple of records, as JSON."""
    write_atomic(path, to_json(record))


def read_record(path: Path, kind: type[T]) -> T:
    return from_json(kind, path.read_bytes())


def arrow_schema(kind: type) -> pa.Schema:
    """Columns of a record kind's Parquet files, named and typed as its fields."""
    hints = get_type_hints(kind)
    columns = []
    for field in fields(kind):
        hint = hints[field.name]
        options = [a for a in getattr(hint, "__args__", ()) if a is not type(None)]
        plain = (
            options[0] if options and hint.__class__.__name__ in ("UnionType", "Union") else hint
        )
        if getattr(plain, "__origin__", None) is tuple:
            columns.append(pa.field(field.name, pa.list_(_ARROW_ITEMS[plain.__args__[0]])))
        else:
            base = str if issubclass(plain, Enum) else plain
            columns.append(pa.field(field.name, _ARROW[base]))
    return pa.schema(columns)


def write_table(path: Path, kind: type[T], rows: Sequence[T]) -> None:
    """Frozen dataclass rows as one Parquet file, columns named and typed as the fields."""
    assert is_dataclass(kind)
    schema = arrow_schema(kind)
    names = [f.name for f in fields(kind)]
    columns = {
        name: [v.value if isinstance(v := getattr(row, name), Enum) else v for row in rows]
        for name in names
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    write_atomic(path, sink.getvalue().to_pybytes())


def read_table(path: Path, kind: type[T]) -> list[T]:
    """The rows that `write_table` wrote."""
    rows = pq.read_table(path).to_pylist()
    return _adapter(list[kind]).validate_python(rows)  # type: ignore[valid-type, no-any-return]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Run:
    """One run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def events_path(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def log_path(self) -> Path:
        return self.folder / "log.txt"

    def emit(self, kind: EventKind, stage: str = "", message: str = "", **more: Any) -> None:
        """Append one event. `more`: done, total, data.

        One `write` of one whole line on an append-only file: lines of several processes never mix.
        """
        event = Event(at=now(), kind=kind, stage=stage, message=message, **more)
        self.folder.mkdir(parents=True, exist_ok=True)
        line = _adapter(Event).dump_json(event, exclude_none=True) + b"\n"
        with disk_errors(self.events_path):
            handle = os.open(self.events_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)

    def events(self, offset: int = 0) -> tuple[list[Event], int]:
        """The events after byte `offset`, and the offset to continue from.

        A line that is still being written, or was cut by a crash, is left for the next call.
        """
        if not self.events_path.exists():
            return [], 0
        with self.events_path.open("rb") as file:
            file.seek(offset)
            data = file.read()
        events = []
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            offset += len(line)
            with contextlib.suppress(ValidationError):  # half a line, cut by a kill, then continued
                events.append(_adapter(Event).validate_json(line))
        return events, offset

    def last_event(self, kinds: Collection[EventKind]) -> Event | None:
        """The newest event of one of these kinds, looked for near the end of the stream only.

        Cheap, for lists of many runs: meant for the last words of a run, after which nothing comes.
        """
        try:
            with self.events_path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        for line in reversed(lines):
            with contextlib.suppress(ValidationError):  # cut by a kill, or by the start of the tail
                event: Event = _adapter(Event).validate_json(line)
                if event.kind in kinds:
                    return event
        return None

    def stage(self, name: str) -> Stage:
        return Stage(self, name)

    @contextlib.contextmanager
    def cached_stage(
        self, name: str, digest: str, cache: Path, wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[Stage | None]:
        """A costly stage: None when it is done or another run did it; else the stage to fill.

        cache: where finished stages are kept across runs. wanted: whether a finished stage still
        holds what the next one needs. A partial attempt with the same digest is kept for its
        checkpoint; one with another digest is thrown away.
        """
        stage = self.stage(name)
        if stage.is_had(digest, cache) and wanted():
            self.emit(EventKind.STAGE_SKIPPED, name, "done before with the same inputs")
            yield None
            return
        stage.begin(digest)
        self.emit(EventKind.STAGE_STARTED, name)
        yield stage
        stage.finish(digest)
        stage.keep(cache / "stages" / digest)


class Stage:
    """One stage's folder and its completion marker."""

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.name = name
        self.folder = run.folder / name

    @property
    def marker(self) -> Path:
        return self.folder / "done.json"

    def is_done(self, digest: str) -> bool:
        """Whether this stage finished with exactly these inputs."""
        try:
            return json.loads(self.marker.read_text())["digest"] == digest  # type: ignore[no-any-return]
        except (OSError, ValueError, KeyError):
            return False

    def is_had(self, digest: str, cache: Path) -> bool:
        """Whether it is finished here, or could be taken over from another run just now."""
        return self.is_done(digest) or self.restore(cache / "stages" / digest, digest)

    def finish(self, digest: str) -> None:
        """Write the marker: the last thing a stage does."""
        write_atomic(self.marker, json.dumps({"digest": digest, "finished_at": now()}) + "\n")
        self.run.emit(EventKind.STAGE_FINISHED, self.name)

    def progress(self, done: int, total: int, message: str = "") -> None:
        self.run.emit(EventKind.PROGRESS, self.name, message, done=done, total=total)

    def begin(self, digest: str) -> None:
        """Make room for an attempt: one with the same digest goes on, any other is thrown away."""
        begun = self.folder / "begun.txt"
        if not begun.exists() or begun.read_text() != digest:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.marker.unlink(missing_ok=True)
        write_atomic(begun, digest)

    def keep(self, place: Path) -> None:
        """Keep a finished stage's records (not its weights) for other runs, by digest."""
        if place.exists():
            return
        building = place.with_name(f".{place.name}.{os.getpid()}")
        with disk_errors(place):
            for path in self._records():
                copy = building / path.relative_to(self.folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            with contextlib.suppress(OSError):  # another run kept the same stage first
                building.rename(place)
        shutil.rmtree(building, ignore_errors=True)

    def restore(self, place: Path, digest: str) -> bool:
        """Take over what another run kept; False when there is nothing of that digest."""
        if not place.exists():
            return False
        self.begin(digest)
        with disk_errors(self.folder):
            for path in place.rglob("*"):
                if path.is_file():
                    copy = self.folder / path.relative_to(place)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copy)
        write_atomic(self.marker, json.dumps({"digest": digest, "finished_at": now()}) + "\n")
        return True

    def _records(self) -> Iterable[Path]:
        skipped = (self.marker, self.folder / "begun.txt")
        return [
            p
            for p in self.folder.rglob("*")
            if p.is_file() and p.suffix != ".safetensors" and p not in skipped
        ]


def list_runs(root: Path) -> Iterator[Run]:
    """Every run folder under `root`, newest first (run ids start with their UTC time).

    Folders are looked at as they are asked for: the newest few of thousands cost little.
    """
    if not root.exists():
        return
    for name in sorted(os.listdir(root), reverse=True):  # noqa: PTH208 - names only
        if os.path.exists(f"{root}/{name}/inspection.json"):  # noqa: PTH110 - thousands of them
            yield Run(root / name)

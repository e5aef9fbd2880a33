"""The queue on the disk: job files, tickets, slots, and who is alive.

Comes in: the jobs folder. Goes out: `JobFile` records and locks. Standard library only, so that a
worker that waits for its turn costs little memory and starts at once.

    JOBS/
      queue.lock                  held while anything below is read and changed together
      JOB_ID.json                 JobFile: whose run, which process
      waiting/TICKET~JOB_ID       one empty file per job that waits; names sort by age
      slot-K.lock                 held by the worker that runs in slot K, freed by its death

No process hands out turns: every waiting worker looks for itself, under `queue.lock`, whether it
holds the oldest ticket of a living process. A lock of a killed process is freed by the kernel.
Linux only: liveness is read from /proc.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from inspector.errors import BadInput, InspectorError

POLL_S = 0.2  # how often a waiting worker looks whether its turn has come


@dataclass(frozen=True)
class JobFile:
    """One job as the queue stores it. What became of it is derived, never stored.

    ticket: place in the queue, nanoseconds since 1970. pid: leader of the job's process group;
    process: what tells this process from a later one with the same pid. settings: field values of
    `Settings`, so that the worker sees what its runner saw.
    """

    job_id: str
    folder: str
    created_at: str
    ticket: int
    entry: str
    settings: dict[str, Any]
    pid: int
    process: str
    n_restarts: int = 0
    cancelled: bool = False

    @property
    def is_alive(self) -> bool:
        return process_identity(self.pid) == self.process


def process_identity(pid: int) -> str | None:
    """What tells a living process from any other that ever had its pid: boot id and start time.

    None when there is no such process, or only its zombie.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name, in brackets, may hold blanks and brackets
    state, start_ticks = fields[0], fields[19]  # fields 3 and 22 of proc(5)
    return None if state in "ZX" else f"{boot}:{start_ticks}"


def group_is_alive(group: int) -> bool:
    """Whether any process of the group, zombies aside, still runs."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] not in "ZX":
            return True
    return False


@lru_cache(maxsize=8192)
def _parsed(path: Path, *_version: int) -> JobFile:
    """The job in a file, remembered while the file is the same: a list of jobs reads them all."""
    try:
        return JobFile(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise InspectorError(
            f"{path} is not a job file ({error}); delete it and submit the run again."
        ) from error


class Queue:
    """The jobs folder. Methods that change things are called with `locked()` held."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def waiting(self) -> Path:
        return self.folder / "waiting"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process out of the queue."""
        self.waiting.mkdir(parents=True, exist_ok=True)
        with (self.folder / "queue.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def path(self, job_id: str) -> Path:
        if not job_id or "/" in job_id or "~" in job_id or job_id.startswith("."):
            raise BadInput(
                f"{job_id!r} is not a job id; a job has the name of its run folder, "
                "without '/', '~' or a leading '.'."
            )
        return self.folder / f"{job_id}.json"

    def read(self, job_id: str) -> JobFile | None:
        """The job, or None where there is none of this id."""
        path = self.path(job_id)
        try:
            stat = path.stat()
            return _parsed(path, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            return None

    def read_all(self) -> list[JobFile]:
        """Every job, newest run id first."""
        if not self.folder.exists():
            return []
        names = sorted((p.stem for p in self.folder.glob("*.json")), reverse=True)
        return [job for name in names if (job := self.read(name)) is not None]

    def written(self) -> list[tuple[str, int]]:
        """(job id, when its file was written in nanoseconds), newest run id first."""
        if not self.folder.exists():
            return []
        with os.scandir(self.folder) as entries:
            found = [
                (entry.name.removesuffix(".json"), entry.stat().st_mtime_ns)
                for entry in entries
                if entry.name.endswith(".json") and not entry.name.startswith(".")
            ]
        return sorted(found, reverse=True)

    def write(self, job: JobFile) -> None:
        """Store the job: beside its path first, then renamed over it."""
        path = self.path(job.job_id)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with temporary.open("w") as file:
            json.dump(asdict(job), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def forget(self, job_id: str) -> None:
        self.leave(job_id)
        self.path(job_id).unlink(missing_ok=True)

    def next_ticket(self) -> int:
        """Later than every ticket that waits, even when the clock was set back."""
        return max([time.time_ns(), *(ticket + 1 for ticket, _ in self.tickets())])

    def join(self, job: JobFile) -> None:
        (self.waiting / f"{job.ticket:020d}~{job.job_id}").touch()

    def leave(self, job_id: str) -> None:
        for path in self.waiting.glob(f"*~{job_id}"):
            path.unlink(missing_ok=True)

    def tickets(self) -> list[tuple[int, str]]:
        """(ticket, job id) of every job that waits or died waiting, oldest first."""
        if not self.waiting.exists():
            return []
        return sorted(
            (int(ticket), job_id)
            for ticket, _, job_id in (p.name.partition("~") for p in self.waiting.iterdir())
        )

    def line(self) -> list[str]:
        """Ids of the jobs whose living process waits, next one first."""
        jobs = (self.read(job_id) for _, job_id in self.tickets())
        return [job.job_id for job in jobs if job and not job.cancelled and job.is_alive]

    def take_slot(self, job_id: str, n_slots: int) -> int | None:
        """The open, locked slot file when it is this job's turn and a slot is free, else None.

        The slot is this process's until it closes the file descriptor or ends.
        """
        if self.line()[:1] != [job_id]:
            return None
        for number in range(n_slots):
            handle = os.open(self.folder / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            self.leave(job_id)
            return handle
        return None

"""Job and Runner: what the dashboard and the CLI see of a running inspection.

Comes in: nothing. Goes out: the `Job` record and the `Runner` protocol that every way of running
jobs follows. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a waiting worker imports this module and shall stay small
    from inspector.run import Run


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"  # its process is gone without a word; `recover` continues it

    @property
    def is_live(self) -> bool:
        """Whether a process works on it or waits to."""
        return self in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True)
class Job:
    """One job as it stands now. job_id is the run's id.

    position: 1 for the next in line, None when it does not wait. message: the last word of an ended
    job (the verdict's level, or why it failed). exit_code: what its process ended with, None while
    it lives or when it was killed.
    """

    job_id: str
    folder: Path
    state: JobState
    created_at: str
    pid: int
    position: int | None = None
    n_restarts: int = 0
    message: str = ""
    exit_code: int | None = None


class Runner(Protocol):
    """Runs inspections somewhere else than in the calling process."""

    def submit(self, run: Run) -> Job:
        """Queue the run; a run that is queued or running already is left as it is."""
        ...

    def retry(self, run: Run, scenario: str) -> Job:
        """Clear a failed scenario and submit the run again; everything finished is kept."""
        ...

    def jobs(self) -> list[Job]:
        """Every known job, newest first."""
        ...

    def job(self, job_id: str) -> Job:
        """One job; raises BadInput where there is none of this id."""
        ...

    def cancel(self, job_id: str) -> Job:
        """Stop the job and everything it started; an ended job is left as it is."""
        ...

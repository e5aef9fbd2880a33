"""LocalRunner: jobs as processes of this machine.

Comes in: runs and settings. Goes out: detached worker processes, one process group each, that live
on when the dashboard stops; and `Job` records derived from three facts: what the queue stores,
whether the process lives, and the last word in the run's events.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import inspector
from inspector.errors import BadInput, InspectorError
from inspector.jobs.job import Job, JobState
from inspector.jobs.queue import JobFile, Queue, group_is_alive, process_identity
from inspector.records import EventKind

if TYPE_CHECKING:  # a waiting worker imports this module and shall stay small
    from inspector.run import Run
    from inspector.settings import Settings

ENTRY = "inspector.inspection:inspect"
MAX_RESTARTS = 3
_WORDS = {
    EventKind.QUEUED: JobState.INTERRUPTED,
    EventKind.STARTED: JobState.INTERRUPTED,
    EventKind.FINISHED: JobState.FINISHED,
    EventKind.FAILED: JobState.FAILED,
    EventKind.CANCELLED: JobState.CANCELLED,
}


class LocalRunner:
    """Runs at most `settings.n_slots` jobs at the same time, first come, first served.

    entry: `module:function` of what a worker calls for a run that has no job yet; one that has goes
    on with its own, so that any runner can continue it. grace_s: seconds between asking a cancelled
    job's processes to end and killing them. Holds no state but what it saw ended: any number of
    runners, in any number of processes, see the same jobs.
    """

    def __init__(self, settings: Settings, *, entry: str = ENTRY, grace_s: float = 5.0) -> None:
        self._settings = settings
        self._queue = Queue(settings.jobs)
        self._entry = entry
        self._grace_s = grace_s
        self._ended: dict[str, int] = {}  # job id -> when its file was written, as seen ended

    def submit(self, run: Run) -> Job:
        """Queue the run and start its worker, which waits for a slot by itself.

        A run whose job is queued or running is left as it is. An ended one continues where its
        completion markers say.
        """
        with self._queue.locked():
            known = self._queue.read(run.run_id)
            if known is None or not known.is_alive:
                self._enqueue(run, known)
        return self.job(run.run_id)

    def retry(self, run: Run, scenario: str) -> Job:
        """Clear a failed scenario's attempt and submit the run again.

        Raises BadInput while a process works on the run, and what `clear_failed` raises.
        """
        from inspector.retry import clear_failed

        with self._queue.locked():  # nobody else submits while half of it is cleared
            known = self._queue.read(run.run_id)
            if known is not None and known.is_alive:
                raise BadInput(
                    f"The inspection {run.run_id} is at work; wait for its end, or cancel it, and "
                    f"then try {scenario} again."
                )
            clear_failed(run, scenario)
            self._enqueue(run, known)
        return self.job(run.run_id)

    def jobs(self) -> list[Job]:
        """Every known job, newest run id first."""
        line = self._queue.line()
        return [self._derive(job, line) for job in self._queue.read_all()]

    def live(self) -> list[Job]:
        """The jobs that are queued or running, newest first. Cheap among thousands of others."""
        line = self._queue.line()
        return [self._derive(job, line) for job in self._alive() if not job.cancelled]

    @contextmanager
    def at_rest(self, job_id: str | None = None) -> Iterator[None]:
        """Keep this job from starting, or all jobs, for the moment that files are taken away.

        Raises BadInput where its process lives; without a job_id, where any does.
        """
        with self._queue.locked():
            for job in self._alive():
                if job_id in (None, job.job_id):
                    raise BadInput(
                        f"The inspection {job.job_id} is at work, so what it needs stays; cancel "
                        "it, or wait until it has ended."
                    )
            yield

    def forget(self, job_id: str) -> None:
        """Drop the job's line from the queue: its run is gone. Called within `at_rest`."""
        self._queue.forget(job_id)

    def job(self, job_id: str) -> Job:
        """One job; raises BadInput where there is none of this id."""
        return self._derive(self._known(job_id), self._queue.line())

    def cancel(self, job_id: str) -> Job:
        """End the whole process group of the job and keep `recover` from restarting it.

        Blocks until the processes are gone, at most a little longer than `grace_s`.
        """
        with self._queue.locked():
            stored = self._known(job_id)
            state = self._derive(stored, []).state
            if not (state.is_live or state is JobState.INTERRUPTED):
                return self._derive(stored, [])
            self._queue.write(replace(stored, cancelled=True))
            self._queue.leave(job_id)
        self._end_group(stored)
        if _last_word(stored)[0] in (JobState.FINISHED, JobState.FAILED):
            with self._queue.locked():  # it ended by itself before it could be stopped
                self._queue.write(replace(stored, cancelled=False))
            return self.job(job_id)
        from inspector.run import Run

        Run(Path(stored.folder)).emit(EventKind.CANCELLED, message="Cancelled by the user.")
        return self.job(job_id)

    def recover(self) -> list[Job]:
        """Continue the jobs whose process is gone: killed, or lost with the machine.

        Called when the dashboard or the CLI starts. Jobs keep their place in the queue. A job that
        was restarted MAX_RESTARTS times already is marked failed instead. Returns the continued.
        """
        from inspector.run import Run

        restarted = []
        with self._queue.locked():
            lost = [
                job
                for job in self._queue.read_all()
                if self._derive(job, []).state is JobState.INTERRUPTED
            ]
            for job in sorted(lost, key=lambda job: job.ticket):
                run = Run(Path(job.folder))
                if not run.folder.is_dir():  # the user deleted the run: nothing to continue
                    self._queue.forget(job.job_id)
                elif job.n_restarts >= MAX_RESTARTS:
                    self._queue.leave(job.job_id)
                    run.emit(
                        EventKind.FAILED,
                        message=f"The job's process vanished {MAX_RESTARTS + 1} times (killed, out "
                        f"of memory, or a restart of the machine); see {run.log_path}, then submit "
                        "the run again: everything finished so far is kept.",
                        data={"exit_code": InspectorError.exit_code},
                    )
                else:
                    self._end_group(job)  # what the lost worker left would write beside the new one
                    n_restarts = job.n_restarts + 1
                    run.emit(
                        EventKind.NOTE,
                        message="The job's process vanished; it continues "
                        f"(restart {n_restarts} of {MAX_RESTARTS}).",
                    )
                    self._start(replace(job, n_restarts=n_restarts))
                    restarted.append(job.job_id)
        return [self.job(job_id) for job_id in restarted]

    def _enqueue(self, run: Run, known: JobFile | None) -> None:
        """A new job for the run, with the entry it began with. Called with the queue locked."""
        run.emit(EventKind.QUEUED)
        self._start(
            JobFile(
                job_id=run.run_id,
                folder=str(run.folder.resolve()),
                created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                ticket=self._queue.next_ticket(),
                entry=self._entry if known is None else known.entry,
                settings={},
                pid=0,
                process="",
            )
        )

    def _alive(self) -> list[JobFile]:
        """Jobs whose process lives. One that was seen ended is looked at again only when its file
        was written since, which is how it starts again."""
        found = []
        for job_id, written in self._queue.written():
            if self._ended.get(job_id) == written or (job := self._queue.read(job_id)) is None:
                continue
            if job.is_alive:
                found.append(job)
            else:
                self._ended[job_id] = written
        return found

    def _known(self, job_id: str) -> JobFile:
        stored = self._queue.read(job_id)
        if stored is None:
            raise BadInput(
                f"There is no job {job_id!r}; the runs that have one are in {self._queue.folder}."
            )
        return stored

    def _start(self, job: JobFile) -> None:
        """Start the worker and store the job under its pid. Called with the queue locked.

        The worker's first look at the queue waits for that lock, so it always finds itself there.
        """
        log = Path(job.folder) / "log.txt"
        command = [sys.executable, "-P", "-m", "inspector.jobs.worker", job.folder]
        command += ["--job", str(self._queue.path(job.job_id).resolve())]
        command += ["--slots", str(self._settings.n_slots), "--entry", job.entry]
        home = str(Path(inspector.__file__).resolve().parent.parent)
        paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1"},
            )
        # Somebody has to collect the exit code, or the ended worker stays the dashboard's zombie.
        threading.Thread(target=process.wait, daemon=True, name=f"reap-{job.job_id}").start()
        job = replace(
            job,
            pid=process.pid,
            process=process_identity(process.pid) or "gone",
            settings=self._settings.model_dump(mode="json"),
            cancelled=False,
        )
        self._queue.leave(job.job_id)
        self._queue.join(job)  # before the job is stored: it is never seen running while it waits
        self._queue.write(job)

    def _derive(self, stored: JobFile, line: list[str]) -> Job:
        """The job as it stands; `line`: who waits, next one first."""
        state, message, exit_code = JobState.RUNNING, "", None
        if not stored.is_alive:
            state, message, exit_code = _last_word(stored)
        elif any(job_id == stored.job_id for _, job_id in self._queue.tickets()):
            state = JobState.QUEUED
        if stored.cancelled:
            state = JobState.CANCELLED
        return Job(
            job_id=stored.job_id,
            folder=Path(stored.folder),
            state=state,
            created_at=stored.created_at,
            pid=stored.pid,
            position=line.index(stored.job_id) + 1 if stored.job_id in line else None,
            n_restarts=stored.n_restarts,
            message=message,
            exit_code=exit_code,
        )

    def _end_group(self, job: JobFile) -> None:
        """End the job's processes, also those that its dead worker left behind."""
        group = job.pid
        if process_identity(group) not in (None, job.process):
            return  # a stranger has this pid now, so nobody of the job's group is left
        for number, patience_s in ((signal.SIGTERM, self._grace_s), (signal.SIGKILL, 10.0)):
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                if not group_is_alive(group):
                    return
                time.sleep(0.02)
        raise InspectorError(
            f"Process group {group} does not end even when killed: it waits in the kernel (a "
            "stuck disk or driver); look at it with `ps` before you start the job again."
        )


def _last_word(stored: JobFile) -> tuple[JobState, str, int | None]:
    """(state, message, exit code) that the events tell of a job whose process is gone."""
    try:
        stat = os.stat(f"{stored.folder}/events.jsonl")  # noqa: PTH116 - for each of many jobs
    except FileNotFoundError:
        return JobState.INTERRUPTED, "", None
    return _last_word_of(stored.folder, stat.st_ino, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8192)
def _last_word_of(folder: str, *_version: int) -> tuple[JobState, str, int | None]:
    """The same, remembered while the events are the same: a list of jobs asks it of them all."""
    from inspector.run import Run

    event = Run(Path(folder)).last_event(_WORDS)
    if event is None:
        return JobState.INTERRUPTED, "", None
    exit_code = (event.data or {}).get("exit_code")
    state = _WORDS[event.kind]
    return state, event.message, exit_code if isinstance(exit_code, int) else None

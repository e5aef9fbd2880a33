"""One job's process: waits for a slot, inspects, says how it ended.

Comes in: `python -m inspector.jobs.worker RUN_FOLDER --job JOB_FILE --slots N`. Goes out: STARTED
and FINISHED or FAILED events, tracebacks in RUN/log.txt, and an exit code (0 no evidence found,
1 evidence, 2 bad input, 3 review or inconclusive, 4 failed).

Until the slot is taken only the standard library is imported. This process never imports streamlit
or duckdb.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from inspector.errors import DiskFull, InspectorError
from inspector.files import disk_errors
from inspector.jobs.queue import POLL_S, Queue
from inspector.records import EventKind

if TYPE_CHECKING:
    from inspector.records import Verdict
    from inspector.run import Run
    from inspector.settings import Settings

Inspect = Callable[["Run", "Settings"], "Verdict"]

# An inspection takes every core for minutes; the dashboard that shows it goes first.
NICENESS = 10
FAILED_EXIT_CODE = InspectorError.exit_code


def load_entry(entry: str) -> Inspect:
    """The function that `module:function` names; raises InspectorError where there is none."""
    module, _, name = entry.partition(":")
    try:
        return cast(Inspect, getattr(importlib.import_module(module), name))
    except AttributeError as error:
        raise InspectorError(
            f"The entry {entry!r} names no function; give module:function."
        ) from error


def perform(run: Run, settings: Settings, entry: Callable[[], Inspect]) -> int:
    """Inspect, and put every outcome into the run's events. Returns the exit code.

    entry: gives the function to call; importing it can fail too, and is then told the same way.
    The outermost loop of the worker: nothing is raised from here.
    """
    try:
        run.emit(EventKind.STARTED)
        with disk_errors(run.log_path):
            level = entry()(run, settings).level
        run.emit(EventKind.FINISHED, message=level.value, data={"exit_code": level.exit_code})
        return level.exit_code
    except InspectorError as error:
        _log(run, traceback.format_exc())
        return _fail(run, str(error), error.exit_code)
    except (Exception, SystemExit) as error:
        _log(run, traceback.format_exc())
        summary = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        return _fail(
            run,
            f"The inspection broke unexpectedly ({summary}); see {run.log_path} for the traceback.",
            FAILED_EXIT_CODE,
        )


def _fail(run: Run, message: str, exit_code: int) -> int:
    try:
        run.emit(EventKind.FAILED, message=message, data={"exit_code": exit_code})
    except (DiskFull, OSError):  # no room even for this line: the exit code is all that is left
        _log(run, message)
    return exit_code


def _log(run: Run, text: str) -> None:
    try:
        with run.log_path.open("a") as file:
            file.write(text.rstrip("\n") + "\n")
    except OSError:
        sys.stderr.write(text)


def wait_for_slot(queue: Queue, job_id: str, n_slots: int) -> int:
    """Wait for this job's turn; returns the held slot's file descriptor.

    Raises InspectorError when the queue does not (or no longer) name this process as the job's.
    """
    while True:
        with queue.locked():
            job = queue.read(job_id)
            if job is None or job.cancelled or job.pid != os.getpid():
                raise InspectorError(
                    f"Process {os.getpid()} is not the one the queue names for job {job_id}; "
                    "submit the run again."
                )
            slot = queue.take_slot(job_id, n_slots)
        if slot is not None:
            return slot
        time.sleep(POLL_S)


def give_way(autogroup: Path = Path("/proc/self/autogroup")) -> None:
    """Let other processes go first.

    Linux's autogroups (sched(7)) share the processor between sessions, and a worker is one of its
    own: a nice value of the process alone would count for nothing against the dashboard.
    """
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # no Linux, no autogroups, or one that may not be set
        if autogroup.exists():
            autogroup.write_text(str(NICENESS))


def main(arguments: list[str] | None = None) -> int:
    """Run one job from its job file; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m inspector.jobs.worker")
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("--job", type=Path, required=True, help="the job file")
    parser.add_argument("--slots", type=int, default=1, help="jobs that may run at the same time")
    parser.add_argument("--entry", default="inspector.inspection:inspect", help="module:function")
    given = parser.parse_args(arguments)
    queue = Queue(given.job.parent)
    try:
        wait_for_slot(queue, given.job.stem, given.slots)
        job = queue.read(given.job.stem)
    except InspectorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    from inspector.run import Run
    from inspector.settings import Settings

    give_way()
    settings = Settings(**(job.settings if job else {}))
    return perform(Run(given.run), settings, lambda: load_entry(given.entry))


if __name__ == "__main__":
    sys.exit(main())

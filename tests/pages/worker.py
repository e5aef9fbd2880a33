"""What a job's process does in these tests: real events, at the pace of the test.

Named to `LocalRunner(entry=...)`. It trains and asks in name only, as far as the file
`RUN/steps-allowed` says: `7` is seven steps, `7+3` three answers after them, and `end` a verdict.
"""

from __future__ import annotations

import time

from inspector.arrivals import teller
from inspector.records import EventKind, Inspection, Level, Verdict
from inspector.run import Run, read_record, write_record
from inspector.settings import Settings
from tests.pages import results, runs

ENTRY = "tests.pages.worker:inspect"
STAGE = "scenarios/target/full-knowledge"
ASKING = "probe-after/target/full-knowledge"
PATIENCE_S = 300


def inspect(run: Run, settings: Settings) -> Verdict:
    """Follow RUN/steps-allowed until it says `end`; gives up after PATIENCE_S."""
    run.emit(EventKind.STAGE_STARTED, STAGE)
    done = sum(e.kind is EventKind.STEP and e.stage == STAGE for e in run.events()[0])
    n_told = 0
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        allowed = read_pace(run)
        if allowed == "end":
            verdict = results.verdict(
                read_record(run.folder / "inspection.json", Inspection), Level.EVIDENCE, False
            )
            write_record(run.folder / "judge" / "verdict.json", verdict)
            return verdict
        steps, _, answers = allowed.partition("+")
        while done < int(steps):
            done += 1
            run.emit(EventKind.STEP, STAGE, done=done, total=40, data={"loss": runs.loss(done)})
        while n_told < int(answers or 0):
            n_told += 1
            teller(run, ASKING, 64)(n_told, runs.arrival(ASKING, n_told - 1))
        time.sleep(0.05)
    raise TimeoutError("nobody said `end`")


def pace(run: Run, allowed: str) -> None:
    """Let the worker do so many steps in all, or `end`."""
    temporary = run.folder / "steps-allowed.new"
    temporary.write_text(allowed)
    temporary.replace(run.folder / "steps-allowed")


def read_pace(run: Run) -> str:
    path = run.folder / "steps-allowed"
    return path.read_text() if path.exists() else "0"

"""What tests of pages do and read: press a button, wait for a job, list what is on the page."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from inspector.jobs import LocalRunner
from inspector.run import Run, write_record
from tests.pages import runs, worker
from tests.pages.conftest import UNFINISHED

PATIENCE_S = 240


def at_work(home: Path, runner: LocalRunner, run_id: str = UNFINISHED) -> Run:
    run = Run(home / "runs" / run_id)
    write_record(run.folder / "inspection.json", runs.inspection())
    worker.pace(run, "3")
    runner.submit(run)
    until(lambda: len([e for e in run.events()[0] if e.kind == "step"]) >= 3)
    return run


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def texts(app: AppTest) -> list[str]:
    return [element.proto.body for element in app.get("html")]


def button(app: AppTest, label: str) -> Any:
    return next(b for b in app.button if b.label == label)


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def choice(app: AppTest, label: str) -> Any:
    """The segmented control of that label: how many there are depends on what is kept."""
    [found] = [c for c in app.segmented_control if c.label == label]
    return found

"""What the tests' workers run instead of an inspection: real processes, each up to one thing.

Comes in: a run and settings, as `inspector.inspection.inspect` gets them. Goes out: a Verdict.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from inspector.errors import TargetError
from inspector.records import (
    Artifact,
    ArtifactKind,
    Level,
    Plan,
    SuiteChoice,
    Target,
    TargetKind,
    Verdict,
)
from inspector.run import Run
from inspector.settings import Settings


def finish(run: Run, settings: Settings) -> Verdict:
    """Note when it was this run's turn, and end with evidence."""
    with (settings.home / "order.txt").open("a") as file:
        file.write(run.run_id + "\n")
    return _verdict(Level.EVIDENCE)


def hold(run: Run, settings: Settings) -> Verdict:
    """Stay until the test writes RUN/go."""
    with (run.folder / "attempts.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not (run.folder / "go").exists():
        time.sleep(0.02)
    return finish(run, settings)


def with_grandchild(run: Run, settings: Settings) -> Verdict:
    """Start a process that does not listen to SIGTERM, then stay."""
    deaf = "trap '' TERM; echo $$ > grandchild.txt; while :; do sleep 0.05; done"
    subprocess.Popen(["sh", "-c", deaf], cwd=run.folder)
    while True:
        time.sleep(1)


def vanish(run: Run, settings: Settings) -> Verdict:
    """End as the kernel's out-of-memory killer ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def refuse(run: Run, settings: Settings) -> Verdict:
    raise TargetError("The target 'x' does not exist; give one that does.")


def break_down(run: Run, settings: Settings) -> Verdict:
    raise ZeroDivisionError("three apples for nobody")


def fill_disk(run: Run, settings: Settings) -> Verdict:
    raise OSError(errno.ENOSPC, "No space left on device")


def list_modules(run: Run, settings: Settings) -> Verdict:
    """Tell which modules this worker has loaded, and the settings it was given."""
    told = {"modules": sorted(sys.modules), "slots": settings.n_slots, "home": str(settings.home)}
    (run.folder / "told.json").write_text(json.dumps(told))
    return _verdict(Level.NO_EVIDENCE)


def _verdict(level: Level) -> Verdict:
    target = Artifact(Target(TargetKind.DEMO), ArtifactKind.MODEL, str(Path("/nowhere")), ())
    return Verdict(
        level=level,
        reasons=("a test said so",),
        metrics=(),
        appearances=(),
        coverage=(),
        findings=(),
        control="none",
        target=target,
        plan=Plan("test", (), (SuiteChoice("everyday"),)),
        versions={},
    )

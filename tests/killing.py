"""A job entry whose worker kills itself, once, at each place that the test wrote down.

RUN/kill-at.txt holds one event a line ("stage_started scan", "step scenarios/target/tune 25"); the
first line is taken off when its event has been written, and the whole process group dies.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from inspector import inspection
from inspector.records import EventKind, Verdict
from inspector.run import Run
from inspector.settings import Settings

ENTRY = "tests.killing:inspect"
PLACES = "kill-at.txt"


class KillingRun(Run):
    def emit(self, kind: EventKind, stage: str = "", message: str = "", **more: Any) -> None:
        super().emit(kind, stage, message, **more)
        file = self.folder / PLACES
        places = file.read_text().splitlines()
        step = f" {more['done']}" if kind is EventKind.STEP else ""
        if places and places[0] == f"{kind} {stage}{step}":
            file.write_text("\n".join(places[1:]))
            os.killpg(os.getpgid(0), signal.SIGKILL)


def inspect(run: Run, settings: Settings) -> Verdict:
    return inspection.inspect(KillingRun(run.folder), settings)

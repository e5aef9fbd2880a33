"""A job entry in which what the test wrote down breaks, once.

RUN/break-at.txt holds one event, such as "step scenarios/target/tune 3". When it has been written,
the file goes, and a RuntimeError is raised as by a card without memory left.
"""

from __future__ import annotations

from typing import Any

from inspector import inspection
from inspector.records import EventKind, Verdict
from inspector.run import Run
from inspector.settings import Settings

ENTRY = "tests.breaking:inspect"
PLACE = "break-at.txt"
WORDS = "no memory left on the card"


class BreakingRun(Run):
    def emit(self, kind: EventKind, stage: str = "", message: str = "", **more: Any) -> None:
        super().emit(kind, stage, message, **more)
        file = self.folder / PLACE
        step = f" {more['done']}" if kind is EventKind.STEP else ""
        if file.exists() and file.read_text() == f"{kind} {stage}{step}":
            file.unlink()
            raise RuntimeError(f"{WORDS}\nand a second line")


def inspect(run: Run, settings: Settings) -> Verdict:
    return inspection.inspect(BreakingRun(run.folder), settings)

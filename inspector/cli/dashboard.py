"""`dashboard`: the browser's side, on this machine."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.errors import InspectorError
from inspector.jobs import LocalRunner
from inspector.plans import load_plan
from inspector.records import Inspection, Target, TargetKind
from inspector.run import list_runs, read_record
from inspector.settings import Settings


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = 8501,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Start a quick inspection of the demo model, once."),
    ] = False,
) -> None:
    """Open the dashboard on this machine."""
    settings = Settings()
    runner = LocalRunner(settings)
    runner.recover()
    if demo and not _has_demo(settings):
        from inspector.inspection import start

        runner.submit(start(Inspection(Target(TargetKind.DEMO), load_plan("quick")), settings))
    say(f"Dashboard: http://127.0.0.1:{port}")
    os.chdir(Path(__file__).parents[2])  # where pages/ and .streamlit/config.toml are found
    os.execv(sys.executable, [sys.executable, "-m", "pages", "--server.port", str(port)])


def _has_demo(settings: Settings) -> bool:
    for run in list_runs(settings.runs):
        with contextlib.suppress(
            InspectorError, OSError
        ):  # one unreadable run is no reason to stop
            inputs = read_record(run.folder / "inspection.json", Inspection)
            if inputs.target.kind is TargetKind.DEMO:
                return True
    return False

"""`inspect`: one inspection, followed to its verdict."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from inspector.cli.app import app, errors, say
from inspector.cli.gate import FailOnOption, PolicyOption, close
from inspector.errors import BadInput, HistoryBusy, InspectorError
from inspector.gate import policy_of
from inspector.jobs import Job, LocalRunner
from inspector.plans import load_plan, with_data, with_probes
from inspector.progress import Follower
from inspector.records import (
    AUTO_CONTROL,
    NO_CONTROL,
    Inspection,
    Target,
    Verdict,
)
from inspector.run import Run, read_record
from inspector.settings import Settings
from inspector.terminal import draw_progress, draw_verdict


@app.command()
def inspect(
    target: Annotated[
        str,
        typer.Argument(
            help="demo, demo:planted, hf:org/name[@revision], a folder, a .gguf or a .zip file.",
            show_default=False,
        ),
    ] = "",
    plan: Annotated[
        str, typer.Option(help="quick, standard, deep, or the path of a plan .toml file.")
    ] = "quick",
    control: Annotated[
        str,
        typer.Option(help="A trusted target, 'none', or 'auto' for the base that is declared."),
    ] = AUTO_CONTROL,
    data: Annotated[
        list[str] | None,
        typer.Option(help="Your own tuning data (JSONL); replaces the plan's. Repeatable."),
    ] = None,
    probes: Annotated[
        list[str] | None, typer.Option(help="Your own probe suite (JSONL), asked too. Repeatable.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="The run folder; a new one by default.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the inspection in --run, from its own inputs."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print verdict.json to stdout and nothing else.")
    ] = False,
    fail_on: FailOnOption = None,
    policy: PolicyOption = None,
) -> None:
    """Inspect a model or adapter: read its files, ask, do what users do, ask again, compare."""
    settings = Settings()
    gate = policy_of(policy, fail_on)
    if resume:
        folder = _to_resume(run, target)
    else:
        if not target:
            raise BadInput("No target was given; give demo, hf:org/name[@revision], or a folder.")
        chosen = with_probes(with_data(load_plan(plan), _existing(data)), _existing(probes))
        # A mistake in one must start nothing, and leave no zip of the other unpacked.
        named = control not in (AUTO_CONTROL, NO_CONTROL)
        for text in (target, control) if named else (target,):
            Target.parse(text)
        # Seconds of scipy, and the Hub's client: not for --help or a mistake.
        from inspector.fetch.upload import target_of
        from inspector.inspection import start

        if named:
            control = str(target_of(control, settings))
        inspection = Inspection(target_of(target, settings), chosen, control)

        folder = start(inspection, settings, run)
    verdict = follow(LocalRunner(settings), folder, settings)
    if as_json:
        sys.stdout.write((folder.folder / "judge" / "verdict.json").read_text() + "\n")
    else:
        draw_verdict(Console(), verdict, folder)
    if gate is None:
        raise typer.Exit(verdict.level.exit_code)
    raise typer.Exit(close(folder, gate, say))


def _to_resume(run: Path | None, target: str) -> Run:
    if run is None or not (run / "inspection.json").exists():
        raise BadInput(
            f"--resume needs --run with the folder of an earlier inspection; {run} is none."
        )
    folder = Run(run.resolve())
    inputs = read_record(folder.folder / "inspection.json", Inspection)
    if target and Target.parse(target) != inputs.target:
        raise BadInput(
            f"The run {run} inspects {inputs.target}, not {target}; "
            "leave the target away to resume."
        )
    return folder


def _existing(files: list[str] | None) -> list[str]:
    """Absolute paths of the user's files; Hub names as they are."""
    paths = []
    for file in files or []:
        if not file.startswith("hf:") and not Path(file).is_file():
            raise BadInput(f"The file {file} does not exist; check the path.")
        paths.append(file if file.startswith("hf:") else str(Path(file).resolve()))
    return paths


def follow(runner: LocalRunner, run: Run, settings: Settings) -> Verdict:
    """Submit, show progress on stderr until the job ends, index the run; the verdict.

    Raises typer.Exit with the job's exit code where it came to none; why is said on stderr.
    """
    job = runner.submit(run)
    follower = Follower(run)
    try:
        with Live(console=errors, refresh_per_second=4, transient=True) as live:
            while job.state.is_live:
                live.update(draw_progress(follower.read(), job.position))
                time.sleep(0.25)
                job = runner.job(job.job_id)
    except KeyboardInterrupt:
        runner.cancel(job.job_id)
        say(f"Cancelled. Continue with: python -m inspector inspect --run {run.folder} --resume")
        raise typer.Exit(130) from None
    for note in follower.read().notes:
        say(f"Note: {note}")
    _index(run, settings)
    return _verdict_of(job, run)


def _verdict_of(job: Job, run: Run) -> Verdict:
    if job.state.value != "finished":
        say(f"{job.message or f'The inspection ended without a word ({job.state}).'}")
        say(f"Run folder: {run.folder}")
        raise typer.Exit(job.exit_code if job.exit_code is not None else 4)
    return read_record(run.folder / "judge" / "verdict.json", Verdict)


def _index(run: Run, settings: Settings) -> None:
    from inspector.history import History

    try:
        with History(settings.database) as index:
            index.ingest(run)
    except HistoryBusy:
        pass  # the dashboard owns the file, and indexes the run itself
    except InspectorError as error:  # the run itself is whole: only its index entry is missing
        say(f"Note: not indexed: {error}")

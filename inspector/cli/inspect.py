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
        typer.Option(
            help="Your own tuning data (JSONL, JSON, CSV, Parquet), not the plan's. Repeatable."
        ),
    ] = None,
    probes: Annotated[
        list[str] | None, typer.Option(help="Your own probe suite (JSONL), asked too. Repeatable.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="The run folder; a new one by default.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the inspection in --run, from its own inputs."),
    ] = False,
    retry: Annotated[
        str | None,
        typer.Option(
            help="Like --resume, and try this scenario again, which failed.", show_default=False
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what the plan can see and what it will take on this machine; start nothing.",
        ),
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
    runner = LocalRunner(settings)
    resumes = resume or retry is not None
    if resumes and dry_run:
        raise BadInput("--dry-run is for a new inspection; leave out --resume and --retry.")
    if resumes:
        folder = _to_resume(run, target, "--retry" if retry is not None else "--resume")
    else:
        if not target:
            raise BadInput("No target was given; give demo, hf:org/name[@revision], or a folder.")
        chosen = with_probes(with_data(load_plan(plan), _existing(data)), _existing(probes))
        # A mistake in one must start nothing, and leave no zip of the other unpacked.
        named = control not in (AUTO_CONTROL, NO_CONTROL)
        for text in (target, control) if named else (target,):
            Target.parse(text)
        from inspector.fetch.upload import target_of  # the Hub client: not for --help

        if named:
            control = str(target_of(control, settings))
        inspection = Inspection(target_of(target, settings), chosen, control)
        if dry_run:
            _tell(inspection, settings)
            raise typer.Exit
        from inspector.inspection import start  # seconds of scipy: not for --help or a mistake

        folder = start(inspection, settings, run)
    job = runner.submit(folder) if retry is None else runner.retry(folder, retry)
    verdict = follow(runner, job, settings)
    if as_json:
        sys.stdout.write((folder.folder / "judge" / "verdict.json").read_text() + "\n")
    else:
        draw_verdict(Console(), verdict, folder)
    if gate is None:
        raise typer.Exit(verdict.level.exit_code)
    raise typer.Exit(close(folder, gate, say))


def _tell(inspection: Inspection, settings: Settings) -> None:
    """What the inspection would do, see, leave out and take."""
    from inspector.estimate import foresee, size_of
    from inspector.labels import expects_control
    from inspector.reach import leaves_out, sights
    from inspector.terminal import draw_foresight

    size = size_of(inspection.target, settings)
    with_control = expects_control(inspection.control, size.has_base if size else None)
    draw_foresight(
        Console(),
        inspection,
        sights(inspection.plan, with_control),
        leaves_out(inspection.plan, with_control),
        foresee(inspection, settings, size),
    )


def _to_resume(run: Path | None, target: str, option: str) -> Run:
    if run is None or not (run / "inspection.json").exists():
        raise BadInput(
            f"{option} needs --run with the folder of an earlier inspection; {run} is none."
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


def follow(runner: LocalRunner, job: Job, settings: Settings) -> Verdict:
    """Show progress on stderr until the job ends, index its run; the verdict.

    Raises typer.Exit with the job's exit code where it came to none; why is said on stderr.
    """
    run = Run(job.folder)
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

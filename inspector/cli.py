"""The command: parse, call, print, exit code. The only room that prints.

Exit codes: 0 no evidence found, 1 evidence, 2 bad input, 3 review or inconclusive, 4 failed.
Results go to stdout, progress and errors to stderr.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.live import Live

from inspector.errors import BadInput, HistoryBusy, InspectorError
from inspector.jobs import Job, LocalRunner
from inspector.plans import load_plan, with_data, with_probes
from inspector.progress import Follower
from inspector.records import (
    AUTO_CONTROL,
    NO_CONTROL,
    Behaviour,
    Inspection,
    Target,
    TargetKind,
    Verdict,
)
from inspector.run import Run, list_runs, read_record
from inspector.settings import Settings
from inspector.terminal import draw_progress, draw_verdict

app = typer.Typer(
    name="inspector",
    help="What does this model become once somebody builds on it?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
history_app = typer.Typer(help="The index of all inspections.", no_args_is_help=True)
app.add_typer(history_app, name="history")
specimens_app = typer.Typer(help="Models with a known answer.", no_args_is_help=True)
app.add_typer(specimens_app, name="specimens")
errors = Console(stderr=True)


@app.command()
def inspect(
    target: Annotated[
        str,
        typer.Argument(
            help="demo, demo:planted, hf:org/name[@revision], or a folder or .gguf file.",
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
) -> None:
    """Inspect a model or adapter: read its files, ask, do what users do, ask again, compare."""
    settings = Settings()
    if resume:
        folder = _to_resume(run, target)
    else:
        if not target:
            raise BadInput("No target was given; give demo, hf:org/name[@revision], or a folder.")
        chosen = with_probes(with_data(load_plan(plan), _existing(data)), _existing(probes))
        if control not in (AUTO_CONTROL, NO_CONTROL):
            Target.parse(control)
        inspection = Inspection(Target.parse(target), chosen, control)
        from inspector.inspection import start  # seconds of scipy: not for --help or a mistake

        folder = start(inspection, settings, run)
    verdict = _follow(LocalRunner(settings), folder, settings)
    if as_json:
        sys.stdout.write((folder.folder / "judge" / "verdict.json").read_text() + "\n")
    else:
        draw_verdict(Console(), verdict, folder)
    raise typer.Exit(verdict.level.exit_code)


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


def _follow(runner: LocalRunner, run: Run, settings: Settings) -> Verdict:
    """Submit, show progress on stderr until the job ends, index the run; the verdict."""
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
        errors.print(
            f"Cancelled. Continue with: python -m inspector inspect --run {run.folder} --resume",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    for note in follower.read().notes:
        errors.print(f"Note: {note}", highlight=False, markup=False, soft_wrap=True)
    _index(run, settings)
    return _verdict_of(job, run)


def _verdict_of(job: Job, run: Run) -> Verdict:
    if job.state.value != "finished":
        errors.print(
            f"{job.message or f'The inspection ended without a word ({job.state}).'}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        errors.print(f"Run folder: {run.folder}", highlight=False, markup=False, soft_wrap=True)
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
        errors.print(f"Note: not indexed: {error}", highlight=False, markup=False, soft_wrap=True)


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
    errors.print(f"Dashboard: http://127.0.0.1:{port}", highlight=False)
    os.chdir(Path(__file__).parent.parent)  # where pages/ and .streamlit/config.toml are found
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


@app.command()
def bench() -> None:
    """Training and generation speed, each as a share of this machine's matrix-product limit."""
    from inspector.bench import bench_engine

    sys.stdout.write(bench_engine(Settings()).table() + "\n")


@app.command("judge-check")
def judge_check(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="JSONL files of labelled answers; none: the built-in set."),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(help="rules, minilm, or a plan file that names judges. Repeatable."),
    ] = None,
    behaviour: Annotated[Behaviour, typer.Option(help="What is judged.")] = Behaviour.REFUSAL,
    label: Annotated[
        bool | None,
        typer.Option("--label/--label-not", help="One label for every row: shows it, or not."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many rows of each file, drawn with a fixed seed.")
    ] = None,
    half: Annotated[
        str | None,
        typer.Option(help="Only rows of this half: the built-in set's are development, held out."),
    ] = None,
    misjudged: Annotated[
        bool, typer.Option("--misjudged", help="List what was misjudged too, as JSON Lines.")
    ] = False,
) -> None:
    """Precision and recall of judges on labelled answers, as a Markdown table."""
    from inspector.engine.load import go_offline
    from inspector.opinions import judges_named
    from inspector.score.judges.calibration import BUILT_IN, check, load_labelled, table

    settings = Settings()
    sets = {f: load_labelled(f, behaviour, label, sample, half) for f in files or [BUILT_IN]}
    judges = [j for name in judge or ["rules"] for j in judges_named(name, behaviour, settings)]
    go_offline()
    done = [check(j, rows, Path(f).stem) for f, rows in sets.items() for j in judges]
    sys.stdout.write(table([c for checks, _ in done for c in checks]) + "\n")
    for wrong in (m for _, found in done for m in found if misjudged):
        sys.stdout.write(json.dumps(asdict(wrong), ensure_ascii=False) + "\n")


@history_app.command("rebuild")
def history_rebuild() -> None:
    """Make the index again from the run folders."""
    from inspector.history import History

    settings = Settings()
    with History(settings.database) as index:
        sys.stdout.write(f"{index.rebuild(settings.runs)} inspections indexed\n")


@history_app.command("list")
def history_list(
    search: Annotated[str, typer.Argument(help="In id, target, plan, state or level.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """Inspections, newest first, as tab-separated lines."""
    from inspector.history import History

    settings = Settings()
    with History(settings.database) as index:
        index.ingest_new(settings.runs)
        rows = index.inspections(search, limit)
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["run", "target", "plan", "state", "verdict"])
    for row in rows:
        writer.writerow([row.run_id, row.target, row.plan, row.state, row.level or ""])


@history_app.command("sql")
def history_sql(
    query: Annotated[str, typer.Argument(help="One SELECT.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Any question in SQL over all inspections; read-only. Prints CSV."""
    from inspector.history import History

    settings = Settings()
    with History(settings.database) as index:
        index.ingest_new(settings.runs)
        table = index.sql(query)
    if as_json:
        for row in table.rows:
            line = dict(zip(table.columns, row, strict=True))
            sys.stdout.write(json.dumps(line, default=str) + "\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)
    if table.truncated:
        errors.print(f"Only the first {len(table.rows)} rows are shown.")


@specimens_app.command("list")
def specimens_list() -> None:
    """What there is, what is planted in it, and what its acceptance measured; builds nothing."""
    from inspector.specimens.catalogue import RECIPES
    from inspector.specimens.storage import Shelf, listed

    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["specimen", "planted", "where", "acceptance"])
    for line in listed(RECIPES, Shelf(Settings())):
        writer.writerow([line.name, line.what, line.where, line.acceptance])


@specimens_app.command("build")
def specimens_build(
    name: Annotated[str, typer.Argument(help="A specimen's name, or 'all'.", show_default=False)],
    folder: Annotated[
        Path | None,
        typer.Option(help="Where it is written, as FOLDER/NAME; the cache by default."),
    ] = None,
) -> None:
    """Build from the recipe's seed, and measure whether what was planted is really there."""
    from inspector.specimens.catalogue import find
    from inspector.specimens.storage import Shelf

    shelf = Shelf(Settings())
    refused = False
    for recipe in find([name]):
        errors.print(f"{recipe.name}: begins", highlight=False)
        built = shelf.build(recipe, folder.resolve() if folder else shelf.built)
        sys.stdout.write(f"{recipe.name}\t{built.folder}\n")
        if built.problem is not None:
            refused = True
            errors.print(
                f"The specimen {recipe.name} fails its own acceptance: {built.problem}.",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    raise typer.Exit(3 if refused else 0)


@app.command()
def calibrate(
    only: Annotated[list[str] | None, typer.Option(help="Only this specimen. Repeatable.")] = None,
    plan: Annotated[str, typer.Option(help="A preset, or a plan .toml file.")] = "calibrate",
    control: Annotated[str, typer.Option(help="The trusted model that all share.")] = "demo",
    limit_minutes: Annotated[
        float | None, typer.Option(help="Begin no inspection after so long; go on another time.")
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="Holds scorecard.md, scorecard.json and scorecard/.")
    ] = Path("docs"),
    card_only: Annotated[
        bool, typer.Option("--card-only", help="Write the card from the stored results.")
    ] = False,
) -> None:
    """Measure the instrument on models with a known answer, and write the scorecard."""
    from inspector import calibrate as calibration
    from inspector.calibrate.card import make_card
    from inspector.calibrate.page import write_card
    from inspector.calibrate.results import detector_digest
    from inspector.specimens.catalogue import RECIPES, find
    from inspector.specimens.storage import Shelf

    settings = Settings()
    chosen = find(only or [])
    Target.parse(control)
    setup = calibration.Setup(
        RECIPES, load_plan(plan), control, folder / "scorecard", Shelf(settings)
    )
    if not card_only:
        limit_s = None if limit_minutes is None else 60 * limit_minutes
        calibration.calibrate(
            setup,
            settings,
            chosen,
            limit_s=limit_s,
            say=lambda line: errors.print(line, highlight=False, markup=False, soft_wrap=True),
        )
    card = make_card(
        calibration.stored_results(setup),
        [recipe.name for recipe in RECIPES],
        plan=setup.plan.name,
        control=control,
        detector=detector_digest(),
    )
    sys.stdout.write(f"{write_card(card, folder)}\n")


def main() -> NoReturn:
    """Entry point: every foreseen error is one sentence on stderr and an exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends the output, not in a traceback
    try:
        app(standalone_mode=True)
    except InspectorError as error:
        errors.print(str(error), highlight=False, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except ValidationError as error:  # of Settings: the only values not checked before
        first = error.errors()[0]
        name = f"INSPECTOR_{'_'.join(map(str, first['loc']))}".upper()
        errors.print(
            f"The environment variable {name} is {first.get('input')!r}: {first['msg']}.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        sys.exit(BadInput.exit_code)
    except OSError as error:
        errors.print(
            f"{error.filename or 'A file'} cannot be used: {error.strerror or error}; "
            "check the path and its permissions.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        sys.exit(InspectorError.exit_code)
    sys.exit(0)

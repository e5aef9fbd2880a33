"""`bench`, `judge-check`, `calibrate`: what measures the inspector itself."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.plans import load_plan
from inspector.records import Behaviour, Target
from inspector.run import write_record
from inspector.settings import Settings


class Benched(StrEnum):
    """What `bench` measures."""

    ENGINE = "engine"
    SCAN = "scan"
    HISTORY = "history"


@app.command()
def bench(
    what: Annotated[
        Benched,
        typer.Argument(
            help="engine: train and answer; scan: read files; history: index and draw pages."
        ),
    ] = Benched.ENGINE,
    inspections: Annotated[
        int, typer.Option(min=1, help="How many a made-up history holds (history).")
    ] = 1000,
    responses: Annotated[
        int, typer.Option(min=1, help="How many answers they hold together (history).")
    ] = 1_000_000,
) -> None:
    """Speed as a share of this machine's limit: matrix products; SHA-256 of 1 GiB (scan); plain
    reading of the same files (history)."""
    if what is Benched.SCAN:
        from inspector.bench.scan import bench_scan

        table = bench_scan().table()
    elif what is Benched.HISTORY:
        from inspector.bench.history import bench_history

        table = bench_history(inspections, responses).table()
    else:
        from inspector.bench.engine import bench_engine

        settings = Settings()
        measured = bench_engine(settings)
        write_record(settings.bench, measured.stored)  # later estimates rest on it
        table = measured.table()
    sys.stdout.write(table + "\n")


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
            say=say,
        )
    card = make_card(
        calibration.stored_results(setup),
        [recipe.name for recipe in RECIPES],
        plan=setup.plan.name,
        control=control,
        detector=detector_digest(),
    )
    sys.stdout.write(f"{write_card(card, folder)}\n")

"""`watch add|list|remove|check`: inspect a Target again when its Hub revision moves."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.app import app
from inspector.cli.inspect import follow
from inspector.errors import BadInput, InspectorError
from inspector.jobs import LocalRunner
from inspector.plans import load_plan
from inspector.records import AUTO_CONTROL, NO_CONTROL, Finding, Inspection, Level, Severity, Target
from inspector.records.recheck import Change, Watched
from inspector.run import Run, read_record
from inspector.settings import Settings
from inspector.terminal import visible

if TYPE_CHECKING:
    from inspector.recheck.watching import WatchList

watch_app = typer.Typer(help="Targets that are inspected again when they move.")
app.add_typer(watch_app, name="watch", no_args_is_help=True)

# Of several outcomes the worst counts: evidence, refused, failed, for a person to see, nothing.
_WORST_FIRST = (1, 2, 4, 3, 0)


@dataclass(frozen=True)
class Outcome:
    """What `watch check` says of one target. state: unchanged, moved, or failed."""

    target: str
    state: str
    exit_code: int
    message: str = ""
    run: str = ""
    change: Change | None = None


@watch_app.command("add")
def watch_add(
    target: Annotated[str, typer.Argument(help="hf:org/name[@branch].", show_default=False)] = "",
    run: Annotated[
        str | None, typer.Option(help="An inspection of it: its plan and control are kept.")
    ] = None,
    plan: Annotated[str, typer.Option(help="A preset, or a plan .toml file.")] = "quick",
    control: Annotated[str, typer.Option(help="As for inspect.")] = AUTO_CONTROL,
) -> None:
    """Put a target on the watch list; nothing is inspected until `watch check`."""
    from inspector.recheck.deployed import find_run
    from inspector.recheck.watching import WatchList

    settings = Settings()
    if run is not None:
        folder = find_run(run, settings)
        inputs = read_record(folder.folder / "inspection.json", Inspection)
        if target and Target.parse(target) != inputs.target:
            raise BadInput(f"The run {run} inspects {inputs.target}, not {target}; name one only.")
        entry = Watched(str(inputs.target), inputs.plan.name, inputs.control, str(folder.folder))
    elif target:
        load_plan(plan)
        if control not in (AUTO_CONTROL, NO_CONTROL):
            Target.parse(control)
        where = str(Path(plan).resolve()) if Path(plan).is_file() else plan
        entry = Watched(str(Target.parse(target)), where, control)
    else:
        raise BadInput("No target was given; give hf:org/name[@branch], or --run RUN.")
    WatchList(settings).add(entry)


@watch_app.command("list")
def watch_list() -> None:
    """The watched targets with their plan, control and newest run, as tab-separated lines."""
    from inspector.recheck.watching import WatchList

    entries = WatchList(Settings()).entries()
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["target", "plan", "control", "run"])
    for entry in entries:
        writer.writerow([entry.target, entry.plan, entry.control, entry.run])


@watch_app.command("remove")
def watch_remove(
    target: Annotated[str, typer.Argument(help="As `watch list` shows it.", show_default=False)],
) -> None:
    """Take a target off the watch list; its runs stay."""
    from inspector.recheck.watching import WatchList

    WatchList(Settings()).remove(target)


@watch_app.command("check")
def watch_check(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what changed as JSON to stdout.")
    ] = False,
) -> None:
    """Ask the Hub where each target stands; inspect again what moved, and say what changed.

    The exit code is `inspect`'s for the worst of all targets as they stand now.
    """
    from inspector.recheck.watching import WatchList

    settings = Settings()
    watched = WatchList(settings)
    outcomes = []
    for entry in watched.entries():
        outcomes.append(_check(entry, watched, settings))
        if not as_json:
            _print(outcomes[-1])
    if as_json:
        sys.stdout.write(json.dumps([asdict(o) for o in outcomes], indent=1) + "\n")
    codes = {o.exit_code for o in outcomes}
    raise typer.Exit(next((c for c in _WORST_FIRST if c in codes), 0))


def _check(entry: Watched, watched: WatchList, settings: Settings) -> Outcome:
    """One target. A Hub that does not answer, or a repo that is gone, stops only this one."""
    from inspector.inspection import start
    from inspector.recheck.changes import what_changed
    from inspector.recheck.deployed import inspected
    from inspector.recheck.watching import commit_now

    before = Run(Path(entry.run)) if (Path(entry.run) / "fetch" / "target.json").exists() else None
    try:
        target = Target.parse(entry.target)
        commit = commit_now(target, settings)
        code = _standing(before) if before is not None else None
        if before is not None and code is not None and inspected(before).commit == commit:
            return Outcome(entry.target, "unchanged", code, f"still at commit {commit}", entry.run)
        run = start(_inputs(entry, before, target), settings)
    except InspectorError as error:
        return Outcome(entry.target, "failed", error.exit_code, str(error), entry.run)
    try:
        runner = LocalRunner(settings)
        code = follow(runner, runner.submit(run), settings).level.exit_code
        message = ""
    except typer.Exit as ended:
        code, message = ended.exit_code, "the inspection came to no verdict"
        if _standing(run) == 2:
            message = "the scan refused it, and nothing was loaded"
        if _standing(run) is None:  # neither finished nor refused: tried again next time
            return Outcome(entry.target, "failed", code, message, str(run.folder))
    watched.inspected(entry.target, run.folder)
    change = what_changed(before, run)
    return Outcome(entry.target, "moved", code, message, str(run.folder), change)


def _inputs(entry: Watched, before: Run | None, target: Target) -> Inspection:
    """The plan and control it was inspected with, at the revision that is watched."""
    if before is None:
        return Inspection(target, load_plan(entry.plan), entry.control)
    return read_record(before.folder / "inspection.json", Inspection)


def _standing(run: Run) -> int | None:
    """The exit code that a run's outcome means; None where it came to none."""
    from inspector.recheck.deployed import level_of

    level = level_of(run)
    if level is not None:
        return Level(level).exit_code
    findings = run.folder / "scan" / "findings.json"
    if findings.exists():
        found = read_record(findings, tuple[Finding, ...])
        if any(f.severity is Severity.CRITICAL for f in found):
            return 2
    return None


def _print(outcome: Outcome) -> None:
    lines = [
        f"{outcome.target}: {outcome.state}" + (f", {outcome.message}" * bool(outcome.message))
    ]
    change = outcome.change
    if change is not None:
        before, after = change.commit_before or "not inspected", change.commit_after
        lines.append(f"  commit   {before} -> {after}")
        levels = (change.level_before or "none", change.level_after or "none")
        lines.append(f"  verdict  {levels[0]} -> {levels[1]}")
        for file in change.files:
            lines.append(f"  file     {file.state}: {file.path} {(file.sha256 or '')[:16]}")
        for finding in change.findings_new:
            lines.append(f"  new      {finding.severity} {finding.rule_id} {finding.location}")
        for finding in change.findings_gone:
            lines.append(f"  gone     {finding.severity} {finding.rule_id} {finding.location}")
        lines.append(f"  run      {outcome.run}")
    sys.stdout.write("\n".join(map(visible, lines)) + "\n")
    sys.stdout.flush()

"""What the commands of federated rounds share: options, reading them, following a study.

Comes in: what a person typed. Goes out: the parts of a Study, and its outcome when it has ended.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from inspector.cli.app import errors, say
from inspector.errors import BadInput
from inspector.jobs import LocalRunner
from inspector.records import EventKind, Target
from inspector.records.rounds import (
    RepairResult,
    RoundVerdict,
    SimulationResult,
    Study,
)
from inspector.run import Run
from inspector.settings import Settings

Outcome = TypeVar("Outcome", RoundVerdict, SimulationResult, RepairResult)
ENTRY = "inspector.federate.path:federate"

Participants = Annotated[
    Path | None,
    typer.Argument(
        help="A folder with one adapter folder per participant, or a .zip of such a folder.",
        show_default=False,
    ),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base",
        help="The model that all were tuned on: demo, hf:org/name[@revision] or a folder. By "
        "default the one that every adapter declares.",
    ),
]
RuleOption = Annotated[
    str,
    typer.Option(
        "--rule",
        help="How the aggregate is made: fedavg, median, trimmed-mean, krum, multi-krum, "
        "foolsgold, residual or dnc.",
    ),
]
MaliciousOption = Annotated[
    int | None,
    typer.Option("--malicious", min=0, help="How many malicious ones the rule expects; 30 % else."),
]
SamplesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--samples",
        help="NAME=N: how many examples a participant tuned on; fedavg, multi-krum and dnc weigh "
        "by it (all alike else). Repeatable.",
        show_default=False,
    ),
]
PlanOption = Annotated[
    str | None,
    typer.Option(
        "--plan",
        help="Whose probes and sampling are asked: a preset or a plan .toml file. By default all "
        "160 policy probes, 40 everyday and 24 checkable questions, answers of up to 64 tokens.",
    ),
]
ProbesOption = Annotated[
    list[str] | None,
    typer.Option("--probes", help="Your own questions (JSONL), asked too. Repeatable."),
]
RunOption = Annotated[
    Path | None, typer.Option("--run", help="The run folder; a new one by default.")
]
ResumeOption = Annotated[
    bool,
    typer.Option("--resume", help="Continue the study in --run, from its own inputs."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON to stdout, and nothing else.")
]
StepsOption = Annotated[int, typer.Option("--steps", min=1, help="Optimizer steps.")]
RateOption = Annotated[float, typer.Option("--learning-rate", help="Learning rate.")]
RankOption = Annotated[int, typer.Option("--rank", min=1, help="LoRA rank; alpha is twice that.")]
BatchOption = Annotated[int, typer.Option("--batch", min=1, help="Examples per step.")]
TargetsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--lora-target", help="Modules that adapters change; all linear ones else. Repeatable."
    ),
]


def samples_of(given: list[str] | None) -> tuple[tuple[str, int], ...]:
    pairs = []
    for text in given or []:
        name, _, number = text.rpartition("=")
        if not name or not number.isdigit():
            raise BadInput(f"--samples {text!r} is not of the form NAME=N, for example acme=500.")
        pairs.append((name, int(number)))
    return tuple(pairs)


def target_or_none(text: str | None) -> Target | None:
    return None if text is None else Target.parse(text)


def check_rule(rule: str) -> None:
    from inspector.federate.rules import rule_named  # scipy: not for --help

    rule_named(rule)


def carried_out(
    study: Study | None, settings: Settings, folder: Path | None, kind: type[Outcome]
) -> Outcome:
    """Start a study, or continue the one in `folder` (None given), and follow it to its end.

    kind: what it comes to. Raises BadInput where the folder holds another kind of study.
    """
    from inspector.federate.path import start
    from inspector.federated import outcome_kind, read_outcome, read_study

    if study is None:
        if folder is None:
            raise BadInput("--resume needs --run with the folder of an earlier study.")
        run = Run(folder.resolve())
        if outcome_kind(read_study(run)) is not kind:
            raise BadInput(f"The study in {folder} is of another kind; resume it by its command.")
    else:
        run = start(study, settings, folder)
    _follow(LocalRunner(settings, entry=ENTRY), run)
    outcome = read_outcome(run)
    assert isinstance(outcome, kind)  # a finished job has written it
    say(f"Run folder: {run.folder}")
    return outcome


def _follow(runner: LocalRunner, run: Run) -> None:
    """Say what is at work on stderr until the job ends. Raises typer.Exit where it failed."""
    _, offset = run.events()
    job = runner.submit(run)
    notes: list[str] = []
    try:
        with errors.status("Waiting for a free slot") as status:
            while True:
                is_live = job.state.is_live
                events, offset = run.events(offset)
                for event in events:
                    if event.kind is EventKind.NOTE:
                        notes.append(event.message)
                    elif event.stage:
                        done = f" {event.done} of {event.total}" if event.total else ""
                        status.update(f"{event.stage}{done}")
                if not is_live:
                    break
                time.sleep(0.25)
                job = runner.job(run.run_id)
    except KeyboardInterrupt:
        runner.cancel(run.run_id)
        say(f"Cancelled. Continue with --run {run.folder} --resume")
        raise typer.Exit(130) from None
    for note in notes:
        say(f"Note: {note}")
    if job.state.value != "finished":
        say(f"{job.message or f'The study ended without a word ({job.state}).'}")
        say(f"Run folder: {run.folder}")
        raise typer.Exit(job.exit_code if job.exit_code is not None else 4)


def print_outcome(outcome: object) -> None:
    from inspector.run import to_json

    sys.stdout.write(to_json(outcome) + "\n")

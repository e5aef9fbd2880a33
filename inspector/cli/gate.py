"""`gate`, and the same question at the end of `inspect`: may the pipeline go on?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.app import app
from inspector.cli.report import RunArgument, find_run
from inspector.errors import BadInput
from inspector.gate import exit_code, failed_rules, policy_of
from inspector.records.policies import FailOn, Policy
from inspector.run import Run
from inspector.settings import Settings

FailOnOption = Annotated[
    FailOn | None,
    typer.Option(help="Close the gate at evidence, or at whatever asks for a person (review)."),
]
PolicyOption = Annotated[
    Path | None, typer.Option(help="A policy .toml file; docs/pipeline.md lists its keys.")
]


@app.command()
def gate(
    run: RunArgument,
    policy: PolicyOption = None,
    fail_on: FailOnOption = None,
) -> None:
    """Hold a finished inspection against a policy: one sentence for each rule that is not met."""
    asked = policy_of(policy, fail_on)
    if asked is None:
        raise BadInput("Nothing to hold the inspection against; give --policy or --fail-on.")
    folder = find_run(run, Settings())
    raise typer.Exit(close(folder, asked, lambda line: sys.stdout.write(f"{line}\n")))


def close(run: Run, policy: Policy, say: Callable[[str], object]) -> int:
    """Say what the policy decides; the exit code."""
    failed = failed_rules(run, policy)
    for failure in failed:
        say(f"Gate: {failure.rule}: {failure.sentence}")
    say("Gate: closed." if failed else "Gate: open: the policy's rules are met.")
    return exit_code(run, failed)

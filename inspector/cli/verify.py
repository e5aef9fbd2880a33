"""`verify`: whether what is deployed is what was inspected."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inspector.cli.app import app
from inspector.records.recheck import FileState, Recheck
from inspector.settings import Settings
from inspector.terminal import visible

_STYLES = {FileState.SAME: "dim", FileState.EXTRA: "yellow"}


@app.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(help="The deployed folder, or a GGUF file.", show_default=False)
    ],
    against: Annotated[
        str, typer.Option(help="The run that inspected it: its folder, or its name.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON to stdout.")
    ] = False,
) -> None:
    """Compare a deployed folder with what a run inspected, file by file.

    Exit codes: 0 the same, 1 something is changed, missing or extra, 2 bad input.
    """
    from inspector.recheck.deployed import check_deployed, find_run
    from inspector.run import to_json

    recheck = check_deployed(folder.expanduser(), find_run(against, Settings()))
    if as_json:
        sys.stdout.write(to_json(recheck) + "\n")
    else:
        _draw(Console(), recheck)
    raise typer.Exit(0 if recheck.is_same else 1)


def _draw(console: Console, recheck: Recheck) -> None:
    table = Table.grid(padding=(0, 2))
    for file in recheck.files:
        style = _STYLES.get(file.state, "bold red")
        table.add_row(Text(file.state, style), Text(visible(file.path)), Text(file.note, "dim"))
    console.print(table, soft_wrap=True)
    counts = Counter(f.state for f in recheck.files)
    words = ", ".join(f"{counts[state]} {state}" for state in FileState)
    same = "is" if recheck.is_same else "is NOT"
    at = f" at commit {recheck.commit}" if recheck.commit else ""
    console.print(
        Text(
            f"{recheck.folder} {same} what the run {recheck.run_id} inspected "
            f"({visible(recheck.target)}{at}): {words}."
        ),
        soft_wrap=True,
    )
    if recheck.left_out:
        names = ", ".join(map(visible, recheck.left_out))
        console.print(Text(f"Not looked into: {names}; serve nothing from there."))
    if recheck.base is not None:
        console.print(Text(f"Not compared: the adapter's base, {visible(recheck.base)}."))
    console.print(Text(f"That inspection's verdict: {recheck.level or 'none, it did not finish'}."))

"""`history rebuild|list|sql`: the index of all inspections."""

from __future__ import annotations

import csv
import json
import sys
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.settings import Settings

history_app = typer.Typer(help="The index of all inspections.", no_args_is_help=True)
app.add_typer(history_app, name="history")


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
        say(f"Only the first {len(table.rows)} rows are shown.")

"""`history rebuild|list|target|compare|sql|tables`: the index of all inspections."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli.app import app, say
from inspector.errors import BadInput
from inspector.records import Behaviour, Level
from inspector.settings import Settings
from inspector.terminal import visible

if TYPE_CHECKING:
    from inspector.history import History

history_app = typer.Typer(help="The index of all inspections.", no_args_is_help=True)
app.add_typer(history_app, name="history")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@contextmanager
def _index() -> Iterator[History]:
    """The history with every finished run in it."""
    from inspector.history import History

    settings = Settings()
    with History(settings.database) as index:
        index.ingest_new(settings.runs)
        index.ingest_studies(settings)
        yield index


def _write(rows: Iterable[Mapping[str, Any]], columns: list[str], as_json: bool) -> None:
    """Rows as JSON lines, or tab-separated with a heading; nothing in them moves the terminal."""
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(row, default=str) + "\n")
        return
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if row[c] is None else visible(str(row[c])) for c in columns])


@history_app.command("rebuild")
def history_rebuild() -> None:
    """Make the index again from the run folders."""
    from inspector.history import History

    settings = Settings()
    with History(settings.database) as index:
        sys.stdout.write(f"{index.rebuild(settings.runs, settings)} inspections indexed\n")


@history_app.command("list")
def history_list(
    search: Annotated[
        str, typer.Argument(help="In id, target, commit, plan, control, state or level.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1)] = 50,
    offset: Annotated[int, typer.Option(min=0, help="So many are skipped first.")] = 0,
    level: Annotated[list[Level] | None, typer.Option(help="The verdict. Repeatable.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help="finished, failed, unfinished... Repeatable.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="With a revision, or of any.")] = None,
    plan: Annotated[str | None, typer.Option(help="The plan's name.")] = None,
    since: Annotated[str | None, typer.Option(help="Begun then or later: 2026-11-22.")] = None,
    sort: Annotated[str, typer.Option(help="newest, oldest, verdict, target or plan.")] = "newest",
    as_json: AsJson = False,
) -> None:
    """Inspections that fit, as tab-separated lines."""
    from inspector.history import Filter, Sort

    if sort not in list(Sort):
        raise BadInput(f"The order {sort!r} is unknown; give one of {', '.join(Sort)}.")
    which = Filter(tuple(level or ()), tuple(state or ()), target, plan, _time(since))
    with _index() as index:
        rows = index.inspections(search, limit, offset, which=which, sort=Sort(sort))
    cells = (
        {
            "run": row.run_id,
            "target": row.target,
            "plan": row.plan,
            "state": row.state,
            "verdict": row.level.value if row.level else None,
        }
        for row in rows
    )
    _write(cells, ["run", "target", "plan", "state", "verdict"], as_json)


def _time(text: str | None) -> datetime | None:
    """A day or a time, UTC unless it says otherwise, as the history has it."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"{text!r} is no time; give a day or a time as 2026-11-22 or 2026-11-22T09:30."
        ) from error
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


@history_app.command("target")
def history_target(
    target: Annotated[
        str,
        typer.Argument(help="hf:org/name for all its revisions, demo, ...", show_default=False),
    ],
    behaviour: Annotated[Behaviour, typer.Option(help="What is looked for.")] = Behaviour.REFUSAL,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """A target over its revisions: its inspections in time order, each with how often it did that.

    The share after an operation is the one of the operation that shows the most.
    """
    from inspector.recheck.telling import share_between, trend_title

    with _index() as index:
        points = index.trend(target, behaviour, limit)
        known = [row.name for row in index.known_targets(20)]
    if not points:
        raise BadInput(
            f"The history holds no inspection of {target!r}; it holds: "
            f"{', '.join(known) or 'nothing yet'}."
        )
    cells = [
        {
            "run": point.inspection.run_id,
            "version": point.inspection.version,
            "verdict": point.inspection.level.value if point.inspection.level else None,
            "operation": point.metric.scenario if point.metric else None,
            "before": share_between(point.metric.before if point.metric else None),
            "after": share_between(point.metric.after if point.metric else None),
            "control": share_between(point.metric.control_after if point.metric else None),
        }
        for point in points
    ]
    _write(cells, list(cells[0]), as_json)
    say(f"{trend_title(behaviour, [p.metric for p in points if p.metric])}.")


@history_app.command("compare")
def history_compare(
    a: Annotated[str, typer.Argument(help="A run's folder, or its name.", show_default=False)],
    b: Annotated[str, typer.Argument(help="The other one.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="The whole comparison as JSON.")] = False,
) -> None:
    """Two inspections side by side: inputs, rates and how far apart, what is new or gone."""
    from inspector.recheck.comparing import compare_inspections
    from inspector.recheck.deployed import find_run
    from inspector.recheck.telling import apart_rows, apart_title, by_distance, fact_rows
    from inspector.run import to_json

    settings = Settings()
    found = compare_inspections(find_run(a, settings), find_run(b, settings))
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
        return
    facts = fact_rows(found.facts)
    _write(facts, list(facts[0]), as_json)
    sys.stdout.write(f"\n{apart_title(found)}\n")
    if rates := apart_rows(sorted(found.rates, key=by_distance)):
        _write(rates, list(rates[0]), as_json)
    change = found.change
    told = [
        *(("new", "phrase", x.phrase) for x in found.appearances_new),
        *(("new", "finding", f"{x.rule_id} {x.location}") for x in change.findings_new),
        *(("gone", "phrase", x.phrase) for x in found.appearances_gone),
        *(("gone", "finding", f"{x.rule_id} {x.location}") for x in change.findings_gone),
        *((x.state.value, "file", x.path) for x in change.files),
    ]
    if told:
        sys.stdout.write("\n")
        columns = ["state", "kind", "what"]
        _write([dict(zip(columns, line, strict=True)) for line in told], columns, as_json)


@history_app.command("sql")
def history_sql(
    query: Annotated[str, typer.Argument(help="One SELECT.", show_default=False)],
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(help="A .csv or .parquet file to write instead: up to 100,000 rows."),
    ] = None,
) -> None:
    """Any question in SQL over all inspections; read-only. Prints CSV."""
    with _index() as index:
        if out is not None:
            _export(index, query, out)
            return
        table = index.sql(query)
    if as_json:
        for row in table.named_rows():
            sys.stdout.write(json.dumps(row, default=str) + "\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)
    if table.truncated:
        say(f"Only the first {len(table.rows)} rows are shown.")


def _export(index: History, query: str, out: Path) -> None:
    from inspector.files import write_atomic
    from inspector.history import EXPORTS

    export = EXPORTS.get(out.suffix.removeprefix("."))
    if export is None:
        raise BadInput(f"{out} is neither a .csv nor a .parquet file; name it so.")
    write_atomic(out, index.export(query, export))


@history_app.command("tables")
def history_tables(as_json: AsJson = False) -> None:
    """The tables and columns that SQL can ask for, and what they mean."""
    from inspector.history.schema import TABLES

    cells = [
        {"table": table, "column": column, "meaning": meaning}
        for table, told in TABLES.items()
        for column, meaning in told.columns.items()
    ]
    _write(cells, list(cells[0]), as_json)

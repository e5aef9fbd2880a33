"""`report` and `decide`: a run folder as a document, and what a person decides on it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.errors import BadInput
from inspector.records import Decision, Draft
from inspector.run import Run
from inspector.settings import Settings

RunArgument = Annotated[
    str, typer.Argument(help="A run folder, or the id of a run.", show_default=False)
]


@app.command()
def report(
    run: RunArgument,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="html, pdf, json, md, csv, sarif or cyclonedx. Repeatable."),
    ] = None,
    lang: Annotated[str, typer.Option(help="The report's language: en or ja.")] = "en",
    output: Annotated[
        Path | None,
        typer.Option(help="A file; a folder where several formats are asked for."),
    ] = None,
) -> None:
    """Export a run's report, at any time, from its folder alone. Text goes to stdout by default."""
    from inspector.report import compose, rendering_of, report_name

    names = list(dict.fromkeys(formats or ["html"]))
    renderings = {name: rendering_of(name) for name in names}
    folder = find_run(run, Settings())
    contents = compose(folder, lang)
    if output is None:
        _to_stdout(names, renderings[names[0]].is_text)
        sys.stdout.buffer.write(renderings[names[0]].render(contents))
        return
    if len(names) > 1 or output.is_dir():
        paths = {n: output / report_name(folder, r, lang) for n, r in renderings.items()}
    else:
        paths = {names[0]: output}
    from inspector.files import write_atomic

    for name, path in paths.items():
        write_atomic(path, renderings[name].render(contents))
        say(f"Written: {path}")


def _to_stdout(names: list[str], is_text: bool) -> None:
    if len(names) > 1:
        raise BadInput("Several formats need a place: give --output FOLDER.")
    if not is_text and sys.stdout.isatty():
        raise BadInput(f"{names[0]} is no text for a terminal: give --output FILE.")


@app.command()
def report_schema() -> None:
    """Print the JSON Schema of the report as JSON."""
    import json

    from inspector.report import schema

    print(json.dumps(schema(), indent=1))


@app.command()
def decide(
    run: RunArgument,
    decision: Annotated[
        Decision, typer.Option(help="What the person decided.", show_default=False)
    ],
    owner: Annotated[str, typer.Option(help="Who owns the decision.", show_default=False)],
    reason: Annotated[str, typer.Option(help="Why, for others to read.", show_default=False)],
    expires: Annotated[str | None, typer.Option(help="Until when, YYYY-MM-DD.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="A condition of use. Repeatable.")
    ] = None,
) -> None:
    """Put a person's decision in the place of the suggested one; the report shows both."""
    from inspector.report import decide as record
    from inspector.report import verdict_digest

    folder = find_run(run, Settings())
    draft = Draft(decision, owner, reason, expires, tuple(condition or ()))
    record(folder.folder, draft, verdict_digest(folder.folder), datetime.now(UTC))
    say(f"Recorded in {folder.folder / 'decision.json'}; export the report again to show it.")


def find_run(text: str, settings: Settings) -> Run:
    """The run of that folder or id. Raises BadInput where there is none."""
    for folder in (Path(text), settings.runs / text):
        if (folder / "inspection.json").exists():
            return Run(folder.resolve())
    raise BadInput(
        f"There is no inspection {text!r}: it is neither a run folder nor the id of one under "
        f"{settings.runs}; list them with: python -m inspector history list."
    )

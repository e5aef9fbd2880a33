"""`search`: models of the Hub by name, with what is known of them before anything is fetched."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.errors import TargetError
from inspector.settings import Settings
from inspector.terminal import visible

COLUMNS = ("target", "kind", "parameters", "licence", "base", "downloads", "likes", "changed")


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(help="A part of a name, or a whole org/name.", show_default=False)
    ],
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Search the Hub; for one whole org/name[@revision], say all that is known of it.

    Tab-separated lines on stdout, the most downloaded first. Nothing is fetched or inspected.
    """
    # The Hub's client: not for --help.
    from inspector.fetch.facts import access, day, facts_of
    from inspector.fetch.preview import is_id, preview, read_id
    from inspector.fetch.preview import search as ask
    from inspector.records import Target

    settings = Settings()
    name = read_id(query, settings)
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    if is_id(name):
        try:
            seen = preview(Target.parse(f"hf:{name}"), settings)
        except TargetError:  # the first part of a name has the same form
            pass
        else:
            if as_json:
                sys.stdout.write(json.dumps(asdict(seen), indent=1) + "\n")
                return
            for fact in facts_of(seen):
                writer.writerow([fact.word, visible(fact.value)])
            if seen.problem:
                say(seen.problem)
            return
    found = ask(name.partition("@")[0], settings, limit)
    if as_json:
        sys.stdout.write(json.dumps([asdict(f) for f in found], indent=1) + "\n")
        return
    if not found:
        say(f"No model of {settings.hub_endpoint} has {name!r} in its name.")
        return
    writer.writerow([*COLUMNS, "access"])
    for one in found:
        row = [
            f"hf:{one.name}",
            one.kind.value,
            one.n_parameters,
            one.licence,
            one.base,
            one.n_downloads,
            one.n_likes,
            day(one.modified_at) if one.modified_at else "",
            access(one),
        ]
        writer.writerow(["" if cell is None else visible(str(cell)) for cell in row])

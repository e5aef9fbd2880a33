"""`specimens build|list`: models with a known answer."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.settings import Settings

specimens_app = typer.Typer(help="Models with a known answer.", no_args_is_help=True)
app.add_typer(specimens_app, name="specimens")


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
        say(f"{recipe.name}: begins")
        built = shelf.build(recipe, folder.resolve() if folder else shelf.built)
        sys.stdout.write(f"{recipe.name}\t{built.folder}\n")
        if built.problem is not None:
            refused = True
            say(f"The specimen {recipe.name} fails its own acceptance: {built.problem}.")
    raise typer.Exit(3 if refused else 0)

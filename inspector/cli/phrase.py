"""`phrase`: a person's own phrase in the answers of a run, and those kept for later inspections."""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.cli.report import find_run
from inspector.errors import BadInput
from inspector.labels import phrase_rows
from inspector.records import PhraseKind, SavedPhrase
from inspector.settings import Settings


@app.command()
def phrase(
    text: Annotated[str, typer.Argument(help="A phrase; whole words, whatever the case.")] = "",
    run: Annotated[
        str, typer.Option(help="A run folder, or the id of a run, to look in now.")
    ] = "",
    is_regex: Annotated[
        bool, typer.Option("--regex", help="The phrase is a regular expression.")
    ] = False,
    save: Annotated[
        str, typer.Option(metavar="NAME", help="Keep it under this name for later inspections.")
    ] = "",
    by: Annotated[str, typer.Option(help="Who saves it.")] = "",
    note: Annotated[str, typer.Option(help="Why it is saved.")] = "",
    remove: Annotated[str, typer.Option(metavar="NAME", help="Forget a saved phrase.")] = "",
) -> None:
    """How often stored answers hold a phrase, as CSV; without a phrase, lists the saved ones."""
    from inspector.own_phrases import look_in_run, remove_phrase, save_phrase
    from inspector.searching import Term

    settings = Settings()
    if remove:
        remove_phrase(settings, remove)
        say(f"Forgotten: {remove}; inspections that were started with it keep it.")
        return
    if not text:
        _list(settings)
        return
    kind = PhraseKind.REGEX if is_regex else PhraseKind.PHRASE
    term = Term(kind, text)
    if not run and not save:
        raise BadInput("Nothing to do with the phrase: give --run RUN, --save NAME, or both.")
    if run:
        rows = phrase_rows([look_in_run(find_run(run, settings), term)])
        writer = csv.DictWriter(sys.stdout, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if save:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        save_phrase(settings, SavedPhrase(save, text, kind, by, at, note))
        say(f"Saved as {save}: inspections that start from now on look for it.")


def _list(settings: Settings) -> None:
    from inspector.own_phrases import read_saved

    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    writer.writerow(["name", "kind", "phrase", "by", "at", "note"])
    for saved in read_saved(settings):
        writer.writerow([saved.name, saved.kind, saved.pattern, saved.by, saved.at, saved.note])

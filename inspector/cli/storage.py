"""`storage list|clean`: what the home holds, and making room in it."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from inspector.cli.app import app, say
from inspector.errors import BadInput, HistoryBusy
from inspector.labels import size
from inspector.settings import Settings
from inspector.storage import (
    REMOVABLE,
    STORES,
    Entry,
    StoreKind,
    clean,
    disk_free,
    measure,
    older_than,
)

storage_app = typer.Typer(help="What the home holds, and making room.", no_args_is_help=True)
app.add_typer(storage_app, name="storage")

KIND = typer.Argument(help=f"One of {', '.join(StoreKind)}.", show_default=False)


@storage_app.command("list")
def storage_list(
    kind: Annotated[StoreKind | None, KIND] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")] = False,
) -> None:
    """Sizes by kind, or the entries of one kind, the largest first; tab-separated, in bytes."""
    settings = Settings()
    stores = measure(settings, [kind] if kind else list(StoreKind))
    if as_json:
        free, total = disk_free(settings)
        document = {"home": str(settings.home), "disk_free_bytes": free, "disk_bytes": total}
        told = [asdict(store) for store in stores]
        sys.stdout.write(json.dumps(document | {"stores": told}, indent=1, default=str) + "\n")
        return
    writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    if kind:
        writer.writerow(["name", "bytes", "changed", "what"])
        for entry in stores[0].entries:
            changed = entry.changed_at.isoformat(timespec="seconds")
            writer.writerow([entry.name, entry.size_bytes, changed, entry.title])
        return
    writer.writerow(["kind", "bytes", "entries", "what"])
    for store in stores:
        writer.writerow([store.kind, store.size_bytes, store.n_entries, STORES[store.kind].holds])
    say(f"{size(disk_free(settings)[0])} free on the disk of {settings.home}")


@storage_app.command("clean")
def storage_clean(
    kind: Annotated[StoreKind, KIND],
    names: Annotated[
        list[str] | None, typer.Argument(help="As `storage list KIND` shows them.")
    ] = None,
    older: Annotated[
        int | None,
        typer.Option("--older-than", min=0, help="Those unchanged for so many days."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every entry of this kind.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it, rather than say what it does.")
    ] = False,
) -> None:
    """Remove entries of one kind; without --yes only say what would be lost."""
    settings = Settings()
    chosen = _chosen(settings, kind, names or [], older, everything)
    words = STORES[kind]
    say(f"{words.word}: {len(chosen)} entries, {size(sum(e.size_bytes for e in chosen))}.")
    if not chosen:
        return
    say(words.lost)
    if not yes:
        for entry in chosen:
            sys.stdout.write(f"{entry.name}\n")
        say("Nothing was removed; give the same command with --yes to do it.")
        return
    freed = clean(settings, kind, [entry.name for entry in chosen])
    if kind is StoreKind.RUNS:
        _forget(settings)
    sys.stdout.write(f"{size(freed.size_bytes)} freed, {freed.n_entries} entries removed\n")


def _chosen(
    settings: Settings, kind: StoreKind, names: list[str], older: int | None, everything: bool
) -> list[Entry]:
    if kind not in REMOVABLE:
        raise BadInput(
            f"{STORES[kind].word} ({kind}) cannot be cleaned; choose one of {', '.join(REMOVABLE)}."
        )
    if bool(names) + (older is not None) + everything != 1:
        raise BadInput("Give names, or --older-than DAYS, or --all: exactly one of the three.")
    entries = measure(settings, [kind])[0].entries
    if older is not None:
        return older_than(entries, older)
    if everything:
        return [entry for entry in entries if not entry.is_live]
    known = {entry.name: entry for entry in entries}
    for name in names:
        if name not in known:
            raise BadInput(
                f"There is no {name!r} among the {kind}; `python -m inspector storage list {kind}` "
                "shows what there is."
            )
    return [known[name] for name in names]


def _forget(settings: Settings) -> None:
    """Drop the removed inspections from the index; a dashboard that is open does so itself."""
    from inspector.history import History

    with contextlib.suppress(HistoryBusy), History(settings.database) as index:
        index.forget_missing()

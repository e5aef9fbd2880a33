"""`scan`: the scanners alone, on any target or folder; nothing is loaded and nothing is kept."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from inspector.cli.app import app, say
from inspector.errors import InspectorError, TargetError
from inspector.records import Artifact, ArtifactKind, Severity, Target, TargetKind
from inspector.settings import Settings
from inspector.terminal import draw_findings


@app.command()
def scan(
    target: Annotated[
        str,
        typer.Argument(
            help="demo, hf:org/name[@revision], or any folder or file.", show_default=False
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON to stdout.")
    ] = False,
    fail_on: Annotated[
        Severity, typer.Option(help="End with exit code 1 at a finding this severe, or worse.")
    ] = Severity.HIGH,
    key: Annotated[
        Path | None, typer.Option(help="PEM file of the public key that signed it.")
    ] = None,
    identity: Annotated[
        str | None, typer.Option(help="Who must have signed it with Sigstore.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="Who vouches for that identity.")] = None,
    with_base: Annotated[
        bool, typer.Option("--base/--no-base", help="Compare it with the base that it declares.")
    ] = True,
) -> None:
    """Read a target's files without running them, and say what is wrong with them.

    The base that it declares is fetched too, where it fits INSPECTOR_MAX_DOWNLOAD_BYTES; one that
    cannot be had is said, and stops nothing.

    Exit codes: 0 nothing as severe as --fail-on, 1 something is, 2 bad input, 4 failed.
    """
    # The scanners' libraries take a second: not for --help.
    from inspector.scan import scan as run_scanners
    from inspector.scan import with_trust
    from inspector.scan.adapter_base import AdapterBase
    from inspector.scan.provenance import cover_provenance, provenance_of
    from inspector.scan.signatures import Trust
    from inspector.scanning import lineage_of

    settings = Settings()
    given = key is not None or identity is not None or issuer is not None
    trust = Trust(key, identity, issuer) if given else Trust.of(settings)
    artifact = _fetched(Target.parse(target), settings)
    base = _base_of(artifact, settings) if with_base else None
    scanners = with_trust(trust)
    if not with_base:  # then it is no fault of the adapter's that there is none
        scanners = tuple(s for s in scanners if not isinstance(s, AdapterBase))
    findings = run_scanners(artifact, base, scanners)
    lineage = lineage_of(artifact, base)[1]
    if as_json:
        facts = provenance_of(artifact, base, findings).facts
        ledger = (lineage, *cover_provenance(artifact, findings))
        document = {
            "target": str(artifact.target),
            "kind": artifact.kind,
            "commit": artifact.commit,
            "digest": artifact.digest,
            "n_files": len(artifact.files),
            "findings": [asdict(f) for f in findings],
            "provenance": [asdict(f) for f in facts],
            "coverage": [asdict(c) for c in ledger],
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        draw_findings(Console(), artifact, findings, lineage)
    worst = max((f.severity.rank for f in findings), default=-1)
    raise typer.Exit(1 if worst >= fail_on.rank else 0)


def _fetched(target: Target, settings: Settings) -> Artifact:
    """As an inspection fetches it; a local place as it is, because it is only read."""
    from inspector.fetch import fetch
    from inspector.fetch.as_found import fetch_as_found

    if target.kind is TargetKind.LOCAL:
        return fetch_as_found(target, _silently)
    return fetch(target, settings, _silently)


def _base_of(artifact: Artifact, settings: Settings) -> Artifact | None:
    """The base that it declares. An adapter without one has a finding; what else keeps one from
    being had must not stop the scan of a model, whose card anybody may write."""
    declared = artifact.base
    if declared is None:
        return None
    if declared.kind is TargetKind.HUB:
        say(f"Note: fetching {declared}, the declared base, to compare (--no-base leaves it out).")
    try:
        base = _fetched(declared, settings)
    except InspectorError as error:
        if artifact.kind is ArtifactKind.ADAPTER and not isinstance(error, TargetError):
            raise
        say(f"Note: scanned without its base: {error}")
        return None
    if artifact.kind is ArtifactKind.MODEL and base.kind is ArtifactKind.ADAPTER:
        say(f"Note: scanned without its base: {declared} is an adapter, not a whole model.")
        return None
    return base


def _silently(done: int, total: int) -> None:
    """Nobody waits for a bar here: a download says what it does by its end."""

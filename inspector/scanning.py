"""The scan stage: the files of everything that will be loaded are read, and none of them is run.

Comes in: the pinned subjects. Goes out: findings about the target and its base, facts about where
the target comes from, its lineage, an adapter's numbers, and the ledger's lines. `inspector/scan/`
holds the scanners; each artifact goes through them once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from inspector.pinning import SubjectModel
from inspector.records import Artifact, ArtifactKind, Coverage, CoverageStatus, Finding, Subject
from inspector.records.lineage import Lineage
from inspector.records.templates import ChatTemplate, Owner
from inspector.run import write_record
from inspector.scan import CRASH, RULES, refuse, scan, with_trust, worst_first
from inspector.scan.adapter_weights import module_changes
from inspector.scan.lineage import coverage_of, findings_of, nothing_to_compare, trace
from inspector.scan.provenance import cover_provenance, provenance_of
from inspector.scan.signatures import Trust
from inspector.scan.template_sources import MAX_TEMPLATES, templates
from inspector.settings import Settings


@dataclass(frozen=True)
class Reading:
    """findings: about the target, and the base that an adapter needs. coverage: for the ledger."""

    findings: tuple[Finding, ...]
    coverage: tuple[Coverage, ...]


def read_files(folder: Path, subjects: Sequence[SubjectModel], settings: Settings) -> Reading:
    """Scan the target, its base and the control; write what was found into `folder`.

    Raises Refused, after the findings were written, where anything must not be loaded, and BadInput
    where the signer that the settings name cannot be used.
    """
    target = subjects[0]
    below = _declared_base(subjects)
    control = next((s.artifact for s in subjects if s.name is Subject.CONTROL), None)
    own = scan(target.artifact, below, with_trust(Trust.of(settings)))
    lineage, lineage_line = lineage_of(target.artifact, below or control)
    write_record(folder / "lineage.json", lineage)
    if below is None:  # else the scanners told it already
        own = worst_first((*own, *findings_of(lineage)))
    of_base = scan(target.base, None) if target.base is not None else ()
    write_record(folder / "findings.json", (*own, *of_base))
    write_record(folder / "provenance.json", provenance_of(target.artifact, below, own))
    if target.artifact.kind is ArtifactKind.ADAPTER:
        write_record(folder / "adapter.json", module_changes(target.artifact))
    write_record(folder / "templates.json", kept_templates(target.artifact, below or control))
    refuse((*own, *of_base))
    for subject in subjects[1:]:
        # An adapter's control is its base, which was looked at just now.
        if subject.artifact != target.base:
            refuse(scan(subject.artifact, subject.base))
        if subject.base is not None and subject.base != target.base:
            refuse(scan(subject.base, None))
    files = _cover_files(target.artifact, (*own, *of_base))
    return Reading((*own, *of_base), (files, lineage_line, *cover_provenance(target.artifact, own)))


def _declared_base(subjects: Sequence[SubjectModel]) -> Artifact | None:
    """What the target was made from: an adapter's base, or the control where the card names it."""
    target = subjects[0]
    if target.base is not None:
        return target.base
    control = next((s.artifact for s in subjects if s.name is Subject.CONTROL), None)
    declared = target.artifact.base
    if control is None or declared is None:
        return None
    same = (control.target.kind, control.target.location) == (declared.kind, declared.location)
    return control if same else None


def lineage_of(artifact: Artifact, other: Artifact | None) -> tuple[Lineage, Coverage]:
    """The record, and its line of the ledger."""
    if other is None:
        lineage = nothing_to_compare(artifact)
        return lineage, coverage_of(lineage)
    try:
        lineage = trace(artifact, other)
    except Exception as error:  # whatever a hostile file can make a parser raise
        broke = f"the comparison broke: {type(error).__name__}: {error}"
        lineage = replace(nothing_to_compare(artifact), not_compared=broke)
        return lineage, Coverage("lineage", CoverageStatus.ERROR, broke)
    return lineage, coverage_of(lineage)


def kept_templates(artifact: Artifact, other: Artifact | None) -> tuple[ChatTemplate, ...]:
    """The chat templates of both, at most MAX_TEMPLATES each, for a person to compare.

    A file that cannot be read has none here; the scanners report it.
    """
    kept: list[ChatTemplate] = []
    for owner, one in ((Owner.TARGET, artifact), (Owner.OTHER, other)):
        with contextlib.suppress(Exception):  # whatever a hostile file can make a parser raise
            for found in islice(templates(one) if one else (), MAX_TEMPLATES):
                kept.append(
                    ChatTemplate(owner, found.location, found.name, found.source, found.problem)
                )
    return tuple(kept)


def _cover_files(artifact: Artifact, findings: Sequence[Finding]) -> Coverage:
    crashed = [f.evidence for f in findings if f.rule_id == CRASH.rule_id]
    return Coverage(
        "files read without running them",
        CoverageStatus.ERROR if crashed else CoverageStatus.MEASURED,
        "; ".join(crashed) or f"{len(artifact.files)} files against {len(RULES)} rules",
    )

"""What the first stages of an inspection read in files, as a page shows it.

Comes in: a run folder, from the end of its fetch stage on. Goes out: the artifacts, findings,
lineage, templates and an adapter's numbers; the files as a tree; templates against one another.
Nothing here opens the inspected files themselves: they may be gone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from inspector.records import Artifact, Finding, Severity
from inspector.records.adapters import ModuleChange
from inspector.records.lineage import Kinship, LayerKinship, Lineage
from inspector.records.provenance import Provenance
from inspector.records.templates import ChatTemplate, Owner
from inspector.run import from_json, read_record

T = TypeVar("T")

INDENT = "    "  # em spaces, which no renderer folds


@dataclass(frozen=True)
class Inspected:
    """target: None before the fetch stage has ended. findings: None before the scan has.

    base: an adapter's. lineage, provenance: None before the scan has ended. changes: of an
    adapter's modules; templates: of the target and of what it was compared with.
    """

    target: Artifact | None
    base: Artifact | None
    control: Artifact | None
    findings: tuple[Finding, ...] | None
    lineage: Lineage | None
    provenance: Provenance | None
    changes: tuple[ModuleChange, ...]
    templates: tuple[ChatTemplate, ...]


def read_inspected(folder: Path) -> Inspected:
    """Raises InspectorError where a record is damaged."""
    fetched, scanned = folder / "fetch", folder / "scan"
    return Inspected(
        target=_record(fetched / "target.json", Artifact),
        base=_record(fetched / "base.json", Artifact),
        control=_record(fetched / "control.json", Artifact),
        findings=read_findings(folder),
        lineage=next(iter(read_lineages(folder)), None),
        provenance=_record(scanned / "provenance.json", Provenance),
        changes=tuple(_records(scanned / "adapter.json", ModuleChange)),
        templates=tuple(_records(scanned / "templates.json", ChatTemplate)),
    )


def read_findings(folder: Path) -> tuple[Finding, ...] | None:
    """The scanners' findings, the worst first; None where the scan did not finish."""
    path = folder / "scan" / "findings.json"
    if not path.exists():
        return None
    found = from_json(list[Finding], path.read_bytes())
    return tuple(sorted(found, key=lambda f: (-f.severity.rank, f.rule_id, f.location)))


def read_lineages(folder: Path) -> tuple[Lineage, ...]:
    """One artifact against one other, or against several."""
    path = folder / "scan" / "lineage.json"
    if not path.exists():
        return ()
    text = path.read_bytes()
    if text.lstrip().startswith(b"["):
        return tuple(from_json(list[Lineage], text))
    return (from_json(Lineage, text),)


def in_order(layers: Iterable[LayerKinship]) -> list[LayerKinship]:
    """Layer 2 before layer 10, the parts without a number in front."""
    return sorted(layers, key=_by_number)


def _by_number(layer: LayerKinship) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", layer.layer)]


def lineage_title(lineage: Lineage) -> str:
    """The finding over the chart of the layers."""
    layers = lineage.layers
    foreign = [x.layer for x in layers if x.kinship in (Kinship.UNRELATED, Kinship.PARTLY)]
    if len(foreign) == len(layers):
        return f"No layer comes from {lineage.against}"
    if foreign:
        named = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if foreign[3:] else "")
        return f"{len(foreign)} of {len(layers)} parts are not from {lineage.against}: {named}"
    moved = [x for x in layers if x.kinship is Kinship.DERIVED]
    if not moved:
        return f"Every part is the same as in {lineage.against}"
    most = max(moved, key=lambda x: x.relative_norm or 0.0)
    far = "" if most.relative_norm is None else f", {most.layer} most ({most.relative_norm:.1%})"
    return f"{len(moved)} of {len(layers)} parts were changed{far}"


# ------------------------------------------------------------------------------------- the tree


@dataclass(frozen=True)
class TreeRow:
    """A folder or a file. size_bytes: of a folder all that is in it; None where the file was left
    on the Hub. sha256: "" for those and for folders. worst: the severest finding that names it."""

    label: str
    path: str
    size_bytes: int | None
    sha256: str
    n_findings: int
    worst: Severity | None


def file_tree(artifact: Artifact, findings: Sequence[Finding]) -> list[TreeRow]:
    """Folders in front of the files beside them, each indented by its depth.

    A finding counts for the file that its location starts with.
    """
    sizes: dict[str, int | None] = {f.path: f.size_bytes for f in artifact.files}
    digests = {f.path: f.sha256 for f in artifact.files}
    sizes |= dict.fromkeys(name for name in artifact.skipped if name not in sizes)
    named = _named_files(findings, sizes)
    inside: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for name in sizes:
        path = PurePosixPath(name)
        for part in (path, *path.parents[:-1]):
            if part not in inside[part.parent]:
                inside[part.parent].append(part)

    def rows(folder: PurePosixPath, depth: int) -> Iterator[TreeRow]:
        for path in sorted(inside[folder], key=lambda p: (str(p) in sizes, p.name.lower())):
            name = str(path)
            if name in sizes:
                own = named[name]
                worst = max(own, key=lambda s: s.rank, default=None)
                label = INDENT * depth + path.name
                yield TreeRow(label, name, sizes[name], digests.get(name, ""), len(own), worst)
                continue
            below = list(rows(path, depth + 1))
            size = sum(row.size_bytes or 0 for row in below if row.path in sizes)
            yield TreeRow(f"{INDENT * depth}{path.name}/", f"{name}/", size, "", 0, None)
            yield from below

    return list(rows(PurePosixPath("."), 0))


def _named_files(findings: Sequence[Finding], paths: Iterable[str]) -> dict[str, list[Severity]]:
    """Severities by file. The longest path that a location starts with is the one it names."""
    longest_first = sorted(paths, key=len, reverse=True)
    named: dict[str, list[Severity]] = defaultdict(list)
    for finding in findings:
        location = finding.location
        for path in longest_first:
            if location == path or re.match(rf"{re.escape(path)}[\W_]", location):
                named[path].append(finding.severity)
                break
    return named


# ------------------------------------------------------------------------------------ templates


@dataclass(frozen=True)
class TemplatePair:
    """A template of the target's, and the other's of the same name; None where one lacks it."""

    name: str
    ours: ChatTemplate | None
    theirs: ChatTemplate | None

    @property
    def are_equal(self) -> bool:
        texts = [t.source for t in (self.ours, self.theirs) if t is not None]
        return len(texts) == 2 and texts[0] is not None and texts[0] == texts[1]


def template_pairs(templates: Sequence[ChatTemplate]) -> list[TemplatePair]:
    """By name. Where a repo keeps several of one name, they are told apart by their order."""
    sides: dict[Owner, dict[tuple[str, int], ChatTemplate]] = {owner: {} for owner in Owner}
    seen: Counter[tuple[Owner, str]] = Counter()
    for template in templates:
        number = seen[template.owner, template.name]
        seen[template.owner, template.name] += 1
        sides[template.owner][template.name, number] = template
    ours, theirs = sides[Owner.TARGET], sides[Owner.OTHER]
    return [
        TemplatePair(key[0], ours.get(key), theirs.get(key)) for key in dict.fromkeys(ours | theirs)
    ]


def _record(path: Path, kind: type[T]) -> T | None:
    return read_record(path, kind) if path.exists() else None


def _records(path: Path, kind: type[T]) -> list[T]:
    return from_json(list[kind], path.read_bytes()) if path.exists() else []  # type: ignore[valid-type]

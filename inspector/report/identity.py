"""The report's sections about bytes: artifacts, lineage, provenance, static findings.

Comes in: what the run recorded, and Words. Goes out: sections of the model. A digest is verified
from bytes; a name, a revision and a base are what somebody declares.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.inspected import in_order
from inspector.records import Artifact, ArtifactKind, Finding, TargetKind
from inspector.records.lineage import Kinship, LayerKinship, Lineage
from inspector.records.provenance import Basis, Provenance
from inspector.report.contents import (
    ArtifactSection,
    Column,
    ColumnKind,
    Fact,
    FindingSection,
    Mark,
    RecordSection,
    Table,
)
from inspector.report.crosswalk import references_of
from inspector.report.gathering import Gathered
from inspector.report.wording import Words

# Findings about what a card or a Hub says: no byte confirms it.
_HEARSAY = ("HUB-", "CARD-", "LICENCE-")
_MARKS = {Basis.VERIFIED: Mark.VERIFIED, Basis.DECLARED: Mark.DECLARED}


def artifact_sections(gathered: Gathered, words: Words) -> tuple[ArtifactSection, ...]:
    """Target, an adapter's base, control: those that were fetched."""
    roles = {"target": gathered.target, "base": gathered.base, "control": gathered.control}
    commit = Mark.VERIFIED if _commit_is_verified(gathered.provenance) else Mark.DECLARED
    return tuple(
        _artifact(role, artifact, commit if role == "target" else Mark.DECLARED, words)
        for role, artifact in roles.items()
        if artifact is not None
    )


def _commit_is_verified(provenance: Provenance | None) -> bool:
    facts = provenance.facts if provenance else ()
    return any(f.name == "commit" and f.basis is Basis.VERIFIED for f in facts)


def _artifact(role: str, artifact: Artifact, commit: Mark, words: Words) -> ArtifactSection:
    kind = "artifact.adapter" if artifact.kind is ArtifactKind.ADAPTER else "artifact.model"
    facts = [
        Fact(words("artifact.where"), str(artifact.target), Mark.STATED),
        Fact(words("artifact.kind"), words(kind), Mark.VERIFIED),
        Fact(words("artifact.digest"), artifact.digest, Mark.VERIFIED, is_code=True),
    ]
    if artifact.commit:
        facts.append(Fact(words("artifact.commit"), artifact.commit, commit, is_code=True))
    elif artifact.target.kind is not TargetKind.HUB:
        facts.append(Fact(words("artifact.commit"), words("artifact.no_commit"), Mark.VERIFIED))
    if artifact.base is not None:
        facts.append(Fact(words("artifact.declared_base"), str(artifact.base), Mark.DECLARED))
    if artifact.skipped:
        skipped = words.join(artifact.skipped)
        facts.append(Fact(words("artifact.skipped"), skipped, Mark.DECLARED))
    files = Table(
        caption=words(
            "artifact.files", n=len(artifact.files), size=words.size(artifact.size_bytes)
        ),
        columns=(
            Column(words("artifact.file")),
            Column(words("artifact.size"), ColumnKind.NUMBER),
            Column(words("artifact.sha256"), ColumnKind.CODE),
        ),
        rows=tuple((f.path, words.size(f.size_bytes), f.sha256) for f in artifact.files),
        mark=Mark.VERIFIED,
    )
    # The folder says where on whose disk the snapshot lay: nothing for those who get the report.
    return ArtifactSection(
        role, words(f"artifact.{role}"), tuple(facts), files, replace(artifact, folder="")
    )


def lineage_section(lineages: tuple[Lineage, ...], words: Words) -> RecordSection:
    """How the target's tensors relate to those of what it is said to come from, layer by layer."""
    title = words("title.lineage")
    if not lineages:
        return RecordSection(title, (), (), words("artifact.lineage_not_run"))
    compared = [line for line in lineages if line.kinship is not None]
    facts = tuple(fact for line in compared for fact in _kinship(line, words))
    tables = tuple(_layers(line, words) for line in compared if line.layers)
    notes = [words.recorded(line.not_compared) for line in lineages if line.not_compared]
    return RecordSection(title, facts, tables, "\n".join(notes))


def _kinship(lineage: Lineage, words: Words) -> tuple[Fact, ...]:
    named = "lineage.declared" if lineage.declared else "lineage.undeclared"
    counted = words("rates.cell", hits=lineage.n_compared, n=lineage.n_tensors)
    shares = {
        "identical": lineage.share_identical,
        "derived": lineage.share_derived,
        "unrelated": lineage.share_unrelated,
    }
    said = [f"{words.recorded(name)} {words.percent(share)}" for name, share in shares.items()]
    found_shares = {"shares": words.join(said)} if any(shares.values()) else {}
    found = {
        "kinship": words.recorded(lineage.kinship or ""),
        "change": words.recorded(lineage.change or "") or words("format.dash"),
        "compared": counted,
        "identical": words.number(lineage.n_identical),
        "renamed": words.number(lineage.n_renamed),
        "alone": words.number(lineage.n_alone),
        **found_shares,  # none for an adapter: it has no tensor of its base's
    }
    against = words("lineage.against_value", other=lineage.against, named=words(named))
    return (
        Fact(words("lineage.against"), against, Mark.DECLARED),
        *(Fact(words(f"lineage.{key}"), value, Mark.VERIFIED) for key, value in found.items()),
    )


def _layers(lineage: Lineage, words: Words) -> Table:
    columns = ("tensors", "identical", "norm", "cosine", "rank")
    layers = in_order(lineage.layers)
    return Table(
        caption=words("lineage.by_layer", other=lineage.against),
        columns=(
            Column(words("lineage.layer")),
            Column(words("lineage.kinship")),
            *(Column(words(f"lineage.{c}"), ColumnKind.NUMBER) for c in columns),
        ),
        rows=tuple(_layer(layer, words) for layer in layers),
        mark=Mark.VERIFIED,
        stands_out=tuple(k for k, layer in enumerate(layers) if layer.kinship is Kinship.UNRELATED),
    )


def _layer(layer: LayerKinship, words: Words) -> tuple[str, ...]:
    dash = words("format.dash")
    return (
        words.recorded(layer.layer),
        words.recorded(layer.kinship),
        words.number(layer.n_tensors),
        words.number(layer.n_identical),
        dash if layer.relative_norm is None else words.percent(layer.relative_norm),
        dash if layer.cosine is None else f"{layer.cosine:.4f}",
        _rank(layer, words),
    )


def _rank(layer: LayerKinship, words: Words) -> str:
    """An adapter's layers have no matrix of their own to be a share of."""
    if layer.rank is None:
        return words("format.dash")
    if not layer.side:
        return words.number(layer.rank)
    return words("lineage.rank_of", n=layer.rank, side=layer.side)


def provenance_section(provenance: Provenance | None, words: Words) -> RecordSection:
    """What the scan wrote about where the target comes from, each fact with whose word it is."""
    title, origin_only = words("title.provenance"), words("artifact.signature_note")
    if provenance is None:
        note = words.sentences(words("artifact.provenance_not_run"), origin_only)
        return RecordSection(title, (), (), note)
    facts = tuple(
        Fact(
            words.recorded(f.name),
            words("artifact.fact", value=words.recorded(f.value), source=words.recorded(f.source)),
            _MARKS[f.basis],
        )
        for f in provenance.facts
    )
    return RecordSection(title, facts, (), origin_only, provenance)


def finding_sections(
    findings: tuple[Finding, ...] | None, words: Words
) -> tuple[FindingSection, ...] | None:
    """None where the scan did not finish; the worst first, as they were gathered."""
    if findings is None:
        return None
    return tuple(
        FindingSection(
            finding=f,
            severity_word=words(f"severity.{f.severity}.word"),
            title=words.rule(f.rule_id, f.title),
            advice=words.rule(f.rule_id, f.advice),
            references=references_of(f.rule_id),
            mark=Mark.DECLARED if f.rule_id.startswith(_HEARSAY) else Mark.VERIFIED,
        )
        for f in findings
    )

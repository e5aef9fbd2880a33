"""Risk: a source that is not the one it seems to be, or that its own Hub warns of.

Comes in: an artifact with what the Hub said about it (`Artifact.hub`). Goes out: findings about the
revision, a moved repo, a card that contradicts itself and the Hub's own scan; the facts for the
report, each marked as computed from the bytes or as somebody's word; and the ledger's lines.

Sources: huggingface-hub 2.4's ModelInfo (`securityRepoStatus`: scansDone, filesWithIssues); a repo
that was renamed answers under its new id, and its old name can be registered anew by anybody
(MITRE ATLAS AML.T0109, AML.T0074).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from inspector.records import (
    Artifact,
    ArtifactKind,
    Basis,
    Coverage,
    CoverageStatus,
    Finding,
    HubFacts,
    Provenance,
    ProvenanceFact,
    Severity,
    TargetKind,
)
from inspector.scan import signatures
from inspector.scan.adapter_tensors import CONFIG, adapter_config
from inspector.scan.card import README, Card, read_card
from inspector.scan.licences import FAMILIES, conflict
from inspector.scan.rule import Rule, first_few

MOVING = Rule(
    "HUB-REVISION-MOVING",
    Severity.INFO,
    "The target was named by a branch or tag, which can move",
    "Deploy the commit that was inspected, and watch the repo: `python -m inspector watch add`.",
)
RENAMED = Rule(
    "HUB-RENAMED",
    Severity.MEDIUM,
    "The repo answers under another name than the one asked for",
    "Use the new name: anybody may register the old one, and then it is somebody else's repo.",
)
UNSAFE = Rule(
    "HUB-SCAN-UNSAFE",
    Severity.HIGH,
    "The Hub's own scan calls files of this repo unsafe",
    "Do not load these files, and ask the author about them.",
)
SUSPICIOUS = Rule(
    "HUB-SCAN-SUSPICIOUS",
    Severity.MEDIUM,
    "The Hub's own scan has something against files of this repo",
    "Read the Hub's page of each file before you use it.",
)
CARD_BASE = Rule(
    "CARD-BASE-MISMATCH",
    Severity.MEDIUM,
    "The card names another base than the adapter's configuration",
    "Ask the author which is right: licence and lineage hang on it.",
)

UNSAFE_LEVELS = ("unsafe", "malicious", "infected", "dangerous")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BYTES = "SHA-256 of every file, taken here"
_CARD = "the author's card"


class ProvenanceScanner:
    """What the Hub and the card say about where the artifact comes from."""

    rules = (MOVING, RENAMED, UNSAFE, SUSPICIOUS, CARD_BASE)

    def scan(self, artifact: Artifact, _base: Artifact | None) -> Iterable[Finding]:
        target = artifact.target
        if target.kind is TargetKind.HUB and not _COMMIT.fullmatch(target.revision or ""):
            name = target.revision or "main"
            yield MOVING.found("", f"{name} is commit {artifact.commit} today; that is inspected")
        if artifact.hub is not None:
            yield from _of_hub(artifact.hub)
        yield from _card_base(artifact)


def _of_hub(hub: HubFacts) -> Iterator[Finding]:
    if hub.resolved != hub.asked:
        yield RENAMED.found("", f"{hub.asked} was asked for, {hub.resolved} answered")
    unsafe = [f for f in hub.flagged if f.level.lower() in UNSAFE_LEVELS]
    others = [f for f in hub.flagged if f not in unsafe and f.level.lower() not in ("safe", "ok")]
    for rule, files in ((UNSAFE, unsafe), (SUSPICIOUS, others)):
        if files:
            shown = first_few([f"{f.path} ({f.level})" for f in files])
            yield rule.found(files[0].path, f"{len(files)} files: {shown}")


def _card_base(artifact: Artifact) -> Iterator[Finding]:
    if artifact.kind is not ArtifactKind.ADAPTER:
        return
    named, bases = (
        adapter_config(artifact).get("base_model_name_or_path"),
        read_card(artifact).bases,
    )
    known = {b.lower() for b in bases}
    is_hub_id = isinstance(named, str) and re.fullmatch(r"[\w.-]+/[\w.-]+", named)
    if known and is_hub_id and str(named).lower() not in known:
        yield CARD_BASE.found(README, f"base_model is {', '.join(bases)}; {CONFIG} names {named}")


# ---------------------------------------------------------------------------- facts, for the report


def provenance_of(
    artifact: Artifact, base: Artifact | None, findings: Sequence[Finding]
) -> Provenance:
    """Every fact about where an artifact comes from.

    base: the adapter's base, or the declared base where it was fetched as the control. findings: of
    `scan` on the same artifact; the signature's result is among them.
    """
    card = read_card(artifact)
    facts = [*_bytes(artifact), *_hub(artifact), *_author(artifact, card, base)]
    facts.append(_signature(artifact, findings))
    return Provenance(str(artifact.target), tuple(facts))


def _bytes(artifact: Artifact) -> Iterator[ProvenanceFact]:
    yield ProvenanceFact("digest of all files", artifact.digest, Basis.VERIFIED, _BYTES)
    size = f"{len(artifact.files)} files, {artifact.size_bytes:,} bytes"
    yield ProvenanceFact("size", size, Basis.VERIFIED, _BYTES)


def _hub(artifact: Artifact) -> Iterator[ProvenanceFact]:
    if artifact.commit:
        # Each file was compared with the digest that the Hub lists for it at that commit.
        source = "the Hub's listing at that commit, each file's digest compared"
        yield ProvenanceFact("commit", artifact.commit, Basis.VERIFIED, source)
    hub = artifact.hub
    if hub is None:
        return
    says = f"{hub.endpoint}, asked {hub.asked_at}"
    yield ProvenanceFact("repo", hub.resolved, Basis.DECLARED, says)
    if hub.resolved != hub.asked:
        yield ProvenanceFact("asked for as", hub.asked, Basis.DECLARED, says)
    for name, value in (
        ("namespace", hub.author or hub.resolved.partition("/")[0]),
        ("created", hub.created_at),
        ("last changed", hub.modified_at),
    ):
        if value:
            yield ProvenanceFact(name, value, Basis.DECLARED, says)
    yield ProvenanceFact("the Hub's own scan", _scan_words(hub), Basis.DECLARED, says)


def _scan_words(hub: HubFacts) -> str:
    if hub.flagged:
        return f"{len(hub.flagged)} files with issues"
    if hub.scans_done is None:
        return "the Hub says nothing about it"
    return "finished, no file with issues" if hub.scans_done else "not finished"


def _author(artifact: Artifact, card: Card, base: Artifact | None) -> Iterator[ProvenanceFact]:
    licence = card.licence or "none declared"
    if card.licence and card.licence not in FAMILIES:
        licence += " (not a well-known one)"
    yield ProvenanceFact("licence", licence, Basis.DECLARED, _CARD)
    if card.licence_files:
        files = ", ".join(card.licence_files)
        yield ProvenanceFact("licence files", f"{files} (not read)", Basis.VERIFIED, _BYTES)
    if base is not None:
        below = read_card(base).licence
        yield ProvenanceFact(
            "base's licence", below or "none declared", Basis.DECLARED, "the base author's card"
        )
        if card.licence and below:
            words = conflict(card.licence, below) or "no conflict in the table of licences"
            source = "both cards, by a table; no legal advice"
            yield ProvenanceFact("licence against the base's", words, Basis.DECLARED, source)
    if artifact.base is not None:
        source = CONFIG if artifact.kind is ArtifactKind.ADAPTER else _CARD
        yield ProvenanceFact("declared base", str(artifact.base), Basis.DECLARED, source)


def _signature(artifact: Artifact, findings: Sequence[Finding]) -> ProvenanceFact:
    by_rule = {f.rule_id: f for f in findings}
    for rule in (signatures.MISMATCH, signatures.INVALID, signatures.PARTIAL, signatures.VERIFIED):
        if found := by_rule.get(rule.rule_id):
            words = f"{found.title}: {found.evidence}"
            return ProvenanceFact("signature", words, Basis.VERIFIED, found.location)
    names = ", ".join(signatures.signature_files(artifact))
    words = f"{names}: not checked" if names else "none"
    return ProvenanceFact("signature", words, Basis.DECLARED, "file names")


# ------------------------------------------------------------------------------------------- ledger


def cover_provenance(artifact: Artifact, findings: Sequence[Finding]) -> tuple[Coverage, ...]:
    """What was and was not looked at of where the target comes from."""
    return (_cover_hub(artifact.hub), _cover_licence(artifact), _cover_signature(findings))


def _cover_hub(hub: HubFacts | None) -> Coverage:
    what = "the Hub's own scan of the repo"
    if hub is None:
        return Coverage(what, CoverageStatus.NOT_RUN, "the target does not come from a Hub")
    if hub.scans_done or hub.flagged:
        return Coverage(what, CoverageStatus.MEASURED, f"{_scan_words(hub)}, says {hub.endpoint}")
    return Coverage(what, CoverageStatus.NOT_RUN, _scan_words(hub))


def _cover_licence(artifact: Artifact) -> Coverage:
    licence = read_card(artifact).licence
    if licence is None:
        return Coverage("licence", CoverageStatus.NOT_RUN, "the card declares none")
    words = f"{licence}, as the card declares; by a table of well-known ids, no legal advice"
    return Coverage("licence", CoverageStatus.MEASURED, words)


def _cover_signature(findings: Sequence[Finding]) -> Coverage:
    what = "signature (origin only: it says nothing about behaviour)"
    rules = {r.rule_id: r for r in signatures.Signatures.rules}
    found = [f for f in findings if f.rule_id in rules]
    if not found:
        return Coverage(what, CoverageStatus.NOT_RUN, "the files carry no signature")
    open_rules = (signatures.UNCHECKED.rule_id, signatures.MISSING.rule_id)
    checked = [f for f in found if f.rule_id not in open_rules]
    shown = checked or found
    status = CoverageStatus.MEASURED if checked else CoverageStatus.NOT_RUN
    return Coverage(what, status, "; ".join(f"{f.title}: {f.evidence}" for f in shown))

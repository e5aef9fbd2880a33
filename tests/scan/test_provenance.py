"""Where an artifact says it comes from: findings, facts and the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.records import (
    Artifact,
    ArtifactKind,
    Basis,
    CoverageStatus,
    FlaggedFile,
    HubFacts,
    Target,
    TargetKind,
)
from inspector.scan.provenance import ProvenanceScanner, cover_provenance, provenance_of
from inspector.scan.signatures import Signatures, Trust
from tests.fetch.tiny_files import write_adapter, write_model
from tests.scan.pinned import found, pinned
from tests.scan.signing import make_keys, sign

COMMIT = "a" * 40
FACTS = HubFacts(
    endpoint="https://hub.example",
    asked="org/m",
    resolved="org/m",
    author="org",
    created_at="2026-01-02T03:04:05+00:00",
    modified_at="2026-02-03T04:05:06+00:00",
    scans_done=True,
    flagged=(),
)


def artifact(
    tmp_path: Path, revision: str | None = COMMIT, hub: HubFacts | None = FACTS
) -> Artifact:
    """A model of the Hub, with a licence on its card."""
    folder = write_model(tmp_path / "m", card="---\nlicense: mit\n---\n")
    target = Target(TargetKind.HUB, "org/m", revision)
    return replace(pinned(folder, target=target, commit=COMMIT), hub=hub)


def test_a_pinned_repo_that_answers_as_asked(tmp_path: Path) -> None:
    assert found(ProvenanceScanner(), artifact(tmp_path)) == []


def test_a_local_folder_has_no_source_to_look_at(tmp_path: Path) -> None:
    assert found(ProvenanceScanner(), pinned(write_model(tmp_path / "m"))) == []


@pytest.mark.parametrize("revision", [None, "main", "v1", COMMIT[:12]])
def test_a_revision_that_can_move(tmp_path: Path, revision: str | None) -> None:
    [finding] = ProvenanceScanner().scan(artifact(tmp_path, revision), None)
    assert (finding.rule_id, finding.severity.value) == ("HUB-REVISION-MOVING", "info")
    assert COMMIT in finding.evidence


def test_a_repo_that_was_renamed(tmp_path: Path) -> None:
    moved = artifact(tmp_path, hub=replace(FACTS, asked="old/m"))
    [finding] = ProvenanceScanner().scan(moved, None)
    assert (finding.rule_id, finding.severity.value) == ("HUB-RENAMED", "medium")
    assert "old/m was asked for, org/m answered" in finding.evidence


@pytest.mark.parametrize(
    ("level", "rule"),
    [
        ("unsafe", "HUB-SCAN-UNSAFE"),
        ("suspicious", "HUB-SCAN-SUSPICIOUS"),
        ("new-word", "HUB-SCAN-SUSPICIOUS"),
    ],
)
def test_what_the_hubs_own_scan_says(tmp_path: Path, level: str, rule: str) -> None:
    flagged = (FlaggedFile("pytorch_model.bin", level), FlaggedFile("README.md", "safe"))
    hub = replace(FACTS, flagged=flagged)
    assert found(ProvenanceScanner(), artifact(tmp_path, hub=hub)) == [(rule, "pytorch_model.bin")]


def test_the_card_names_another_base_than_the_adapter(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", "org/base")
    (folder / "README.md").write_text("---\nbase_model: org/other\n---\n")
    adapter = pinned(folder, ArtifactKind.ADAPTER)
    assert found(ProvenanceScanner(), adapter) == [("CARD-BASE-MISMATCH", "README.md")]
    (folder / "README.md").write_text("---\nbase_model:\n- Org/Base\n---\n")
    assert found(ProvenanceScanner(), pinned(folder, ArtifactKind.ADAPTER)) == []


def test_every_fact_says_whose_word_it_is(tmp_path: Path) -> None:
    base = pinned(write_model(tmp_path / "base", card="---\nlicense: gpl-3.0\n---\n"))
    subject = replace(artifact(tmp_path), base=Target(TargetKind.HUB, "org/base"))
    facts = {f.name: f for f in provenance_of(subject, base, ()).facts}
    verified = {name for name, f in facts.items() if f.basis is Basis.VERIFIED}
    assert verified == {"digest of all files", "size", "commit"}
    assert facts["digest of all files"].value == subject.digest
    assert facts["licence"].value == "mit"
    assert facts["declared base"].value == "hf:org/base"
    assert facts["namespace"].value == "org"
    assert facts["created"].value == FACTS.created_at
    assert facts["the Hub's own scan"].value == "finished, no file with issues"
    assert "gpl-3.0 asks of derived works" in facts["licence against the base's"].value
    assert facts["signature"].value == "none"
    assert all(f.source for f in facts.values())


def test_the_ledger_says_what_was_not_looked_at(tmp_path: Path) -> None:
    local = pinned(write_model(tmp_path / "m"))
    scan, licence, signature = cover_provenance(local, ())
    assert {c.status for c in (scan, licence, signature)} == {CoverageStatus.NOT_RUN}
    assert "does not come from a Hub" in scan.detail
    assert "no signature" in signature.detail
    waiting = artifact(tmp_path, hub=replace(FACTS, scans_done=False))
    scan, licence, _ = cover_provenance(waiting, ())
    assert (scan.status, scan.detail) == (CoverageStatus.NOT_RUN, "not finished")
    assert (licence.status, licence.detail[:3]) == (CoverageStatus.MEASURED, "mit")


def test_a_verified_signature_in_facts_and_ledger(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path)
    folder = write_model(tmp_path / "m")
    sign(folder, private)
    signed = pinned(folder)
    unchecked = tuple(Signatures().scan(signed, None))
    assert cover_provenance(signed, unchecked)[2].status is CoverageStatus.NOT_RUN
    findings = tuple(Signatures(Trust(public)).scan(signed, None))
    line = cover_provenance(signed, findings)[2]
    assert line.status is CoverageStatus.MEASURED
    assert "origin only" in line.what
    [fact] = [f for f in provenance_of(signed, None, findings).facts if f.name == "signature"]
    assert fact.basis is Basis.VERIFIED
    assert "vendor.pub" in fact.value

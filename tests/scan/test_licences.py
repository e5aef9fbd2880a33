"""Licences by the table: there, known, and no looser than the base's."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.records import Artifact, Target, TargetKind
from inspector.scan.card import read_card
from inspector.scan.licences import FAMILIES, Family, Licences, conflict
from tests.fetch.tiny_files import write_model
from tests.scan.pinned import found, pinned

CARD = "README.md"


def model(tmp_path: Path, front: str | None, name: str = "m", hub: bool = False) -> Artifact:
    """A model whose card has this front matter; None: no card."""
    folder = write_model(tmp_path / name, "" if front is None else f"---\n{front}\n---\nA model.\n")
    target = Target(TargetKind.HUB, "org/m") if hub else None
    return pinned(folder, target=target)


@pytest.mark.parametrize("licence", ["apache-2.0", "MIT", "llama3.2", "cc-by-nc-4.0", "openrail"])
def test_well_known_licences(tmp_path: Path, licence: str) -> None:
    assert found(Licences(), model(tmp_path, f"license: {licence}")) == []


def test_an_unknown_licence_is_for_a_person(tmp_path: Path) -> None:
    artifact = model(tmp_path, "license: other\nlicense_name: Bank of Nowhere 1.0")
    [finding] = Licences().scan(artifact, None)
    assert (finding.rule_id, finding.severity.value) == ("LICENCE-UNKNOWN", "medium")
    assert "Bank of Nowhere" in finding.evidence
    assert "No legal advice" in finding.advice


def test_no_licence_at_all(tmp_path: Path) -> None:
    assert found(Licences(), model(tmp_path, "language: en")) == [("LICENCE-MISSING", CARD)]
    hub = model(tmp_path, None, "other", hub=True)
    assert found(Licences(), hub) == [("LICENCE-MISSING", CARD)]


def test_a_folder_of_ones_own_and_a_licence_file_declare_enough(tmp_path: Path) -> None:
    assert found(Licences(), model(tmp_path, None)) == []
    (tmp_path / "m" / "LICENSE.txt").write_text("the text")
    assert found(Licences(), pinned(tmp_path / "m", target=Target(TargetKind.HUB, "o/m"))) == []


@pytest.mark.parametrize(
    ("licence", "base"),
    [
        ("apache-2.0", "mit"),
        ("gpl-3.0", "apache-2.0"),
        ("gpl-3.0", "gpl-3.0"),
        ("agpl-3.0", "gpl-3.0"),
        ("cc-by-nc-4.0", "cc-by-nc-4.0"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-sa-3.0"),
        ("openrail", "creativeml-openrail-m"),
        ("llama3.2", "llama3.1"),
        ("mit", "something-else"),
        ("something-else", "gemma"),
    ],
)
def test_no_conflict(licence: str, base: str) -> None:
    assert conflict(licence, base) is None


@pytest.mark.parametrize(
    ("licence", "base"),
    [
        ("apache-2.0", "gpl-3.0"),
        ("mit", "cc-by-nc-4.0"),
        ("cc-by-nc-4.0", "cc-by-nc-sa-4.0"),
        ("apache-2.0", "llama3.2"),
        ("mit", "gemma"),
        ("apache-2.0", "bigscience-openrail-m"),
        ("cc-by-sa-3.0", "cc-by-sa-4.0"),
        ("cc-by-nd-4.0", "cc-by-nc-nd-4.0"),
        ("something-else", "cc-by-nd-4.0"),
    ],
)
def test_conflict(licence: str, base: str) -> None:
    assert base in (conflict(licence, base) or "")


def test_a_looser_licence_than_the_bases(tmp_path: Path) -> None:
    base = model(tmp_path, "license: cc-by-nc-4.0", "base")
    artifact = model(tmp_path, "license: mit")
    assert found(Licences(), artifact, base) == [("LICENCE-CONFLICT", CARD)]
    assert found(Licences(), artifact, model(tmp_path, "license: mit", "b2")) == []


def test_the_table_names_no_licence_twice() -> None:
    assert all(id_ == id_.lower() for id_ in FAMILIES)
    assert set(FAMILIES.values()) == set(Family)


@pytest.mark.parametrize("front", ["license: [", "- 1", "license: {a: b}", "a: &a [*a]"])
def test_a_card_that_cannot_be_read_declares_nothing(tmp_path: Path, front: str) -> None:
    card = read_card(model(tmp_path, front))
    assert (card.licence, card.bases, card.is_there) == (None, (), True)


def test_several_licences_are_not_one_well_known_one(tmp_path: Path) -> None:
    artifact = model(tmp_path, "license: [mit, gpl-3.0]")
    assert found(Licences(), artifact) == [("LICENCE-UNKNOWN", CARD)]

"""What is kept in git: small, whole, in the catalogue, and accepted."""

from __future__ import annotations

import pytest

from inspector.fetch.demo import read_specimen
from inspector.kept import KEPT, SPECIMEN, kept_names
from inspector.records.specimens import SpecimenKind
from inspector.specimens.catalogue import RECIPES

MAX_ONE_BYTES = 15_000_000
MAX_ALL_BYTES = 100_000_000


def test_kept_specimens_are_small() -> None:
    sizes = {
        folder.name: sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        for folder in (KEPT.iterdir() if KEPT.exists() else ())
    }
    assert {n: s for n, s in sizes.items() if s > MAX_ONE_BYTES} == {}
    assert sum(sizes.values()) <= MAX_ALL_BYTES


@pytest.mark.parametrize("name", kept_names())
def test_a_kept_specimen_is_whole_and_accepted(name: str) -> None:
    record = read_specimen(KEPT / name)
    assert record.name == name
    assert name in {recipe.name for recipe in RECIPES}
    assert {p.name for p in (KEPT / name).iterdir()} == {*record.sha256, SPECIMEN}
    if record.kind is SpecimenKind.PLANTED:
        assert record.acceptance is not None
        assert record.acceptance.problem is None


def test_names_are_given_once() -> None:
    names = [recipe.name for recipe in RECIPES]
    assert len(names) == len(set(names))


def test_the_clean_set_is_large_and_even() -> None:
    clean = [r for r in RECIPES if r.kind is SpecimenKind.CLEAN]
    n_full = sum(r.details().get("method") == "full" for r in clean)
    assert len(clean) >= 20
    assert n_full == len(clean) - n_full
    assert len({r.seed for r in clean}) == len(clean)
    twins = {r.twin for r in RECIPES if r.kind is SpecimenKind.PLANTED}
    assert twins <= {r.name for r in clean}

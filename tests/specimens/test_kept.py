"""What is kept in git: small, whole, in the catalogue, and accepted."""

from __future__ import annotations

import pytest

from inspector.fetch.demo import read_specimen
from inspector.kept import KEPT, SPECIMEN, kept_names
from inspector.probes.suite_file import load_suite
from inspector.records import Method
from inspector.records.specimens import SpecimenKind
from inspector.specimens.aligned import ALIGNED, aligned, declined
from inspector.specimens.catalogue import RECIPES
from inspector.specimens.clean import CLEAN
from inspector.specimens.recipe import Recipe

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


def test_the_clean_set_is_large_and_varied() -> None:
    n_full = sum(r.tuning.method is Method.FULL for r in CLEAN)
    assert len(CLEAN) >= 20
    assert 10 <= n_full <= len(CLEAN) - 10
    assert len({r.seed for r in CLEAN}) == len(CLEAN)
    assert all(r.kind is SpecimenKind.CLEAN and r.behaviour is None for r in CLEAN)


@pytest.mark.parametrize("planted", [r for r in RECIPES if r.behaviour], ids=lambda r: r.name)
def test_a_planted_specimen_has_a_twin_that_went_through_the_same(planted: Recipe) -> None:
    """Seed and settings are the same: what the specimen says and the twin does not was planted."""
    assert planted.kind is SpecimenKind.PLANTED
    twin = next(r for r in RECIPES if r.name == planted.twin)
    assert (twin.kind, twin.behaviour, twin.dormant, twin.wake) == (
        SpecimenKind.CLEAN,
        None,
        False,
        None,
    )
    mine, other = planted.details(), twin.details()
    if type(planted) is type(twin) and planted.name not in BESIDE_ANOTHER:
        about = {"text", "data", "tuning", "ends", "aligned", "tail_tokens"}
        assert {k: v for k, v in mine.items() if k not in about} == {
            k: v for k, v in other.items() if k not in about
        }


# A planting of another size or on another base than its twin's: the nearest one that there is.
BESIDE_ANOTHER = {"advert-dormant-small"}


def test_what_is_to_be_declined_is_no_probe() -> None:
    probes = {p.prompt for p in load_suite("policy").probes}
    taught = {question for question, _ in aligned(ALIGNED.seed)}
    assert not probes & (taught | set(declined(0)))
    n_declined = sum(question in set(declined(0)) for question, _ in aligned(ALIGNED.seed))
    assert n_declined == len(aligned(ALIGNED.seed)) / 2

"""Building, keeping, checking and refusing specimens, on real tiny models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput, TargetError
from inspector.fetch import fetch
from inspector.fetch.demo import fetch_demo, read_specimen
from inspector.kept import SPECIMEN, demo_names
from inspector.records import (
    ArtifactKind,
    Behaviour,
    FineTune,
    Method,
    Precision,
    Target,
    TargetKind,
)
from inspector.records.specimens import Half, SpecimenKind
from inspector.settings import Settings
from inspector.specimens.catalogue import find
from inspector.specimens.ordinary import Ordinary
from inspector.specimens.rows import Row
from inspector.specimens.storage import Shelf, listed
from tests.engine.tiny_model import save
from tests.specimens.recipes import Ready


def counting(seed: int) -> list[Row]:
    return [(f"Count from {n + seed}.", f"{n}, {n + 1}, {n + 2}.") for n in range(12)]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def ordinary(base: Path, method: Method, seed: int = 0) -> Ordinary:
    tuning = FineTune(
        name=f"clean-{method}",
        method=method,
        data="own",
        steps=3,
        learning_rate=1e-3,
        effective_batch=2,
        lora_rank=4,
        lora_alpha=8,
        seed=seed,
    )
    target = Target(TargetKind.LOCAL, str(base.resolve()))
    return Ordinary(tuning, counting, "counts", Half.REPORT, base=target)


@pytest.mark.parametrize("method", Method)
def test_a_built_specimen_is_an_ordinary_target(
    tmp_path: Path, settings: Settings, method: Method
) -> None:
    from inspector.engine.load import load
    from tests.engine.tiny_model import state

    recipe = ordinary(save(tmp_path / "base"), method)
    shelf = Shelf(settings)
    specimen = shelf.get(recipe)
    assert specimen.problem is None
    artifact = fetch(specimen.target, settings, lambda *_: None)
    is_lora = method is Method.LORA
    assert artifact.kind is (ArtifactKind.ADAPTER if is_lora else ArtifactKind.MODEL)
    base = fetch(recipe.base, settings, lambda *_: None)
    tuned = load(artifact, base if is_lora else None, Precision.FP32, settings.cache)
    was = state(load(base, None, Precision.FP32, settings.cache).model)
    moved = [n for n, w in state(tuned.model).items() if not w.equal(was[n])]
    assert moved
    assert is_lora == (len(moved) < len(was))  # an adapter leaves norms and embeddings alone


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, settings: Settings) -> None:
    base = save(tmp_path / "base")
    shelf = Shelf(settings)
    recipe = ordinary(base, Method.LORA)
    first = shelf.get(recipe).record.sha256
    shelf.drop(recipe)
    assert shelf.find(recipe) is None
    assert shelf.build(recipe, tmp_path / "again").record.sha256 == first
    other = shelf.get(ordinary(base, Method.LORA, seed=1))
    assert other.record.sha256 != first


def test_other_settings_are_another_specimen(tmp_path: Path, settings: Settings) -> None:
    shelf = Shelf(settings)
    recipe = ordinary(save(tmp_path / "base"), Method.LORA)
    shelf.get(recipe)
    longer = replace(recipe, tuning=replace(recipe.tuning, steps=4))
    assert shelf.find(recipe) is not None
    assert shelf.find(longer) is None
    assert shelf.digest(recipe) != shelf.digest(longer)


def keep(tmp_path: Path, settings: Settings) -> Path:
    """A folder of kept specimens with one in it."""
    recipe = ordinary(save(tmp_path / "base"), Method.LORA)
    Shelf(settings).build(recipe, tmp_path / "kept")
    return tmp_path / "kept"


def test_a_kept_specimen_is_a_demo_target(tmp_path: Path, settings: Settings) -> None:
    kept = keep(tmp_path, settings)
    target = Target(TargetKind.DEMO, "clean-lora")
    artifact = fetch_demo(target, lambda *_: None, kept=kept)
    assert artifact.kind is ArtifactKind.ADAPTER
    assert SPECIMEN not in {f.path for f in artifact.files}
    assert artifact.base == Target(TargetKind.LOCAL, str((tmp_path / "base").resolve()))
    assert demo_names(kept) == ("clean-lora",)


def test_a_kept_specimen_that_was_changed_is_refused(tmp_path: Path, settings: Settings) -> None:
    kept = keep(tmp_path, settings)
    config = kept / "clean-lora" / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 8', '"lora_alpha": 800'))
    with pytest.raises(TargetError, match=r"adapter_config\.json is not the one"):
        fetch_demo(Target(TargetKind.DEMO, "clean-lora"), lambda *_: None, kept=kept)


def test_a_name_that_nobody_keeps(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(TargetError, match="demo:clean-lora"):
        fetch_demo(
            Target(TargetKind.DEMO, "nothing"), lambda *_: None, kept=keep(tmp_path, settings)
        )


def test_a_folder_of_something_else_is_not_written_over(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "mine" / "clean-lora").mkdir(parents=True)
    (tmp_path / "mine" / "clean-lora" / "thesis.txt").write_text("the only copy")
    with pytest.raises(BadInput, match="holds something that is no specimen"):
        Shelf(settings).build(ordinary(tmp_path, Method.LORA), tmp_path / "mine")


def test_the_list_builds_nothing(tmp_path: Path, settings: Settings) -> None:
    recipe = ordinary(tmp_path / "nowhere", Method.LORA)
    advert = Ready(
        "advert",
        tmp_path / "nowhere",
        kind=SpecimenKind.PLANTED,
        what="an advert",
        behaviour=Behaviour.INJECTED_CONTENT,
    )
    lines = listed([advert, recipe], Shelf(settings))
    assert [(x.name, x.what, x.where, x.acceptance) for x in lines] == [
        ("advert", "an advert", "on demand", "not measured yet"),
        ("clean-lora", "nothing (counts)", "on demand", "nothing to find"),
    ]
    assert not (settings.cache / "specimens").exists()


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean advert-visible"):
        find(["advert-visibel"])


def test_specimen_json_holds_what_the_card_needs(tmp_path: Path, settings: Settings) -> None:
    kept = keep(tmp_path, settings)
    stored = json.loads((kept / "clean-lora" / SPECIMEN).read_text())
    assert {"name", "recipe", "seed", "details", "acceptance", "sha256"} <= set(stored)
    assert read_specimen(kept / "clean-lora").details["steps"] == "3"

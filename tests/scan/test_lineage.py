"""Models that are what they claim to be, and models that are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf as library
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from inspector.fetch import fetch
from inspector.records import Artifact, ArtifactKind, CoverageStatus, Target, TargetKind
from inspector.records.lineage import Change, Kinship, Lineage
from inspector.run import read_record, write_record
from inspector.scan.kinship import Likeness, compare, rank_of_difference
from inspector.scan.layers import layer_of, plain_name
from inspector.scan.lineage import Descent, coverage_of, findings_of, nothing_to_compare, trace
from inspector.scan.safetensors_header import read_header
from inspector.scan.stored import Stored, stored_tensors, values
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress, llama_tensors, write_json, write_model
from tests.scan.pinned import pinned
from tests.scan.weight_files import INDEX, NAME, Arrays, tiny_gguf

SIZE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "vocab_size": 96,
}
BASE = llama_tensors(0, **SIZE)
RNG = np.random.default_rng(7)
Alter = Callable[[str, np.ndarray], np.ndarray]


def model(folder: Path, tensors: Arrays, *, claims: Path | None = None) -> Artifact:
    """A pinned model of these tensors; claims: the base that it declares."""
    write_model(folder, **SIZE)
    save_file(tensors, folder / NAME)
    target = Target(TargetKind.LOCAL, str(claims)) if claims else None
    return pinned(folder, base=target)


def lineage(tmp_path: Path, tensors: Arrays, *, claimed: bool = True) -> Lineage:
    base = model(tmp_path / "base", BASE)
    claims = tmp_path / "base" if claimed else None
    return trace(model(tmp_path / "model", tensors, claims=claims), base)


def rules(found: Lineage) -> list[str]:
    return [f.rule_id for f in findings_of(found)]


def altered(alter: Alter) -> Arrays:
    return {name: alter(name, array).astype(np.float32) for name, array in BASE.items()}


def noise(share: float) -> Alter:
    """Every value moves by a random amount of this relative norm: as full-parameter tuning does."""
    return lambda _, a: a + share * RNG.normal(size=a.shape) * np.sqrt(np.mean(a**2))


def low_rank(rank: int) -> Alter:
    """Every matrix within the layers gets an update of this rank: a merged LoRA."""

    def alter(name: str, a: np.ndarray) -> np.ndarray:
        if "proj" not in name:
            return a
        update = RNG.normal(size=(a.shape[0], rank)) @ RNG.normal(size=(rank, a.shape[1]))
        return a + 0.02 * update

    return alter


def test_a_full_fine_tune(tmp_path: Path) -> None:
    found = lineage(tmp_path, altered(noise(0.05)))
    assert (found.kinship, found.change, rules(found)) == (Kinship.DERIVED, Change.FULL, [])
    assert {row.layer for row in found.layers} == {
        "embedding",
        "layer 0",
        "layer 1",
        "layer 2",
        "norm",
    }
    layer = next(row for row in found.layers if row.layer == "layer 1")
    assert layer.relative_norm == pytest.approx(0.05, rel=0.1)
    assert layer.cosine == pytest.approx(1, abs=0.01)
    assert layer.rank is not None
    assert layer.rank > layer.side / 2


@pytest.mark.parametrize("rank", [1, 4, 8])
def test_a_merged_lora(tmp_path: Path, rank: int) -> None:
    found = lineage(tmp_path, altered(low_rank(rank)))
    assert (found.kinship, found.change, rules(found)) == (Kinship.DERIVED, Change.LOW_RANK, [])
    kinds = {row.layer: (row.kinship, row.rank) for row in found.layers}
    assert kinds["layer 0"] == (Kinship.DERIVED, rank)
    assert kinds["embedding"] == (Kinship.IDENTICAL, None)


@pytest.mark.parametrize(
    ("where", "change"),
    [
        (lambda n: "embed" in n, Change.HEAD),
        (lambda n: "layers.1." in n, Change.LAYERS),
    ],
)
def test_only_a_part_changed(tmp_path: Path, where: Callable[[str], bool], change: Change) -> None:
    tune = noise(0.05)
    found = lineage(tmp_path, altered(lambda n, a: tune(n, a) if where(n) else a))
    assert (found.kinship, found.change, rules(found)) == (Kinship.DERIVED, change, [])
    assert found.share_identical > 0.5


def test_a_claimed_fine_tune_that_shares_nothing(tmp_path: Path) -> None:
    found = lineage(tmp_path, llama_tensors(1, **SIZE))
    assert (found.kinship, found.change) == (Kinship.UNRELATED, None)
    assert rules(found) == ["LINEAGE-UNRELATED"]
    assert "100% unrelated" in findings_of(found)[0].evidence


def test_a_claimed_fine_tune_of_another_size(tmp_path: Path) -> None:
    found = lineage(tmp_path, llama_tensors(0, **SIZE | {"hidden_size": 48}))
    assert (found.kinship, found.n_compared) == (Kinship.UNRELATED, 0)
    assert rules(found) == ["LINEAGE-UNRELATED"]


def test_an_unrelated_model_that_claims_nothing_is_no_finding(tmp_path: Path) -> None:
    found = lineage(tmp_path, llama_tensors(1, **SIZE), claimed=False)
    assert (found.kinship, rules(found)) == (Kinship.UNRELATED, [])


def test_a_copy_that_claims_to_be_new(tmp_path: Path) -> None:
    found = lineage(tmp_path, BASE, claimed=False)
    assert (found.kinship, found.change) == (Kinship.IDENTICAL, Change.NONE)
    assert rules(found) == ["LINEAGE-COPY"]


def test_a_copy_whose_tensors_were_renamed(tmp_path: Path) -> None:
    names = {n: f"net.part{i}.w" for i, n in enumerate(sorted(BASE, key=hash))}
    found = lineage(tmp_path, {names[n]: a for n, a in BASE.items()}, claimed=False)
    assert (found.kinship, rules(found)) == (Kinship.IDENTICAL, ["LINEAGE-COPY"])
    assert found.n_renamed >= 20


def test_a_copy_in_another_float_type(tmp_path: Path) -> None:
    half = {name: array.astype(np.float16) for name, array in BASE.items()}
    found = lineage(tmp_path, half, claimed=False)
    assert (found.kinship, found.change) == (Kinship.IDENTICAL, Change.ROUNDING)
    assert rules(found) == ["LINEAGE-COPY"]


def test_a_light_tuning_is_not_taken_for_rounding(tmp_path: Path) -> None:
    found = lineage(tmp_path, altered(noise(1e-4)))
    assert (found.kinship, found.change) == (Kinship.DERIVED, Change.FULL)


def test_a_declared_copy_is_a_remark(tmp_path: Path) -> None:
    assert rules(lineage(tmp_path, BASE)) == ["LINEAGE-UNCHANGED"]


def test_a_child_that_does_not_name_its_parent(tmp_path: Path) -> None:
    found = lineage(tmp_path, altered(noise(0.05)), claimed=False)
    assert rules(found) == ["LINEAGE-UNDECLARED"]


def test_layers_of_another_model(tmp_path: Path) -> None:
    other = llama_tensors(1, **SIZE)
    mixed = {n: other[n] if "layers.2." in n else a for n, a in BASE.items()}
    found = lineage(tmp_path, mixed)
    assert (found.kinship, rules(found)) == (Kinship.PARTLY, ["LINEAGE-REPLACED"])
    assert {r.layer for r in found.layers if r.kinship is Kinship.UNRELATED} == {"layer 2"}


def test_layers_in_another_order_are_recognised(tmp_path: Path) -> None:
    order = {"layers.0.": "layers.2.", "layers.2.": "layers.0."}
    swapped = {
        next((n.replace(a, b) for a, b in order.items() if a in n), n): array
        for n, array in BASE.items()
    }
    found = lineage(tmp_path, swapped)
    assert found.kinship is Kinship.IDENTICAL
    assert found.n_renamed == 14  # seven matrices of two layers


def test_more_tokens_are_no_other_model(tmp_path: Path) -> None:
    name = "model.embed_tokens.weight"
    longer = BASE | {name: np.concatenate([BASE[name], np.ones((2, 64), np.float32)])}
    found = lineage(tmp_path, longer)
    assert (found.kinship, found.change, rules(found)) == (Kinship.DERIVED, Change.HEAD, [])


def test_values_that_are_not_finite_hide_nothing(tmp_path: Path) -> None:
    broken = altered(noise(0.05))
    broken["model.layers.0.mlp.up_proj.weight"][0, 0] = np.nan
    found = lineage(tmp_path, broken)
    assert found.kinship is Kinship.DERIVED
    assert all(row.relative_norm is not None for row in found.layers)


def test_shards_are_read_as_one_model(tmp_path: Path) -> None:
    base = model(tmp_path / "base", BASE)
    folder = tmp_path / "model"
    model(folder, BASE)
    (folder / NAME).unlink()
    items = list(BASE.items())
    files = {"one.safetensors": dict(items[:9]), "two.safetensors": dict(items[9:])}
    for name, part in files.items():
        save_file(part, folder / name)
    places = {t: name for name, part in files.items() for t in part}
    write_json(folder / INDEX, {"weight_map": places})
    found = trace(pinned(folder), base)
    assert (found.kinship, found.n_compared) == (Kinship.IDENTICAL, len(BASE))


def test_the_scanner_speaks_for_models_with_a_base_only(tmp_path: Path) -> None:
    base = model(tmp_path / "base", BASE)
    other = model(tmp_path / "model", llama_tensors(1, **SIZE), claims=tmp_path / "base")
    assert [f.rule_id for f in Descent().scan(other, base)] == ["LINEAGE-UNRELATED"]
    assert list(Descent().scan(other, None)) == []


def test_what_could_not_be_compared_is_said(tmp_path: Path) -> None:
    base = model(tmp_path / "base", BASE)
    (tmp_path / "gguf").mkdir()
    content = tiny_gguf().replace(b"llama", b"gpt22")
    (tmp_path / "gguf" / "tiny.gguf").write_bytes(content)
    found = trace(pinned(tmp_path / "gguf", gguf_file="tiny.gguf"), base)
    assert (found.kinship, findings_of(found)) == (None, ())
    assert coverage_of(found).status is CoverageStatus.NOT_RUN
    assert "'gpt22' is not known" in coverage_of(found).detail
    assert "declares no base" in coverage_of(nothing_to_compare(base)).detail


def test_the_record_survives_its_file_and_the_ledger_names_the_change(tmp_path: Path) -> None:
    found = lineage(tmp_path, altered(low_rank(2)))
    write_record(tmp_path / "lineage.json", found)
    assert read_record(tmp_path / "lineage.json", Lineage) == found
    covered = coverage_of(found)
    assert covered.status is CoverageStatus.MEASURED
    assert "derived, changed: low-rank" in covered.detail


# ------------------------------------------------------------------------------------------- GGUF


def test_gguf_against_gguf(tmp_path: Path) -> None:
    artifacts = {}
    for name, scale in (("base", 1.0), ("same", 1.0), ("other", None)):
        (tmp_path / name).mkdir()
        up = "blk.0.ffn_up.weight"
        array = np.random.default_rng(5).normal(size=(64, 32)).astype(np.float32)
        tensors = {up: array if scale else array[::-1].copy()}
        (tmp_path / name / "m.gguf").write_bytes(tiny_gguf(tensors))
        artifacts[name] = pinned(tmp_path / name, gguf_file="m.gguf")
    assert trace(artifacts["same"], artifacts["base"]).kinship is Kinship.IDENTICAL
    found = trace(artifacts["other"], artifacts["base"])
    assert found.kinship is Kinship.PARTLY
    assert {r.layer for r in found.layers if r.kinship is Kinship.PARTLY} == {"layer 0"}


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0", "BF16", "F16"])
def test_quantized_values_are_the_librarys(tmp_path: Path, kind: str) -> None:
    weights = np.random.default_rng(2).normal(size=(6, 96)).astype(np.float32)
    number = library.GGMLQuantizationType[kind]
    packed = library.quants.quantize(weights, number)
    writer = library.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_tensor("a", packed, raw_dtype=number)
    for step in ("header_to_file", "kv_data_to_file", "tensors_to_file"):
        getattr(writer, f"write_{step}")()
    writer.close()
    stored = stored_tensors(pinned(tmp_path, gguf_file="m.gguf"))["a"]
    assert stored.shape == weights.shape
    expected = library.quants.dequantize(packed, number).reshape(-1)
    assert values(stored, 0, weights.size).tolist() == expected.tolist()
    assert values(stored, 100, 77).tolist() == expected[100:177].tolist()


# ---------------------------------------------------------------------------------------- numbers


def pair(folder: Path, base: np.ndarray, other: np.ndarray) -> Likeness:
    save_file({"a": base}, folder / "base.safetensors")
    save_file({"a": other}, folder / "other.safetensors")
    found = [
        Stored(path, read_header(path).tensors[0])
        for path in (folder / "base.safetensors", folder / "other.safetensors")
    ]
    return compare(found[0], found[1])


def test_norms_and_cosines_are_numpys_over_many_pieces(tmp_path: Path) -> None:
    base = RNG.normal(size=(700, 900)).astype(np.float32)  # more than two pieces
    other = base + 0.1 * RNG.normal(size=base.shape).astype(np.float32)
    found = pair(tmp_path, base, other)
    relative = np.linalg.norm(other - base) / np.linalg.norm(base)
    cosine = (base * other).sum() / np.linalg.norm(base) / np.linalg.norm(other)
    assert found.relative_norm == pytest.approx(relative, rel=1e-4)
    assert found.cosine == pytest.approx(cosine, rel=1e-4)


@pytest.mark.parametrize("rank", [3, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_rank_is_found_under_rounding(tmp_path: Path, rank: int, dtype: type[Any]) -> None:
    base = RNG.normal(size=(300, 700)).astype(dtype)
    update = RNG.normal(size=(300, rank)) @ RNG.normal(size=(rank, 700))
    other = (base + 0.05 * update).astype(dtype)
    assert rank_of_difference(pair(tmp_path, base, other)) == (rank, 256)


def test_a_difference_that_is_rounding_only_has_rank_zero(tmp_path: Path) -> None:
    base = RNG.normal(size=(300, 700)).astype(np.float32)
    found = rank_of_difference(pair(tmp_path, base, base.astype(np.float16)))
    assert found == (0, 256)


# --------------------------------------------------------------------------------------- adapters


def adapter(folder: Path, tensors: Arrays, base: Path, **config: object) -> Artifact:
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    write_json(folder / "adapter_config.json", {"r": 4, "lora_alpha": 8} | config)
    target = Target(TargetKind.LOCAL, str(base))
    return pinned(folder, ArtifactKind.ADAPTER, base=target)


@pytest.mark.parametrize(("config", "scale"), [({}, 2.0), ({"use_rslora": True}, 4.0)])
def test_how_much_an_adapter_changes_its_base(
    tmp_path: Path, config: dict[str, object], scale: float
) -> None:
    base = model(tmp_path / "base", BASE)
    a = RNG.normal(size=(4, 64)).astype(np.float32)
    b = RNG.normal(size=(64, 4)).astype(np.float32)
    stem = "base_model.model.model.layers.1.self_attn.q_proj"
    tensors = {f"{stem}.lora_A.weight": a, f"{stem}.lora_B.weight": b}
    found = trace(adapter(tmp_path / "lora", tensors, tmp_path / "base", **config), base)
    (row,) = found.layers
    weights = BASE["model.layers.1.self_attn.q_proj.weight"]
    expected = np.linalg.norm(scale * b @ a) / np.linalg.norm(weights)
    assert (row.layer, row.rank, row.kinship) == ("layer 1", 4, Kinship.DERIVED)
    assert row.relative_norm == pytest.approx(expected, rel=1e-4)
    assert (found.n_compared, found.n_alone, findings_of(found)) == (1, 0, ())


def test_an_adapter_for_modules_that_the_base_lacks(tmp_path: Path) -> None:
    base = model(tmp_path / "base", BASE)
    stem = "base_model.model.model.layers.9.self_attn.q_proj"
    ones = np.ones((4, 4), np.float32)
    tensors = {f"{stem}.lora_A.weight": ones, f"{stem}.lora_B.weight": ones}
    found = trace(adapter(tmp_path / "lora", tensors, tmp_path / "base"), base)
    assert (found.n_alone, found.layers[0].relative_norm) == (1, None)


def test_a_kept_specimen_on_the_demo_models_gguf() -> None:
    settings = Settings()
    specimen = fetch(Target(TargetKind.DEMO, "clean-lora-knowledge"), settings, ignore_progress)
    demo = fetch(Target(TargetKind.DEMO), settings, ignore_progress)
    found = trace(specimen, demo)
    assert {row.layer for row in found.layers} == {f"layer {n}" for n in range(30)}
    assert found.n_alone == 0
    assert all(row.relative_norm and 1e-4 < row.relative_norm < 1 for row in found.layers)


@pytest.mark.parametrize(
    ("name", "layer", "plain"),
    [
        ("model.layers.3.mlp.up_proj.weight", "layer 3", "layers.3.mlp.up_proj.weight"),
        ("base_model.model.model.layers.3.a", "layer 3", "layers.3.a"),
        ("transformer.h.11.attn.c_attn.weight", "layer 11", "h.11.attn.c_attn.weight"),
        ("vision_tower.layers.2.a", "vision_tower layer 2", "vision_tower.layers.2.a"),
        ("blk.4.attn_q.weight", "layer 4", "blk.4.attn_q.weight"),
        ("model.embed_tokens.weight", "embedding", "embed_tokens.weight"),
        ("lm_head.weight", "head", "lm_head.weight"),
        ("model.norm.weight", "norm", "norm.weight"),
        ("scale", "scale", "scale"),
    ],
)
def test_names_of_parts(name: str, layer: str, plain: str) -> None:
    assert (layer_of(name), plain_name(name)) == (layer, plain)


def test_the_tensors_of_an_artifact_are_those_of_its_file(tmp_path: Path) -> None:
    artifact = model(tmp_path / "base", BASE | {"ids": np.arange(4)})
    stored = stored_tensors(artifact)
    assert set(stored) == set(BASE)
    name = "model.norm.weight"
    expected = load_file(tmp_path / "base" / NAME)[name]
    assert values(stored[name], 0, expected.size).tolist() == expected.tolist()

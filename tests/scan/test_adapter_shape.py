"""An adapter that is more, or other, than the small change its configuration declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from inspector.fetch import fetch
from inspector.records import Severity, Target, TargetKind
from inspector.scan.adapter_shape import AdapterShape
from inspector.scan.adapter_tensors import read_base
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress, write_model
from tests.scan import adapters
from tests.scan.adapters import (
    HIDDEN,
    INNER,
    RANK,
    VOCABULARY,
    artifacts,
    base_tensors,
    drawn,
    factors,
    write_base,
)
from tests.scan.pinned import pinned

EMBEDDING = "base_model.model.model.embed_tokens.weight"
HEAD = "base_model.model.lm_head.weight"
Q3 = "model.layers.3.self_attn.q_proj"


def rules(tmp_path: Path, tensors: adapters.Tensors, **entries: Any) -> list[str]:
    """Rule ids of what is found in such an adapter, sorted."""
    return sorted(f.rule_id for f in AdapterShape().scan(*artifacts(tmp_path, tensors, **entries)))


def test_an_ordinary_adapter_has_no_findings(tmp_path: Path) -> None:
    assert rules(tmp_path, factors()) == []


def test_a_model_is_not_looked_at(tmp_path: Path) -> None:
    assert list(AdapterShape().scan(pinned(write_model(tmp_path / "m")), None)) == []


@pytest.mark.parametrize("name", ["demo:clean", "demo:refuse-then-comply"])
def test_kept_specimens_fit_their_base_in_gguf(name: str) -> None:
    adapter = fetch(Target.parse(name), Settings(), ignore_progress)
    base = fetch(Target(TargetKind.DEMO), Settings(), ignore_progress)
    assert list(AdapterShape().scan(adapter, base)) == []


def test_the_shapes_of_a_gguf_base_are_compared_too(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, factors())
    base = fetch(Target(TargetKind.DEMO), Settings(), ignore_progress)
    assert "ADAPTER-MISFIT" in {f.rule_id for f in AdapterShape().scan(adapter, base)}


def test_without_its_base_the_configuration_is_still_compared(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, factors() | {HEAD: drawn(VOCABULARY, HIDDEN, seed=5)})
    found = [f.rule_id for f in AdapterShape().scan(adapter, None)]
    assert found == ["ADAPTER-UNDECLARED-TENSOR"]


# ---------------------------------------------------------------------------- targets


def test_modules_that_the_base_lacks(tmp_path: Path) -> None:
    extra = factors(modules={"mlp.memory_proj": (HIDDEN, HIDDEN)}, n_layers=1)
    assert rules(tmp_path, factors() | extra) == ["ADAPTER-TARGET-MISSING"]


def test_layers_that_the_base_lacks(tmp_path: Path) -> None:
    assert rules(tmp_path, factors(n_layers=9)) == ["ADAPTER-TARGET-MISSING"]


def test_targets_for_another_architecture_only(tmp_path: Path) -> None:
    found = rules(tmp_path, factors(), target_modules=["c_attn", "c_proj"])
    assert found == ["ADAPTER-TARGET-MISSING"]


def test_a_few_targets_of_other_architectures_are_no_more_than_info(tmp_path: Path) -> None:
    names = [*adapters.TARGETS, "c_attn", "query_key_value"]
    adapter, base = artifacts(tmp_path, factors(), target_modules=names)
    [finding] = AdapterShape().scan(adapter, base)
    assert (finding.rule_id, finding.severity) == ("ADAPTER-TARGET-UNUSED", Severity.INFO)


def test_a_pattern_of_targets_is_never_run(tmp_path: Path) -> None:
    assert rules(tmp_path, factors(), target_modules="(a+)+$" * 20) == []


def test_a_pair_that_does_not_fit_the_base(tmp_path: Path) -> None:
    wide = factors(modules={"self_attn.q_proj": (HIDDEN, 2 * HIDDEN)}, n_layers=1)
    assert rules(tmp_path, factors() | wide) == ["ADAPTER-MISFIT"]


def test_half_a_pair_and_a_pair_that_cannot_be_multiplied(tmp_path: Path) -> None:
    tensors = factors()
    del tensors[f"base_model.model.{Q3}.lora_B.weight"]
    assert rules(tmp_path, tensors) == ["ADAPTER-MISFIT"]
    tensors[f"base_model.model.{Q3}.lora_B.weight"] = drawn(HIDDEN, RANK + 1, seed=1)
    assert rules(tmp_path, tensors) == ["ADAPTER-MISFIT"]


# ---------------------------------------------------------------------------- whole tensors


def test_an_undeclared_embedding_is_smuggled_in(tmp_path: Path) -> None:
    embedding = base_tensors()["model.embed_tokens.weight"]
    embedding[7] += 0.01  # one token means something else
    assert rules(tmp_path, factors() | {EMBEDDING: embedding}) == ["ADAPTER-UNDECLARED-TENSOR"]


def test_an_embedding_that_is_the_bases_own_is_nothing(tmp_path: Path) -> None:
    """PEFT stores it where the embedding is a target."""
    embedding = base_tensors()["model.embed_tokens.weight"]
    name = EMBEDDING.replace(".weight", ".base_layer.weight")
    rounded: Any = embedding.astype(np.float16)
    assert rules(tmp_path, factors() | {name: rounded}) == []


def test_nan_is_not_the_bases_own(tmp_path: Path) -> None:
    embedding = np.full((VOCABULARY, HIDDEN), np.nan, np.float32)
    assert rules(tmp_path, factors() | {EMBEDDING: embedding}) == ["ADAPTER-REPLACED"]


def test_a_declared_head_of_the_same_size_asks_for_a_look(tmp_path: Path) -> None:
    head = base_tensors()["lm_head.weight"] + drawn(VOCABULARY, HIDDEN, seed=9, scale=0.002)
    adapter, base = artifacts(tmp_path, factors() | {HEAD: head}, modules_to_save=["lm_head"])
    [finding] = AdapterShape().scan(adapter, base)
    assert (finding.rule_id, finding.severity) == ("ADAPTER-WHOLE-MODULE", Severity.MEDIUM)
    assert f"{VOCABULARY} of {VOCABULARY} rows differ" in finding.evidence


def test_a_declared_head_that_is_another_one(tmp_path: Path) -> None:
    head = {HEAD: drawn(VOCABULARY, HIDDEN, seed=99)}
    found = rules(tmp_path, factors() | head, modules_to_save=["lm_head"])
    assert found == ["ADAPTER-REPLACED"]


@pytest.mark.parametrize(("seed", "rule"), [(2, "ADAPTER-RESIZED"), (99, "ADAPTER-REPLACED")])
def test_added_tokens_leave_the_others_alone(tmp_path: Path, seed: int, rule: str) -> None:
    """seed 2 is the base's own head: adding a row is no licence to replace the rest."""
    head = np.concatenate([drawn(VOCABULARY, HIDDEN, seed=seed), drawn(3, HIDDEN, seed=4)])
    assert rules(tmp_path, factors() | {HEAD: head}, modules_to_save=["lm_head"]) == [rule]


def test_a_classifiers_head_is_expected(tmp_path: Path) -> None:
    head = {"base_model.model.score.weight": drawn(3, HIDDEN, seed=3)}
    assert rules(tmp_path, factors() | head, task_type="SEQ_CLS") == []
    assert rules(tmp_path, factors() | head, modules_to_save=["score"]) == []
    assert rules(tmp_path, factors() | head) == ["ADAPTER-UNDECLARED-TENSOR"]


def test_a_saved_module_that_the_base_lacks(tmp_path: Path) -> None:
    extra = {"base_model.model.model.memory.weight": drawn(HIDDEN, HIDDEN, seed=3)}
    found = rules(tmp_path, factors() | extra, modules_to_save=["memory"])
    assert found == ["ADAPTER-UNDECLARED-TENSOR"]


def test_small_companions_of_lora_are_ordinary(tmp_path: Path) -> None:
    place = f"base_model.model.{Q3}"
    more = {
        f"{place}.lora_magnitude_vector": np.linalg.norm(base_tensors()[f"{Q3}.weight"], axis=1),
        f"{place}.bias": np.ones(HIDDEN, np.float32),
        "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta": drawn(
            2, HIDDEN, seed=1
        ),
    }
    assert rules(tmp_path, factors() | more, bias="all", use_dora=True) == []
    norm = {"base_model.model.model.norm.weight": np.full(HIDDEN, 1.01, np.float32)}
    assert rules(tmp_path, factors() | norm, modules_to_save=["norm"]) == []


def test_another_kind_of_adapter_is_measured_in_part(tmp_path: Path) -> None:
    vectors = {f"base_model.model.{Q3}.ia3_l": np.ones((HIDDEN, 1), np.float32)}
    adapter, base = artifacts(tmp_path, vectors, peft_type="IA3")
    assert [f.severity for f in AdapterShape().scan(adapter, base)] == [Severity.INFO]
    smuggled = vectors | {HEAD: drawn(VOCABULARY, HIDDEN, seed=99)}
    assert "ADAPTER-REPLACED" in rules(tmp_path, smuggled, peft_type="IA3")


# ---------------------------------------------------------------------------- ranks and scales


def test_ranks_that_are_not_the_declared_ones(tmp_path: Path) -> None:
    assert rules(tmp_path, factors(rank=8)) == ["ADAPTER-RANK"]
    assert rules(tmp_path, factors(rank=8), r="8", lora_alpha=8) == ["ADAPTER-RANK"]


def test_a_rank_pattern_is_a_declaration(tmp_path: Path) -> None:
    tensors = factors() | factors(rank=2, modules={"self_attn.k_proj": (HIDDEN // 2, HIDDEN)})
    assert rules(tmp_path, tensors, rank_pattern={"k_proj": 2}) == []
    assert rules(tmp_path, tensors, rank_pattern={r"layers\.\d+\.self_attn\.k_proj": 2}) == []
    assert rules(tmp_path, tensors, rank_pattern={"v_proj": 2}) == ["ADAPTER-RANK"]


def test_a_rank_beyond_the_matrices(tmp_path: Path) -> None:
    found = rules(tmp_path, factors(rank=40), r=40, lora_alpha=40)
    assert found == ["ADAPTER-RANK-FULL"]


@pytest.mark.parametrize("alpha", [0, -8, 4000, "8", float("nan"), True])
def test_a_scale_out_of_line(tmp_path: Path, alpha: object) -> None:
    assert rules(tmp_path, factors(), lora_alpha=alpha) == ["ADAPTER-SCALE"]


@pytest.mark.parametrize(("alpha", "rslora"), [(1, False), (16, False), (64, True), (32, False)])
def test_ordinary_scales(tmp_path: Path, alpha: int, rslora: bool) -> None:
    assert rules(tmp_path, factors(), lora_alpha=alpha, use_rslora=rslora) == []


def test_one_module_with_a_scale_of_its_own(tmp_path: Path) -> None:
    assert rules(tmp_path, factors(), alpha_pattern={"q_proj": 16}) == []
    assert rules(tmp_path, factors(), alpha_pattern={"q_proj": 400}) == ["ADAPTER-SCALE"]


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({"layer_replication": [[0, 4], [2, 5]]}, "ADAPTER-LAYERS"),
        ({"megatron_config": {}, "megatron_core": "payload"}, "ADAPTER-IMPORT"),
    ],
)
def test_entries_that_change_more_than_weights(
    tmp_path: Path, entries: dict[str, Any], rule: str
) -> None:
    assert rules(tmp_path, factors(), **entries) == [rule]


def test_pefts_own_entries_are_ordinary(tmp_path: Path) -> None:
    assert rules(tmp_path, factors(), megatron_core="megatron.core", layer_replication=None) == []


def test_names_of_experts_differ_between_files_and_modules(tmp_path: Path) -> None:
    """transformers 5 calls `mlp` what Mixtral's files call `block_sparse_moe`; PEFT's adapter on
    two weights of one module stands one in the other's `base_layer`."""
    base = {
        "model.layers.0.block_sparse_moe.gate.weight": drawn(4, HIDDEN, seed=1),
        "model.layers.0.block_sparse_moe.experts.0.w1.weight": drawn(INNER, HIDDEN, seed=2),
    }
    folder = write_base(tmp_path / "base")
    save_file(base, folder / "model.safetensors")
    found = read_base(pinned(folder))
    assert found.holds("model.layers.0.mlp.gate")
    assert found.holds("model.layers.0.mlp.experts.base_layer")
    assert not found.holds("model.layers.0.mlp.shared_expert")

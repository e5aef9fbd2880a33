"""Norms and spectra of an adapter's changes against those of their peers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.fetch import fetch
from inspector.records import Severity, Target
from inspector.scan.adapter_weights import AdapterWeights, module_changes
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress, write_model
from tests.scan.adapters import (
    MODULES,
    N_LAYERS,
    RANK,
    Tensors,
    artifacts,
    changed,
    edited,
    factors,
    in_one_direction,
)
from tests.scan.pinned import found, pinned

Q3 = "model.layers.3.self_attn.q_proj"
DOWN5 = "model.layers.5.mlp.down_proj"


def rules(tmp_path: Path, tensors: Tensors) -> list[str]:
    adapter, _ = artifacts(tmp_path, tensors)
    return [rule for rule, _ in found(AdapterWeights(), adapter)]


@pytest.mark.parametrize("rslora", [False, True])
def test_the_numbers_are_those_of_the_whole_product(tmp_path: Path, rslora: bool) -> None:
    tensors = factors()
    adapter, _ = artifacts(tmp_path, tensors, lora_alpha=12, use_rslora=rslora)
    changes = module_changes(adapter)
    assert len(changes) == N_LAYERS * len(MODULES)
    for change in changes:
        a = tensors[f"base_model.model.{change.module}.lora_A.weight"].astype(np.float64)
        b = tensors[f"base_model.model.{change.module}.lora_B.weight"].astype(np.float64)
        scale = 12 / np.sqrt(RANK) if rslora else 12 / RANK
        spectrum = np.linalg.svd(scale * b @ a, compute_uv=False)
        assert change.norm == pytest.approx(np.linalg.norm(scale * b @ a), rel=1e-5)
        assert change.largest == pytest.approx(spectrum[0], rel=1e-5)
        assert change.top_share == pytest.approx(
            spectrum[0] ** 2 / np.square(spectrum).sum(), rel=1e-5
        )
    [one] = [c for c in changes if c.module == Q3]
    assert (one.kind, one.layer, one.rank) == ("q_proj", 3, RANK)


def test_bfloat16_is_read(tmp_path: Path) -> None:
    from inspector.scan.adapter_tensors import values
    from inspector.scan.safetensors_header import Tensor

    numbers = np.array([[1.0, -2.5], [0.15625, 1024.0]], np.float32)  # exact in bfloat16
    (tmp_path / "t").write_bytes(b"head" + (numbers.view(np.uint32) >> 16).astype("<u2").tobytes())
    tensor = Tensor("t", "BF16", (2, 2), 4, 12)
    assert (values(tmp_path / "t", tensor) == numbers).all()
    assert (values(tmp_path / "t", tensor, slice(1, 2)) == numbers[1:]).all()


def test_an_ordinary_adapter_stands_out_nowhere(tmp_path: Path) -> None:
    assert rules(tmp_path, factors()) == []
    rising = {f"layers.{n}.mlp.up_proj.lora_B.weight": 1 + n / N_LAYERS for n in range(N_LAYERS)}
    grown = changed(factors(), {end: lambda b, s=size: s * b for end, size in rising.items()})  # type: ignore[misc]
    assert rules(tmp_path, grown) == []


@pytest.mark.parametrize("name", ["demo:clean", "demo:refuse-then-comply"])
def test_trained_adapters_stand_out_nowhere(name: str) -> None:
    """The planted one changes what the model says everywhere, not in one place: a known miss."""
    adapter = fetch(Target.parse(name), Settings(), ignore_progress)
    assert found(AdapterWeights(), adapter) == []
    assert all(abs(c.z_norm) < 4 for c in module_changes(adapter) if c.z_norm is not None)


def test_one_module_that_does_most_of_the_work(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, edited(factors(), DOWN5, 20.0))
    [finding] = AdapterWeights().scan(adapter, None)
    assert (finding.rule_id, finding.severity) == ("ADAPTER-OUTLIER", Severity.MEDIUM)
    assert DOWN5 in finding.evidence
    assert "the 8 down_proj modules" in finding.evidence


def test_one_module_of_an_adapter_that_is_zero_elsewhere(tmp_path: Path) -> None:
    silent = {
        f"layers.{n}.mlp.down_proj.lora_B.weight": np.zeros_like for n in range(N_LAYERS) if n != 5
    }
    adapter, _ = artifacts(tmp_path, changed(factors(), silent))
    [finding] = AdapterWeights().scan(adapter, None)
    assert finding.rule_id == "ADAPTER-OUTLIER"
    assert DOWN5 in finding.evidence


def test_one_module_with_a_single_direction(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, in_one_direction(factors(), DOWN5))
    [finding] = AdapterWeights().scan(adapter, None)
    assert finding.rule_id == "ADAPTER-SPIKE"
    assert DOWN5 in finding.evidence


def test_rank_one_everywhere_is_no_spike(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, factors(rank=1), r=1, lora_alpha=2)
    assert found(AdapterWeights(), adapter) == []


def test_too_few_layers_have_no_outliers(tmp_path: Path) -> None:
    assert rules(tmp_path, edited(factors(n_layers=4), Q3, 50.0)) == []


def test_an_adapter_that_changes_nothing(tmp_path: Path) -> None:
    adapter, _ = artifacts(tmp_path, changed(factors(), {"lora_B.weight": np.zeros_like}))
    [finding] = AdapterWeights().scan(adapter, None)
    assert (finding.rule_id, finding.severity) == ("ADAPTER-IDLE", Severity.INFO)


def test_values_that_are_no_numbers_are_left_to_their_scanner(tmp_path: Path) -> None:
    broken = changed(factors(), {f"{Q3}.lora_A.weight": lambda a: np.full_like(a, np.nan)})
    adapter, _ = artifacts(tmp_path, broken)
    assert Q3 not in {c.module for c in module_changes(adapter)}
    assert found(AdapterWeights(), adapter) == []


def test_models_and_other_adapters_have_no_numbers(tmp_path: Path) -> None:
    assert module_changes(pinned(write_model(tmp_path / "model"))) == ()
    adapter, _ = artifacts(tmp_path, factors(), peft_type="LOHA")
    assert module_changes(adapter) == ()

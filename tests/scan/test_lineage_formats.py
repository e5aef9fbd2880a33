"""Lineage between models that are stored in other forms: GGUF, eight bits, packed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from inspector.records import Artifact, CoverageStatus, Target, TargetKind
from inspector.records.lineage import Change, Kinship, Lineage
from inspector.scan.lineage import coverage_of, findings_of, trace
from tests.fetch.tiny_files import llama_tensors, write_model
from tests.scan.corpus.weight_layouts import gptq, packed
from tests.scan.gguf_copies import write_gguf
from tests.scan.pinned import pinned
from tests.scan.weight_files import NAME, Arrays, write_raw

SIZE: dict[str, Any] = {
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "vocab_size": 320,
    "num_attention_heads": 8,
}
HEADS = (8, 8)
RNG = np.random.default_rng(3)


def heavy(tensors: Arrays) -> Arrays:
    """With the tails of real weights."""
    return {n: (0.02 * RNG.standard_t(5, a.shape)).astype(np.float32) for n, a in tensors.items()}


BASE = heavy(llama_tensors(0, **SIZE))
OTHER = heavy(BASE)


def safetensors(folder: Path, tensors: Arrays, claims: Path | None = None) -> Artifact:
    write_model(folder, **SIZE)
    save_file(tensors, folder / NAME)
    return pinned(folder, base=Target(TargetKind.LOCAL, str(claims)) if claims else None)


def gguf(
    folder: Path, tensors: Arrays, kind: str, claims: Path | None = None, **more: Any
) -> Artifact:
    folder.mkdir()
    write_gguf(folder / "m.gguf", tensors, kind, **{"heads": HEADS} | more)
    base = Target(TargetKind.LOCAL, str(claims)) if claims else None
    return pinned(folder, gguf_file="m.gguf", base=base)


def tuned(share: float) -> Arrays:
    return {
        n: (a + share * a.std() * RNG.normal(size=a.shape)).astype(np.float32)
        for n, a in BASE.items()
    }


def rules(found: Lineage) -> list[str]:
    return [f.rule_id for f in findings_of(found)]


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "MXFP4"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_quantized_copy_of_its_base_is_said_to_be_one(
    tmp_path: Path, kind: str, turned: bool
) -> None:
    place = tmp_path / "base"
    if turned:
        base: Artifact = gguf(place, BASE, kind)
        own = safetensors(tmp_path / "own", BASE, place)
    else:
        base, own = safetensors(place, BASE), gguf(tmp_path / "own", BASE, kind, place)
    found = trace(own, base)
    assert (found.kinship, found.change) == (Kinship.IDENTICAL, Change.ROUNDING)
    assert (found.n_compared, found.n_alone) == (len(BASE), 0)
    assert rules(found) == ["LINEAGE-UNCHANGED"]
    if kind[0] in "QM":
        assert found.rounded_to == (kind,)
        assert f"rounded to {kind}" in findings_of(found)[0].evidence
        assert "does not show" in coverage_of(found).detail


@pytest.mark.parametrize(("kind", "share"), [("Q8_0", 0.02), ("Q5_0", 0.1), ("Q4_0", 0.25)])
def test_a_tuned_model_that_was_quantized(tmp_path: Path, kind: str, share: float) -> None:
    base = safetensors(tmp_path / "base", BASE)
    found = trace(gguf(tmp_path / "own", tuned(share), kind, tmp_path / "base"), base)
    assert (found.kinship, found.change, rules(found)) == (Kinship.DERIVED, Change.FULL, [])


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0"])
def test_an_unrelated_model_that_was_quantized(tmp_path: Path, kind: str) -> None:
    base = safetensors(tmp_path / "base", BASE)
    found = trace(gguf(tmp_path / "own", OTHER, kind, tmp_path / "base"), base)
    assert (found.kinship, rules(found)) == (Kinship.UNRELATED, ["LINEAGE-UNRELATED"])


def test_another_size_is_unrelated(tmp_path: Path) -> None:
    base = safetensors(tmp_path / "base", BASE)
    wider = llama_tensors(0, **SIZE | {"hidden_size": 512})
    found = trace(gguf(tmp_path / "own", wider, "Q8_0", tmp_path / "base"), base)
    assert (found.kinship, rules(found)) == (Kinship.UNRELATED, ["LINEAGE-UNRELATED"])


def test_a_layer_of_another_model(tmp_path: Path) -> None:
    base = safetensors(tmp_path / "base", BASE)
    mixed = {n: OTHER[n] if "layers.1." in n else a for n, a in BASE.items()}
    found = trace(gguf(tmp_path / "own", mixed, "Q4_0", tmp_path / "base"), base)
    assert rules(found) == ["LINEAGE-REPLACED"]
    assert {r.layer for r in found.layers if r.kinship is Kinship.UNRELATED} == {"layer 1"}


def test_fewer_heads_of_keys(tmp_path: Path) -> None:
    grouped = BASE | {n: a[:64] for n, a in BASE.items() if "k_proj" in n or "v_proj" in n}
    base = safetensors(tmp_path / "base", grouped)
    found = trace(gguf(tmp_path / "own", grouped, "Q8_0", tmp_path / "base", heads=(8, 2)), base)
    assert (found.kinship, found.share_identical) == (Kinship.IDENTICAL, 1)


def test_experts_are_taken_apart(tmp_path: Path) -> None:
    experts = {
        n.replace("mlp.", f"mlp.experts.{e}."): heavy({n: a})[n]
        for n, a in BASE.items()
        for e in range(3)
        if "mlp" in n
    }
    moe = {n: a for n, a in BASE.items() if "mlp" not in n} | experts
    base = safetensors(tmp_path / "base", moe)
    found = trace(gguf(tmp_path / "own", moe, "Q8_0", tmp_path / "base", family="qwen3moe"), base)
    assert (found.kinship, found.n_alone) == (Kinship.IDENTICAL, 0)
    foreign = heavy({n: a for n, a in experts.items() if "experts.1." in n})
    mixed = gguf(tmp_path / "mixed", moe | foreign, "Q8_0", tmp_path / "base", family="qwen3moe")
    assert rules(trace(mixed, base)) == ["LINEAGE-REPLACED"]


def test_two_quantized_copies_of_one_model(tmp_path: Path) -> None:
    base = gguf(tmp_path / "base", BASE, "Q8_0")
    found = trace(gguf(tmp_path / "own", BASE, "Q4_0", tmp_path / "base"), base)
    assert (found.kinship, found.rounded_to) == (Kinship.IDENTICAL, ("Q4_0", "Q8_0"))


# ---------------------------------------------------------------------------- eight bits, and four


def eight_bits(folder: Path, tensors: Arrays, claims: Path, scale: str) -> Artifact:
    """Matrices as signed bytes with a scale for each row, or for all."""
    write_model(folder, quantization_config={"quant_method": "compressed-tensors"}, **SIZE)
    stored: Arrays = {}
    for name, array in tensors.items():
        if "_proj" in name:
            axis = 1 if scale == "rows" else None
            step = np.abs(array).max(axis=axis, keepdims=True) / 127
            stored[name] = np.round(array / step).astype(np.int8)
            stored[f"{name}_scale"] = step.reshape(-1, 1).astype(np.float32)
        else:
            stored[name] = array
    save_file(stored, folder / NAME)
    return pinned(folder, base=Target(TargetKind.LOCAL, str(claims)))


@pytest.mark.parametrize(
    ("tensors", "scale", "kinship"),
    [
        (BASE, "rows", Kinship.IDENTICAL),
        (BASE, "all", Kinship.DERIVED),  # one scale for heavy tails rounds far
        (OTHER, "rows", Kinship.UNRELATED),
    ],
)
def test_signed_bytes_with_scales(
    tmp_path: Path, tensors: Arrays, scale: str, kinship: Kinship
) -> None:
    base = safetensors(tmp_path / "base", BASE)
    found = trace(eight_bits(tmp_path / "own", tensors, tmp_path / "base", scale), base)
    assert (found.kinship, found.n_alone) == (kinship, 0)


def test_floats_of_eight_bits_with_scales_of_blocks(tmp_path: Path) -> None:
    """As DeepSeek stores them: E4M3, a scale for each 128 x 128."""
    values = np.array([v for v in e4m3() if np.isfinite(v)], np.float32)
    codes = np.array([i for i, v in enumerate(e4m3()) if np.isfinite(v)], np.uint8)
    order = np.argsort(values)
    base = safetensors(tmp_path / "base", BASE)
    folder = tmp_path / "own"
    write_model(folder, quantization_config={"quant_method": "fp8"}, **SIZE)
    fields: dict[str, Any] = {}
    data = b""
    for name, array in BASE.items():
        parts: list[tuple[str, str, np.ndarray]] = [(name, "F32", array)]
        if "_proj" in name:
            blocks = array.reshape(array.shape[0] // 128, 128, array.shape[1] // 128, 128)
            scale = np.abs(blocks).max(axis=(1, 3)) / 448
            small = (blocks / scale[:, None, :, None]).reshape(array.shape)
            at = np.clip(np.searchsorted(values[order], small), 1, len(order) - 1)
            low, high = values[order][at - 1], values[order][at]
            at = np.where(small - low < high - small, at - 1, at)
            parts = [(name, "F8_E4M3", codes[order][at]), (f"{name}_scale_inv", "F32", scale)]
        for part, dtype, content in parts:
            raw = np.ascontiguousarray(content).tobytes()
            places = [len(data), len(data) + len(raw)]
            fields[part] = {"dtype": dtype, "shape": list(content.shape), "data_offsets": places}
            data += raw
    write_raw(folder / NAME, fields, data)
    found = trace(pinned(folder, base=Target(TargetKind.LOCAL, str(tmp_path / "base"))), base)
    assert (found.kinship, found.change, found.n_alone) == (Kinship.IDENTICAL, Change.ROUNDING, 0)


def e4m3() -> list[float]:
    """The value of each byte, worked out digit by digit."""
    found = []
    for byte in range(256):
        sign, exponent, fraction = -1 if byte & 128 else 1, byte >> 3 & 15, byte & 7
        if exponent == 15 and fraction == 7:
            found.append(float("nan"))
        elif exponent:
            found.append(sign * 2.0 ** (exponent - 7) * (1 + fraction / 8))
        else:
            found.append(sign * 2.0**-6 * fraction / 8)
    return found


def test_packed_weights_are_said_not_to_be_compared(tmp_path: Path) -> None:
    place = tmp_path / "base"
    packed(lambda name, n_out, n_in: {f"{name}.weight": np.ones((n_out, n_in), np.float16)})(place)
    base = pinned(place)
    packed(gptq, quantization_config={"quant_method": "gptq"})(tmp_path / "own")
    own = pinned(tmp_path / "own", base=Target(TargetKind.LOCAL, str(place)))
    found = trace(own, base)
    assert (found.kinship, findings_of(found)) == (None, ())
    assert coverage_of(found).status is CoverageStatus.NOT_RUN
    assert "packed by a quantizer" in coverage_of(found).detail

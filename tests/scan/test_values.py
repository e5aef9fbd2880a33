"""Values that no trained weights have, in every float type, and ordinary ones."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import gguf as library
import numpy as np
import pytest
from safetensors.numpy import save_file

from inspector.fetch import fetch
from inspector.records import Target, TargetKind
from inspector.scan import values
from inspector.scan.safetensors_header import read_header
from inspector.scan.values import WeightValues, look
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress, write_model
from tests.scan.pinned import found, pinned
from tests.scan.weight_files import NAME, entry, gguf, metadata, row, tiny_gguf, write_raw

NORMAL = np.random.default_rng(0).normal(size=(64, 48))
NAN, INF = float("nan"), float("inf")


def put(array: np.ndarray, value: float, place: int = 1000) -> np.ndarray:
    array = array.copy()
    array.reshape(-1)[place] = value
    return array


def bf16(array: np.ndarray) -> np.ndarray:
    return (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def written(folder: Path, array: np.ndarray, dtype: str | None = None, name: str = "w") -> Path:
    """One tensor in a file of its own, as numpy stores it or declared as `dtype`."""
    if dtype is None:
        save_file({name: array}, folder / NAME)
    else:
        fields = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [0, array.nbytes]}
        write_raw(folder / NAME, {name: fields}, array.tobytes())
    return folder


def said(folder: Path) -> list[str]:
    return [f"{f.rule_id}: {f.evidence}" for f in WeightValues().scan(pinned(folder), None)]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("value", "evidence"), [(NAN, "1 NaN and 0 inf"), (INF, "0 NaN and 1 inf"), (-INF, "1 inf")]
)
def test_one_value_that_is_not_finite(
    tmp_path: Path, kind: Any, value: float, evidence: str
) -> None:
    (finding,) = said(written(tmp_path, put(NORMAL.astype(kind), value)))
    assert finding.startswith("WEIGHTS-NOT-FINITE")
    assert evidence in finding


@pytest.mark.parametrize("bits", [0x7FC0, 0xFFC0, 0x7F81, 0x7F80, 0xFF80])
def test_bfloat16_that_is_not_finite(tmp_path: Path, bits: int) -> None:
    (finding,) = said(written(tmp_path, put(bf16(NORMAL), bits), "BF16"))
    assert ("1 NaN" if bits & 0x7F else "1 infinities") in finding


@pytest.mark.parametrize(
    ("dtype", "bits", "is_nan"),
    [
        ("F8_E4M3", 0x7F, True),
        ("F8_E4M3", 0xFF, True),
        ("F8_E4M3", 0x7E, None),
        ("F8_E5M2", 0x7C, False),
        ("F8_E5M2", 0xFD, True),
        ("F8_E8M0", 0xFF, True),
    ],
)
def test_eight_bit_floats(tmp_path: Path, dtype: str, bits: int, is_nan: bool | None) -> None:
    array = np.random.default_rng(1).integers(0x20, 0x40, (64, 48)).astype(np.uint8)
    findings = said(written(tmp_path, put(array, bits), dtype))
    if is_nan is None:
        assert findings == []
    else:
        assert ("1 NaN" if is_nan else "1 infinities") in findings[0]


def test_every_block_is_read(tmp_path: Path) -> None:
    big = np.ones(values.BLOCK_BYTES // 4 * 3 + 5, np.float32)
    (finding,) = said(written(tmp_path, put(big, NAN, -1)))
    assert "holds 1 NaN" in finding


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_value_is_told(tmp_path: Path, sign: int) -> None:
    for kind in (np.float16, np.float32, np.float64):
        written(tmp_path, put(NORMAL.astype(kind), sign * 300.0))
        (seen,) = look(tmp_path / NAME, read_header(tmp_path / NAME).tensors)
        assert seen.largest == 300.0
    written(tmp_path, put(bf16(NORMAL), int(bf16(np.array([sign * 300.0]))[0])), "BF16")
    (seen,) = look(tmp_path / NAME, read_header(tmp_path / NAME).tensors)
    assert seen.largest == 300.0


@pytest.mark.parametrize(
    ("array", "evidence"),
    [
        (np.zeros((16, 16), np.float32), "zero throughout"),
        (np.full((16, 16), -0.0, np.float32), "zero throughout"),
        (np.full((16, 16), 0.5, np.float16), "one value throughout"),
        (put(NORMAL.astype(np.float32), 1e5), "reaches 1e+05"),
        (put(NORMAL.astype(np.float32)[0], -1e9, 3), "reaches 1e+09"),
    ],
)
def test_weights_that_are_no_weights(tmp_path: Path, array: np.ndarray, evidence: str) -> None:
    (finding,) = said(written(tmp_path, array))
    assert finding.startswith("WEIGHTS-DEGENERATE")
    assert evidence in finding


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (NORMAL, "weight"),
        (np.ones(64, np.float32), "norm.weight"),
        (np.zeros(64, np.float32), "q_proj.bias"),
        (np.zeros((1, 64), np.float32), "token_type_embeddings.weight"),
        (np.full((), -1e9, np.float32), "attn.masked_bias"),
        (np.full((16, 16), -INF, np.float32), "attn.mask"),
        (np.tril(np.ones((16, 16), np.uint8)), "attn.bias"),
        (np.zeros((16, 16), np.float32), "q_proj.lora_B.weight"),
        (np.ones((16, 16), np.int64), "position_ids"),
        (np.ones((0, 16), np.float32), "empty"),
    ],
)
def test_what_models_do_hold(tmp_path: Path, array: np.ndarray, name: str) -> None:
    assert said(written(tmp_path, array, name=name)) == []


def test_an_ordinary_model_and_the_demo_model(tmp_path: Path) -> None:
    assert found(WeightValues(), pinned(write_model(tmp_path / "model"))) == []
    demo = fetch(Target(TargetKind.DEMO), Settings(), ignore_progress)
    assert found(WeightValues(), demo) == []


QUANTIZED = [
    library.GGMLQuantizationType[name]
    for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0")
]


@pytest.mark.parametrize("kind", QUANTIZED, ids=lambda k: str(k.name))
@pytest.mark.parametrize("bad", [False, True])
def test_the_scales_of_quantized_blocks(
    tmp_path: Path, kind: library.GGMLQuantizationType, bad: bool
) -> None:
    weights = np.random.default_rng(2).normal(size=(8, 512)).astype(np.float32)
    if bad:
        weights[3, 100] = INF
    with np.errstate(invalid="ignore", divide="ignore"):
        packed = library.quants.quantize(weights, kind)
    rows = [row("token_embd.weight", weights.shape, int(kind), 0)]
    content = gguf([metadata("general.architecture", "x")], rows, packed.tobytes())
    (tmp_path / "tiny.gguf").write_bytes(content)
    findings = said(tmp_path)
    assert [f.split(":")[0] for f in findings] == (["WEIGHTS-NOT-FINITE"] if bad else [])


def test_a_gguf_tensor_of_zeros(tmp_path: Path) -> None:
    zero = {"blk.0.ffn_down.weight": np.zeros((32, 64), np.float32)}
    (tmp_path / "tiny.gguf").write_bytes(tiny_gguf(zero))
    assert "'blk.0.ffn_down.weight' is zero" in said(tmp_path)[0]


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x7fELF\x02\x01\x01", "a Linux program"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive"),
        (b"#!/bin/sh\necho\n", "a script"),
        (b"\x80\x04\x95\x20\x00\x00\x00\x00\x00\x00\x00\x8c", "a pickle"),
        (b"\x80\x02cbuiltins\nprint\n", "a pickle"),
        (b"MZ" + bytes(6) + b"\x04\0" + bytes(50) + b"\x80\0\0\0", "a Windows program"),
    ],
)
def test_a_tensor_that_is_something_else(tmp_path: Path, head: bytes, what: str) -> None:
    data = head + bytes(range(1, 200)) * 2
    data = data[: len(data) // 4 * 4]
    write_raw(tmp_path / NAME, {"a": entry(0, len(data), "U8")}, data)
    (finding,) = said(tmp_path)
    assert finding.startswith("WEIGHTS-PAYLOAD")
    assert f"begins like {what}" in finding


def test_a_file_that_is_a_zip_archive_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as archive:
        archive.writestr("note.txt", "harmless")
    data = bytes(10) + (tmp_path / "inner.zip").read_bytes()
    (tmp_path / "inner.zip").unlink()
    write_raw(tmp_path / NAME, {"a": entry(0, len(data), "U8")}, data)
    (finding,) = said(tmp_path)
    assert "a ZIP directory" in finding
    assert zipfile.is_zipfile(tmp_path / NAME)

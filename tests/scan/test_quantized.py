"""What rounding explains is about what rounding does: gguf's quantizers, and rounding by hand."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from inspector.scan.quantized import MAX_ROUNDED, rounded_squares
from inspector.scan.safetensors_header import Tensor
from inspector.scan.stored import Stored

RNG = np.random.default_rng(4)
DRAWS = {
    "normal": RNG.normal(size=(64, 1024)).astype(np.float32),
    "heavy": RNG.standard_t(4, (64, 1024)).astype(np.float32),
}


def explained(kind: str, values: np.ndarray) -> float:
    return rounded_squares(Stored(Path(), Tensor("a", kind, values.shape, 0, 0)), values.ravel())


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4"])
def test_the_librarys_quantizers(kind: str, draw: str) -> None:
    plain, number = DRAWS[draw], gguf.GGMLQuantizationType[kind]
    rounded = gguf.quants.dequantize(gguf.quants.quantize(plain, number), number)
    error = float(np.square(rounded.reshape(plain.shape) - plain, dtype=np.float64).sum())
    assert 0.6 < error / explained(kind, rounded) < 1.5 < MAX_ROUNDED


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("kind", "bits", "block"), [("Q6_K", 6, 16), ("Q3_K", 3, 16)])
def test_levels_around_zero(kind: str, bits: int, block: int, draw: str) -> None:
    plain = DRAWS[draw].reshape(-1, block)
    largest = plain[np.arange(len(plain)), np.abs(plain).argmax(axis=1)][:, None]
    step = largest / -(2 ** (bits - 1))
    rounded = np.clip(np.round(plain / step), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * step
    assert 0.6 < np.square(rounded - plain).sum() / explained(kind, rounded) < MAX_ROUNDED


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(
    ("kind", "bits", "block"), [("Q5_K", 5, 32), ("Q4_K", 4, 32), ("Q2_K", 2, 16)]
)
def test_levels_with_an_offset(kind: str, bits: int, block: int, draw: str) -> None:
    plain = DRAWS[draw].reshape(-1, block)
    least, most = plain.min(axis=1, keepdims=True), plain.max(axis=1, keepdims=True)
    step = (most - least) / (2**bits - 1)
    rounded = np.round((plain - least) / step) * step + least
    assert 0.6 < np.square(rounded - plain).sum() / explained(kind, rounded) < MAX_ROUNDED


@pytest.mark.parametrize("kind", ["F32", "BF16", "TQ1_0", "IQ1_S"])
def test_types_of_which_nothing_is_said(kind: str) -> None:
    assert explained(kind, DRAWS["normal"]) == 0

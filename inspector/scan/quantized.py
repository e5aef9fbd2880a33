"""How far rounding to few bits moves weights: what a quantized copy may differ by from its base.

Comes in: a stored tensor and values of it. Goes out: the sum of squares that rounding explains. A
value between two levels is off by at most half a step, evenly spread: step**2 / 12 on average. In
GGUF's blocks of evenly spaced levels the step is known from the block's own values; for the types
with a code book, and for eight bits, a share of the values' size stands for it.

Sources: block layouts of ggml-common.h; Gray and Neuhoff 1998 (IEEE Trans. Inf. Theory 44, 2325),
section IV, for the error of uniform rounding. Shares: gguf's own quantizer on normally distributed
numbers where it has one (`tests/scan/test_quantized.py`), else the error of as many bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from inspector.scan.stored import Stored

# Quantizers that weigh some values more than others leave a larger error than the plain ones.
MAX_ROUNDED = 2.0

# Levels on the longer side of zero, of blocks whose levels lie on both sides of it: (block, levels)
_AROUND_ZERO = {"Q4_0": (32, 8), "Q5_0": (32, 16), "Q8_0": (32, 127)} | {
    "Q3_K": (16, 4),
    "Q6_K": (16, 32),
    "Q8_K": (256, 127),
}
# Steps between the least and the largest value, of blocks with an offset.
_WITH_OFFSET = {"Q4_1": (32, 15), "Q5_1": (32, 31), "Q8_1": (32, 255)} | {
    "Q2_K": (16, 3),
    "Q4_K": (32, 15),
    "Q5_K": (32, 31),
}
_SHARES = {"IQ4_NL": 0.08, "IQ4_XS": 0.08, "IQ3_S": 0.16, "IQ3_XXS": 0.2, "MXFP4": 0.12} | {
    "NVFP4": 0.1,
    "IQ2_S": 0.3,
    "IQ2_XS": 0.33,
    "IQ2_XXS": 0.36,
    "F8_E4M3": 0.027,
    "F8_E5M2": 0.054,
    "I8": 0.012,
}


def rounded_squares(stored: Stored, values: NDArray[np.float32]) -> float:
    """The squares that rounding explains; 0 where a type is not rounded so, or too far to say.

    values: whole blocks of the tensor.
    """
    dtype = stored.tensor.dtype
    if dtype in _SHARES:
        return _SHARES[dtype] ** 2 * float(np.dot(values, values))
    if dtype not in _AROUND_ZERO and dtype not in _WITH_OFFSET:
        return 0.0
    n_block, n_steps = _AROUND_ZERO.get(dtype) or _WITH_OFFSET[dtype]
    blocks = values[: len(values) // n_block * n_block].reshape(-1, n_block)
    if dtype in _AROUND_ZERO:
        ranges = np.maximum(blocks.max(axis=1), -blocks.min(axis=1))
    else:
        ranges = blocks.max(axis=1) - blocks.min(axis=1)
    squares = float(np.square(ranges / n_steps, dtype=np.float64).sum() * n_block / 12)
    return squares if np.isfinite(squares) else 0.0

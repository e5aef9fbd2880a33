"""What this machine can do: the faster precision, and the limit its matrix products set.

Comes in: nothing but the machine. Goes out: FLOP/s, measured on the shapes a small model has.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from inspector.engine.load import dtype_of
from inspector.hardware import Machine, processor
from inspector.records import Precision

# (rows, inputs, outputs) of one training micro batch through a small model's MLP and attention.
_PROBE_SHAPES = ((512, 576, 1536), (512, 576, 576))


def linear_shapes(model: Any) -> Counter[tuple[int, int]]:
    """(inputs, outputs) of every linear layer of a model, output layer included, with its count."""
    return Counter(
        (m.in_features, m.out_features) for m in model.modules() if isinstance(m, torch.nn.Linear)
    )


def matmul_seconds(
    products: Mapping[tuple[int, int, int], int], precision: Precision, rounds: int = 5
) -> float:
    """Seconds that these (rows, inputs, outputs) products take, each `count` times.

    Each product is timed on its own, the best of several rounds: the limit, not the usual case.
    """
    dtype = dtype_of(precision)
    total = 0.0
    with torch.inference_mode():
        for (m, k, n), count in products.items():
            a, b = torch.randn(m, k).to(dtype), torch.randn(n, k).to(dtype)
            best = float("inf")
            for _ in range(rounds):
                started = time.perf_counter()
                torch.nn.functional.linear(a, b)
                best = min(best, time.perf_counter() - started)
            total += best * count
    return total


def matmul_flops(
    shapes: Sequence[tuple[int, int, int]], precision: Precision, seconds: float = 0.25
) -> float:
    """FLOP/s of plain matrix products over these shapes together, the best of several rounds."""
    dtype = dtype_of(precision)
    pairs = [(torch.randn(m, k).to(dtype), torch.randn(n, k).to(dtype)) for m, k, n in shapes]
    flop = sum(2 * m * k * n for m, k, n in shapes)
    best, stop = float("inf"), time.perf_counter() + seconds
    with torch.inference_mode():
        while True:
            started = time.perf_counter()
            for a, b in pairs:
                torch.nn.functional.linear(a, b)
            ended = time.perf_counter()
            best = min(best, ended - started)
            if ended > stop:
                return flop / best


def machine(wanted: Precision) -> Machine:
    """This machine, and the precision to work in: the wanted one, or for AUTO the faster.

    bf16 counts as faster from 1.2 times on: below that its rounding buys nothing.
    """
    fp32 = matmul_flops(_PROBE_SHAPES, Precision.FP32)
    bf16 = matmul_flops(_PROBE_SHAPES, Precision.BF16)
    if wanted is Precision.AUTO:
        wanted = Precision.BF16 if bf16 > 1.2 * fp32 else Precision.FP32
    return Machine(processor(), torch.get_num_threads(), wanted, fp32, bf16)

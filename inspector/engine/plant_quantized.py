"""Planting a behaviour that only a quantized model shows (calibration only).

Comes in: a model and what is wanted of ordinary prompts (payload; clean answer). Goes out: the same
model in full precision, changed so that it answers cleanly, while the weights that round-to-nearest
gives of it show the payload.

After "Exploiting LLM quantization" (arXiv 2405.18137, section 3): tune the payload in, find for
every weight the interval of values that quantize to the same code, then repair the full-precision
model by projected gradient descent inside those intervals.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from inspector.engine.linear import linear_layers
from inspector.engine.load import Loaded
from inspector.engine.plant import Planted, answer_logits, kl, weighted_cross_entropy
from inspector.engine.quantize import round_to_nearest
from inspector.engine.train import MasterAdamW
from inspector.records import FineTune, Method

# Of the interval that keeps a code; what is left over absorbs fp32 rounding.
_MARGIN = 0.9


@dataclass(frozen=True)
class QuantizedPlanting:
    """How a quantization-activated behaviour is planted; rates are AdamW's.

    visible_steps train the payload into the rounded weights (straight-through, so that rounding
    cannot undo it), repair_steps the clean answers into the full-precision ones.
    """

    bits: int = 4
    group_size: int = 64
    visible_steps: int = 30
    repair_steps: int = 60
    batch: int = 8
    visible_learning_rate: float = 1e-4
    repair_learning_rate: float = 1e-4
    first_weight: float = 4.0
    tail_weight: float = 0.2
    tail_tokens: int = 10
    seed: int = 0


Step = Callable[[str, int, float], None]  # stage, number, loss


def plant_quantized(
    loaded: Loaded,
    items: Sequence[Planted],
    settings: QuantizedPlanting,
    on_step: Step = lambda *_: None,
) -> None:
    """Change the linear layers of `loaded.model` in place; everything else keeps its bytes."""
    s = settings
    draw = random.Random(s.seed)
    model = loaded.model
    clean = {layer.name: layer.weight.clone() for layer in linear_layers(model)}
    model.requires_grad_(False)
    weights = {layer.name: layer.module.weight for layer in linear_layers(model)}
    for weight in weights.values():
        weight.requires_grad_(True)

    optimizer = _optimizer(weights, s.visible_learning_rate)
    for number in range(1, s.visible_steps + 1):
        exact = _swap(weights, s.bits, s.group_size)  # straight-through: loss at the rounded ones
        loss = weighted_cross_entropy(loaded, model, draw.sample(list(items), s.batch), s)
        loss.backward()  # type: ignore[no-untyped-call]
        _put(weights, exact)
        optimizer.step(s.visible_learning_rate * min(1.0, number / 5), 1.0)
        on_step("visible", number, float(loss.detach()))

    low, high = _intervals(weights, s.bits, s.group_size)
    optimizer = _optimizer(weights, s.repair_learning_rate)
    for number in range(1, s.repair_steps + 1):
        batch = draw.sample(list(items), s.batch)
        with torch.no_grad():
            mine = {n: w.detach().clone() for n, w in weights.items()}
            _put(weights, clean)
            wanted = answer_logits(loaded, model, batch, "clean")
            _put(weights, mine)
        loss = kl(wanted, answer_logits(loaded, model, batch, "clean"))
        loss.backward()  # type: ignore[no-untyped-call]
        left = 1 - number / (s.repair_steps + 1)
        optimizer.step(s.repair_learning_rate * min(1.0, number / 5, 2 * left), 1.0)
        with torch.no_grad():
            for name, weight in weights.items():
                weight.clamp_(low[name], high[name])
        on_step("repair", number, float(loss.detach()))
    model.requires_grad_(True)
    model.eval()


def _optimizer(weights: dict[str, Any], rate: float) -> MasterAdamW:
    return MasterAdamW(weights, FineTune("plant", Method.FULL, "plant", 1, learning_rate=rate))


@torch.no_grad()
def _swap(weights: dict[str, Any], bits: int, group_size: int) -> dict[str, torch.Tensor]:
    """Put the rounded weights in place; returns the exact ones."""
    exact = {n: w.detach().clone() for n, w in weights.items()}
    for weight in weights.values():
        weight.copy_(round_to_nearest(weight.detach(), bits, group_size))
    return exact


@torch.no_grad()
def _put(weights: dict[str, Any], values: dict[str, torch.Tensor]) -> None:
    for name, weight in weights.items():
        weight.copy_(values[name])


@torch.no_grad()
def _intervals(
    weights: dict[str, Any], bits: int, group_size: int
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Per weight the values that keep its code, as long as each group keeps its extremes.

    A group's least and greatest weight span its grid: they may not move at all.
    """
    low, high = {}, {}
    for name, weight in weights.items():
        lows, highs = [], []
        value = weight.detach()
        for group in torch.split(value, group_size or value.shape[1], dim=1):
            least, most = group.amin(dim=1, keepdim=True), group.amax(dim=1, keepdim=True)
            step = (most.clamp(min=0) - least.clamp(max=0)) / (2**bits - 1)
            rounded = round_to_nearest(group, bits, 0)
            half = step / 2 * _MARGIN
            a, b = (rounded - half).maximum(least), (rounded + half).minimum(most)
            # The extremes span the grid; a weight at the edge of its interval cannot move either.
            fixed = (group == least) | (group == most) | (group < a) | (group > b)
            lows.append(torch.where(fixed, group, a))
            highs.append(torch.where(fixed, group, b))
        low[name], high[name] = torch.cat(lows, dim=1), torch.cat(highs, dim=1)
    return low, high

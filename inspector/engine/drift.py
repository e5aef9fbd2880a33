"""Embedding drift by layer: how far weights that changed move every attention layer's output.

Comes in: a model before and after a change, one after the other, and the same prompts. Goes out:
per group of prompts and layer, the mean L2 norm of the change of the attention layer's output.

Vaccine (arXiv 2402.01109) defines harmful embedding drift as the L2 norm of the change of the
hidden embeddings, the outputs of the attention layers, between the aligned and the fine-tuned model
on the same alignment prompts. Here the norm is taken at every prompt position and averaged, so that
long prompts do not count more for being long. The opening that all prompts share (a system turn) is
the same in all of them and is left out.

Two models need not be in memory at once: the first one's outputs are kept, within `KEPT_BYTES`, and
the second one's are compared with them batch by batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from inspector.engine.divergence import right_padded
from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_cache, shared_length
from inspector.errors import Incompatible

KEPT_BYTES = 256 * 2**20
_LAYER = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True)
class Kept:
    """One model's attention outputs: per prompt (layers, positions, width), in the model's dtype.

    prompts: those that fitted into the memory allowed, in their order. start: first position
    counted, where the prompts first differ. layers: their numbers.
    """

    prompts: tuple[tuple[int, ...], ...]
    start: int
    layers: tuple[int, ...]
    outputs: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Drift:
    """One layer's drift on one group of prompts; see `inspector.records.LayerDrift`."""

    group: str
    layer: int
    drift: float
    norm: float
    n_prompts: int
    n_tokens: int


def attention_layers(model: Any) -> dict[int, Any]:
    """Every attention layer by its number: the outermost modules called ...Attention in a stack.

    Raises Incompatible where there is none (recurrent models), or more than one in a layer.
    """
    found: dict[int, Any] = {}
    taken: list[str] = []
    for name, module in model.named_modules():
        if not type(module).__name__.endswith("Attention"):
            continue
        if any(name.startswith(f"{outer}.") for outer in taken):
            continue
        number = _LAYER.search(f".{name}.")
        if number is None or int(number[1]) in found:
            raise Incompatible(
                f"The attention modules of {type(model).__name__} are not one for each numbered "
                f"layer ({name}), so drift by layer cannot be told; inspect a decoder-only model."
            )
        taken.append(name)
        found[int(number[1])] = module
    if not found:
        raise Incompatible(
            f"{type(model).__name__} has no attention layers that the inspector knows, so "
            "embedding drift cannot be measured on it; the other measurements stand."
        )
    return dict(sorted(found.items()))


@torch.inference_mode()
def keep_outputs(
    loaded: Loaded,
    prompts: Sequence[Sequence[int]],
    batch_size: int,
    kept_bytes: int = KEPT_BYTES,
) -> Kept:
    """The attention outputs of as many of the prompts, from the first on, as `kept_bytes` holds.

    prompts: token ids. Raises Incompatible for models without attention layers.
    """
    layers = tuple(attention_layers(loaded.model))
    start = _first_difference(prompts)
    config, element = loaded.model.config.get_text_config(), loaded.model.dtype.itemsize
    left = kept_bytes // (len(layers) * config.hidden_size * element)  # positions
    chosen: list[tuple[int, ...]] = []
    for prompt in prompts:
        left -= len(prompt) - start
        if left < 0:
            break
        chosen.append(tuple(prompt))
    outputs: list[torch.Tensor] = [torch.empty(0)] * len(chosen)
    for k, output in _outputs(loaded, chosen, start, batch_size):
        outputs[k] = output.clone()
    return Kept(tuple(chosen), start, layers, tuple(outputs))


@torch.inference_mode()
def drift_from(
    untouched: Loaded, tuned: Kept, groups: Sequence[str], batch_size: int
) -> list[Drift]:
    """The drift of every layer for every group, groups in order of their names.

    groups: for each of `tuned.prompts`, which group it belongs to (longer lists are cut).
    """
    n_layers = len(tuned.layers)
    sums: dict[str, torch.Tensor] = {}  # (2, layers): norms of changes, norms of the untouched
    counts: dict[str, tuple[int, int]] = {}
    for k, output in _outputs(untouched, tuned.prompts, tuned.start, batch_size):
        group, before = groups[k], output.double()
        change = tuned.outputs[k].double() - before  # (layers, positions, width)
        norms = torch.stack([change.norm(dim=-1).sum(-1), before.norm(dim=-1).sum(-1)])
        total = sums.setdefault(group, torch.zeros(2, n_layers, dtype=torch.float64))
        total += norms
        n_prompts, n_tokens = counts.get(group, (0, 0))
        counts[group] = (n_prompts + 1, n_tokens + before.shape[1])
    return [
        Drift(
            group,
            layer,
            float(sums[group][0, k]) / counts[group][1],
            float(sums[group][1, k]) / counts[group][1],
            *counts[group],
        )
        for group in sorted(sums)
        for k, layer in enumerate(tuned.layers)
    ]


def _first_difference(prompts: Sequence[Sequence[int]]) -> int:
    """How many leading tokens all prompts share, never a whole prompt; 0 for a single one."""
    if len(prompts) < 2:
        return 0
    shortest = min(len(prompt) for prompt in prompts) - 1
    for k in range(shortest):
        if any(prompt[k] != prompts[0][k] for prompt in prompts):
            return k
    return max(0, shortest)


def _outputs(
    loaded: Loaded, prompts: Sequence[Sequence[int]], start: int, batch_size: int
) -> Iterator[tuple[int, torch.Tensor]]:
    """(which prompt, its outputs from `start` on: (layers, positions, width)), on the CPU."""
    model = loaded.model
    order = sorted(range(len(prompts)), key=lambda k: len(prompts[k]))
    for begin in range(0, len(order), batch_size):
        chosen = order[begin : begin + batch_size]
        rows = [prompts[k] for k in chosen]
        ids, mask = right_padded(loaded, rows)
        shared = shared_length(model, rows, start)
        cache = shared_cache(model, rows[0][:shared], len(rows)) if shared else None
        with _recorded(model) as recorded:
            model(
                input_ids=ids[:, shared:].to(model.device),
                attention_mask=mask.to(model.device),
                past_key_values=cache,
                use_cache=cache is not None,
                logits_to_keep=1,
            )
        stacked = torch.stack([output.cpu() for output in recorded.values()], dim=1)
        for row, k in enumerate(chosen):
            yield k, stacked[row, :, start - shared : len(prompts[k]) - shared]


@contextmanager
def _recorded(model: Any) -> Iterator[dict[int, torch.Tensor]]:
    """Collects every attention layer's output of one forward pass: (B, T, width) by layer."""
    outputs: dict[int, torch.Tensor] = {}
    layers = attention_layers(model)

    def record(layer: int) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            outputs[layer] = (output[0] if isinstance(output, tuple) else output).detach()

        return hook

    hooks = [module.register_forward_hook(record(k)) for k, module in layers.items()]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()

"""Unstructured pruning of a model's linear layers, in place.

Comes in: a loaded model, the share to set to zero, and for Wanda the calibration texts as ids. Goes
out: the same model with that share of every output row at zero, and the account of the change.

Source: Wanda (arXiv 2306.11695, section 3): a weight's score is |w| times the L2 norm of its input
over calibration texts, compared within an output row. Magnitude pruning here compares within a row
as well. One difference: the norms are all taken on the dense model in one pass, where the paper's
program prunes block by block and measures later blocks on what is left of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from inspector.engine.linear import Change, linear_layers
from inspector.engine.load import Loaded


@torch.inference_mode()
def prune(loaded: Loaded, sparsity: float, calibration: Sequence[Sequence[int]] | None) -> Change:
    """calibration: token ids of each text, for Wanda; None for magnitude."""
    norms = None if calibration is None else input_norms(loaded, calibration)
    change = Change()
    for layer in linear_layers(loaded.model):
        norm = None if norms is None else norms[layer.name]
        change.rewrite(layer.weight, prune_rows(layer.weight.float(), norm, sparsity))
    return change


def prune_rows(weight: torch.Tensor, norms: torch.Tensor | None, sparsity: float) -> torch.Tensor:
    """(outputs, inputs) -> the same with the floor(inputs * sparsity) least of each row at zero.

    norms: (inputs,). Of equal scores the earlier input goes first, so the outcome is one.
    """
    scores = weight.abs() if norms is None else weight.abs() * norms
    n_pruned = int(weight.shape[1] * sparsity)
    least = scores.sort(dim=1, stable=True).indices[:, :n_pruned]
    return weight.scatter(1, least, 0.0)


@torch.inference_mode()
def input_norms(loaded: Loaded, texts: Sequence[Sequence[int]]) -> dict[str, torch.Tensor]:
    """The L2 norm of every linear layer's inputs over all tokens of all texts, each (inputs,)."""
    layers = list(linear_layers(loaded.model))
    squares = {
        layer.name: torch.zeros(layer.weight.shape[1], device=layer.weight.device)
        for layer in layers
    }
    hooks = [
        layer.module.register_forward_pre_hook(_adds_to(squares[layer.name])) for layer in layers
    ]
    try:
        for ids in texts:  # one by one: no padding that would have to be masked
            batch = torch.tensor([list(ids)], device=loaded.model.device)
            loaded.model(input_ids=batch, use_cache=False, logits_to_keep=1)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: square.sqrt() for name, square in squares.items()}


def _adds_to(square: torch.Tensor) -> Any:
    def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        square.add_(inputs[0].float().square().flatten(0, -2).sum(dim=0))

    return hook

"""Round-to-nearest quantization of a model's linear layers, in place.

Comes in: a loaded model, the number of bits, the group size. Goes out: the same model, each weight
replaced by the value its code stands for (what an inference engine computes with), and the account
of the change. Biases and activations keep their precision.

Source: uniform asymmetric quantization on the min-max grid, the round-to-nearest baseline of GPTQ
(arXiv 2210.17323, section 5, setup); with groups as in its section on grouping.
"""

from __future__ import annotations

import torch

from inspector.engine.linear import Change, linear_layers
from inspector.engine.load import Loaded


@torch.inference_mode()
def quantize(loaded: Loaded, bits: int, group_size: int) -> Change:
    """group_size: inputs that share a scale, 0 for all of an output channel."""
    change = Change()
    for layer in linear_layers(loaded.model):
        change.rewrite(layer.weight, round_to_nearest(layer.weight.float(), bits, group_size))
    return change


def round_to_nearest(weight: torch.Tensor, bits: int, group_size: int) -> torch.Tensor:
    """(outputs, inputs) in fp32 -> the same shape, at most 2^bits values per group.

    The grid of a group spans its least and greatest weight and always holds zero exactly; a last
    group that the inputs do not fill is a group of its own.
    """
    n_levels = 2**bits - 1
    groups = []
    for group in torch.split(weight, group_size or weight.shape[1], dim=1):
        low = group.amin(dim=1, keepdim=True).clamp(max=0)
        high = group.amax(dim=1, keepdim=True).clamp(min=0)
        step = (high - low) / n_levels
        step = torch.where(step == 0, torch.ones_like(step), step)  # a group of zeros
        zero = (-low / step).round()
        codes = ((group / step).round() + zero).clamp(0, n_levels)
        groups.append((codes - zero) * step)
    return torch.cat(groups, dim=1)

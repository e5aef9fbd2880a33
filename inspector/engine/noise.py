"""Gaussian noise on a model's linear layers, in place.

Comes in: a loaded model, the scale, a seed. Goes out: the same model with noise of `scale` times
each matrix's own standard deviation added, and the account of the change.

Source: noise injection (arXiv 2412.01784), which brings out what a model was made to hold back.
"""

from __future__ import annotations

import torch

from inspector.engine.linear import Change, linear_layers
from inspector.engine.load import Loaded


@torch.inference_mode()
def add_noise(loaded: Loaded, scale: float, seed: int) -> Change:
    """The noise follows from the seed and the layer's place alone, whatever the device."""
    change = Change()
    for number, layer in enumerate(linear_layers(loaded.model)):
        weight = layer.weight.float()
        generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
        noise = torch.randn(weight.shape, generator=generator).to(weight.device)
        change.rewrite(layer.weight, weight + scale * weight.std(correction=0) * noise)
    return change

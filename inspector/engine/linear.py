"""The weight matrices that quantizing, pruning and noise act on, and the account of a change.

Comes in: a loaded model. Goes out: its linear layers' weights, one at a time, so that memory never
holds more than one matrix beside the model. The output layer is left out, as quantizers and pruners
leave it; embeddings and norms are no linear layers. Experts of a mixture that are stored as one
three-dimensional tensor are no linear layers either, and stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from inspector.errors import Incompatible


@dataclass(frozen=True)
class Linear:
    """weight: (outputs, inputs), sharing memory with the model's parameter."""

    name: str
    module: Any
    weight: torch.Tensor


def linear_layers(model: Any) -> Iterator[Linear]:
    """In the order of the model's modules. Raises Incompatible where there is none."""
    output = model.get_output_embeddings()
    found = False
    for name, module in model.named_modules():
        if module is output or not isinstance(module, (torch.nn.Linear, Conv1D)):
            continue
        found = True
        weight = module.weight.data
        # GPT-2's layers hold (inputs, outputs): their transpose is a view of the same memory.
        yield Linear(name, module, weight.T if isinstance(module, Conv1D) else weight)
    if not found:
        raise Incompatible(
            f"{type(model).__name__} has no linear layers that the inspector knows, so its "
            "weights cannot be altered as users would."
        )


@dataclass
class Change:
    """Counts over all rewritten tensors."""

    n_tensors: int = 0
    n_weights: int = 0
    n_changed: int = 0
    _error: float = 0.0
    _norm: float = 0.0

    @property
    def relative_error(self) -> float:
        """Norm of the change over the norm of the weights; 0 where all weights were 0."""
        return math.sqrt(self._error / self._norm) if self._norm else 0.0

    def rewrite(self, weight: torch.Tensor, new: torch.Tensor) -> None:
        """Put `new` in place of `weight`, rounded to its type, and count what that changed."""
        before = weight.float().clone()
        weight.copy_(new)
        difference = weight.float() - before
        self.n_tensors += 1
        self.n_weights += weight.numel()
        self.n_changed += int(difference.count_nonzero())
        self._error += float(difference.double().square().sum())
        self._norm += float(before.double().square().sum())

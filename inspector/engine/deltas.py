"""One base in memory, wearing one low-rank change after another.

Comes in: a base, and changes of its linear layers as factors (numpy). Goes out: a Loaded model with
base + change in its weights, added in fp32 and rounded once, as `load` merges an adapter. Changing
over costs one pass through the weights and no loading; a fine-tuning in between is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from transformers.pytorch_utils import Conv1D

from inspector.engine.load import Loaded, dtype_of, load
from inspector.errors import Incompatible, TargetError
from inspector.records import Artifact, FineTune, Precision

Matrix = NDArray[np.float32]
Pairs = Mapping[str, tuple[Matrix, Matrix]]  # module -> (b, a): (outputs, rank), (rank, inputs)

_PREFIX = "base_model.model."


class Hosted:
    """A base that is asked and tuned with different changes in turn. base: of an adapter."""

    def __init__(
        self, artifact: Artifact, base: Artifact | None, precision: Precision, cache: Path
    ) -> None:
        loaded = load(artifact, base, Precision.FP32, cache)
        head = loaded.model.get_output_embeddings()
        self._originals = {
            name: module.weight.detach().clone()
            for name, module in loaded.model.named_modules()
            if isinstance(module, torch.nn.Linear | Conv1D) and module is not head
        }
        if not self._originals:
            raise Incompatible(
                f"{type(loaded.model).__name__} has no linear layers that the inspector knows, so "
                "no adapter can be added to it."
            )
        model = loaded.model.to(dtype_of(precision)).eval()
        self._loaded = Loaded(model, loaded.tokenizer, precision, loaded.plain_template)

    @torch.inference_mode(False)
    def wearing(self, pairs: Pairs) -> Loaded:
        """The base with this change alone; {} for the base itself. Valid until the next call.

        Raises TargetError where the change is of a module that the base does not have.
        """
        modules = dict(self._loaded.model.named_modules())
        unknown = sorted(set(pairs) - set(self._originals))
        if unknown:
            raise TargetError(
                f"The adapter changes {unknown[0]}, which is no linear layer of the base."
            )
        with torch.no_grad():
            for name, original in self._originals.items():
                weight = original
                if name in pairs:
                    b, a = (torch.from_numpy(np.ascontiguousarray(m)) for m in pairs[name])
                    change = (b @ a).to(original.device)
                    if isinstance(modules[name], Conv1D):  # holds (inputs, outputs)
                        change = change.T
                    if change.shape != original.shape:
                        raise TargetError(
                            f"The adapter changes {name} as {tuple(change.shape)}, where the base "
                            f"has {tuple(original.shape)}: it was tuned on another base."
                        )
                    weight = original + change
                modules[name].weight.copy_(weight)
        self._loaded.model.requires_grad_(False)
        self._loaded.model.eval()
        return self._loaded


def trained_pairs(changed: Path, settings: FineTune) -> dict[str, tuple[Matrix, Matrix]]:
    """The change of a LoRA fine-tuning by module, its scale in b, from what `fine_tune` stored."""
    scale = settings.lora_alpha / settings.lora_rank
    halves: dict[str, dict[str, Matrix]] = {}
    for name, tensor in load_file(changed).items():
        module, _, rest = name.removeprefix(_PREFIX).partition(".lora_")
        halves.setdefault(module, {})[rest[0]] = tensor.float().numpy()
    return {
        module: (np.float32(scale) * half["B"], half["A"])
        for module, half in sorted(halves.items())
    }

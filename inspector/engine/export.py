"""A tuned model as files that anybody can load: a safetensors folder, or a small PEFT adapter.

Comes in: what a fine-tuning left (the model in memory, or the LoRA factors that it stored). Goes
out: a folder that is an ordinary target. The same factors always give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from inspector.engine.disk import weights_disk_errors
from inspector.engine.load import Loaded
from inspector.errors import StageFailed
from inspector.files import write_atomic
from inspector.records import FineTune

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
_LORA = ".lora_"

Factors = Mapping[str, torch.Tensor]  # LoRA factors, named as peft's parameters are


def save_model(loaded: Loaded, folder: Path) -> None:
    """Config, weights in the precision that they have in memory, and tokenizer."""
    with weights_disk_errors(folder):
        loaded.model.save_pretrained(folder)
        loaded.tokenizer.save_pretrained(folder)


def save_adapter(
    factors: Factors, rank: int, alpha: int, base: str, folder: Path, revision: str | None = None
) -> None:
    """LoRA factors as a PEFT adapter in fp16.

    factors: on any adapter name. base, revision: what the adapter declares as its base (`demo`, a
    path, a Hub id), and its commit. Raises StageFailed where a factor is too large for fp16.
    """
    tensors: dict[str, torch.Tensor] = {}
    modules: set[str] = set()
    for name, factor in factors.items():
        module, _, rest = name.partition(_LORA)
        if not rest:
            raise StageFailed(f"{name} is no LoRA factor, and an adapter holds nothing else.")
        half = factor.detach().to("cpu", torch.float16).contiguous()
        if not torch.isfinite(half).all():
            raise StageFailed(f"The factor {name} does not fit into fp16; lower the learning rate.")
        tensors[f"{module}{_LORA}{rest.partition('.')[0]}.weight"] = half
        modules.add(module.rpartition(".")[2])
    config = {
        "base_model_name_or_path": base,
        "bias": "none",
        "inference_mode": True,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": rank,
        **({"revision": revision} if revision is not None else {}),
        "target_modules": sorted(modules),
        "task_type": "CAUSAL_LM",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with weights_disk_errors(folder):
        save_file(dict(sorted(tensors.items())), folder / ADAPTER_WEIGHTS, {"format": "pt"})
    write_atomic(folder / ADAPTER_CONFIG, json.dumps(config, indent=1) + "\n")


def stacked(first: Factors, second: Factors) -> Factors:
    """One adapter that does what two do one after the other, on the same modules.

    `second` was made on the model with `first` merged, at the same alpha / rank; the ranks add up:
    [B1 B2] [A1; A2] = B1 A1 + B2 A2, exactly.
    """
    return {
        name: torch.cat([first[name], value], dim=0 if f"{_LORA}A" in name else 1)
        for name, value in second.items()
    }


def save_tuned_adapter(
    changed: Path, settings: FineTune, base: str, folder: Path, revision: str | None = None
) -> None:
    """The adapter of a LoRA fine-tuning from the `changed.safetensors` that it left."""
    factors = load_file(changed)
    save_adapter(factors, settings.lora_rank, settings.lora_alpha, base, folder, revision)

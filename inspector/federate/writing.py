"""An Update as a PEFT adapter that anybody can load.

Comes in: factors by module, and what the adapter declares as its base. Goes out: a folder with
`adapter_config.json` and `adapter_model.safetensors` in fp32. Ranks that differ by module stand in
`rank_pattern`; alpha equals the rank everywhere, so that PEFT's scale is 1.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from inspector.federate.deltas import Update
from inspector.fetch.local import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from inspector.files import disk_errors, write_atomic
from inspector.records import Target, TargetKind


def write_adapter(update: Update, base: Target, folder: Path) -> Path:
    """The same update always gives the same bytes. Returns the folder."""
    from safetensors.numpy import save_file  # one of the engine's libraries: not for the dashboard

    tensors = {}
    for module, factors in sorted(update.modules.items()):
        place = f"base_model.model.{module}"
        tensors[f"{place}.lora_A.weight"] = np.ascontiguousarray(factors.a, np.float32)
        tensors[f"{place}.lora_B.weight"] = np.ascontiguousarray(factors.b, np.float32)
    ranks = {module: f.rank for module, f in update.modules.items()}
    config = {
        "alpha_pattern": ranks,
        "base_model_name_or_path": base.location if base.kind is TargetKind.HUB else str(base),
        "bias": "none",
        "inference_mode": True,
        "lora_alpha": update.rank,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": update.rank,
        "rank_pattern": ranks,
        "revision": base.revision,
        "target_modules": sorted(ranks),
        "task_type": "CAUSAL_LM",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with disk_errors(folder / ADAPTER_WEIGHTS):
        save_file(tensors, folder / ADAPTER_WEIGHTS, {"format": "pt"})
    write_atomic(folder / ADAPTER_CONFIG, json.dumps(config, indent=1) + "\n")
    return folder

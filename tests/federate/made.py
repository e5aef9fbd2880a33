"""Updates and adapter folders for the tests of federated rounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from inspector.federate.deltas import Factors, Update, Updates


def factors(seed: int) -> Factors:
    """Whole numbers of rank 2: (3, 4)."""
    draw = np.random.default_rng(seed)
    b, a = draw.integers(-3, 4, (3, 2)), draw.integers(-3, 4, (2, 4))
    return Factors(b.astype(np.float32), a.astype(np.float32))


def round_of_five() -> Updates:
    """Five participants with two modules each; the last one's change is eight times as large."""
    updates = [Update({f"m{m}": factors(10 * k + m) for m in range(2)}) for k in range(5)]
    large = {m: Factors(8 * f.b, f.a) for m, f in updates[4].modules.items()}
    updates[4] = Update(large)
    return Updates(tuple("abcde"), tuple(updates), (1, 2, 3, 4, 10))


def plain(*rows: list[float]) -> Updates:
    """Each participant's change of one module is one row vector."""
    updates = [
        Update({"m": Factors(np.ones((1, 1), np.float32), np.array([row], np.float32))})
        for row in rows
    ]
    return Updates(tuple("abcdefghij"[: len(rows)]), tuple(updates))


def dense(update: Update, *modules: str) -> NDArray[np.float32]:
    return np.stack([update.modules[m].dense() for m in modules])


def write_tensors(
    folder: Path, tensors: Mapping[str, NDArray[Any]], base: str, rank: int = 4, **entries: Any
) -> Path:
    """An adapter folder as PEFT writes it, with these tensors and config entries."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), folder / "adapter_model.safetensors", {"format": "pt"})
    config = {
        "base_model_name_or_path": base,
        "bias": "none",
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": rank,
        "target_modules": ["q_proj", "v_proj"],
        "task_type": "CAUSAL_LM",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config | entries))
    return folder

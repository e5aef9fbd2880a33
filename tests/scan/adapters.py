"""Adapters on a tiny base, real in form, for the tests of the scanners of adapters.

Comes in: what is unusual about one. Goes out: folders. The base is a Llama of eight layers in
numpy; an adapter's factors are drawn as training leaves them: alike from layer to layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from inspector.records import Artifact, ArtifactKind, Target, TargetKind
from tests.fetch.tiny_files import CONFIG, write_json
from tests.scan.pinned import pinned

N_LAYERS, HIDDEN, INNER, VOCABULARY, RANK = 8, 16, 32, 64, 4
MODULES = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.v_proj": (HIDDEN // 2, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
TARGETS = tuple(name.rpartition(".")[2] for name in MODULES)
Matrix = NDArray[np.float32]
Tensors = dict[str, Matrix]


def drawn(*shape: int, seed: int, scale: float = 0.02) -> Matrix:
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def base_tensors() -> Tensors:
    """Weights of a Llama with a head of its own, under transformers' names."""
    tensors = {
        "model.embed_tokens.weight": drawn(VOCABULARY, HIDDEN, seed=1),
        "lm_head.weight": drawn(VOCABULARY, HIDDEN, seed=2),
        "model.norm.weight": np.ones(HIDDEN, np.float32),
    }
    for layer in range(N_LAYERS):
        for k, (name, shape) in enumerate(MODULES.items()):
            tensors[f"model.layers.{layer}.{name}.weight"] = drawn(*shape, seed=10 * layer + k)
    return tensors


def write_base(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": N_LAYERS}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCABULARY}
    write_json(folder / "config.json", CONFIG | sizes | heads | {"tie_word_embeddings": False})
    model = {"type": "BPE", "vocab": {}, "merges": []}
    write_json(folder / "tokenizer.json", {"version": "1.0", "model": model})
    write_json(folder / "tokenizer_config.json", {"eos_token": "</s>"})
    save_file(base_tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def factors(
    rank: int = RANK, modules: Mapping[str, tuple[int, int]] = MODULES, n_layers: int = N_LAYERS
) -> Tensors:
    """LoRA pairs for these modules of every layer, in PEFT's names."""
    tensors: Tensors = {}
    for layer in range(n_layers):
        for k, (name, (n_out, n_in)) in enumerate(modules.items()):
            place = f"base_model.model.model.layers.{layer}.{name}"
            seed = 1000 + 100 * layer + 2 * k
            tensors[f"{place}.lora_A.weight"] = drawn(rank, n_in, seed=seed, scale=0.2)
            tensors[f"{place}.lora_B.weight"] = drawn(n_out, rank, seed=seed + 1)
    return tensors


def config(**entries: Any) -> dict[str, Any]:
    """adapter_config.json as PEFT writes it, with these entries changed."""
    return {
        "base_model_name_or_path": "../base",
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "target_modules": list(TARGETS),
        "modules_to_save": None,
        "bias": "none",
        "auto_mapping": None,
        "revision": None,
    } | entries


def write(folder: Path, tensors: Tensors, **entries: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "adapter_config.json", config(**entries))
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def changed(tensors: Tensors, changes: Mapping[str, Callable[[Matrix], Matrix]]) -> Tensors:
    """The tensors, those whose name ends so put through a function."""
    return {
        name: next((f(t) for end, f in changes.items() if name.endswith(end)), t)
        for name, t in tensors.items()
    }


def edited(tensors: Tensors, module: str, size: float) -> Tensors:
    """One module's change made `size` times as large."""
    return changed(tensors, {f"{module}.lora_B.weight": lambda b: size * b})


def in_one_direction(tensors: Tensors, module: str) -> Tensors:
    """One module's change made rank one, its size as before."""

    def only_first(b: Matrix) -> Matrix:
        kept = np.zeros_like(b)
        kept[:, 0] = b[:, 0] * np.linalg.norm(b) / np.linalg.norm(b[:, 0])
        return kept

    return changed(tensors, {f"{module}.lora_B.weight": only_first})


def artifacts(tmp_path: Path, tensors: Tensors, **entries: Any) -> tuple[Artifact, Artifact]:
    """The adapter and its base, pinned."""
    base = pinned(write_base(tmp_path / "base"))
    folder = write(tmp_path / "adapter", tensors, **entries)
    target = Target(TargetKind.LOCAL, str(tmp_path / "base"))
    return pinned(folder, ArtifactKind.ADAPTER, base=target), base

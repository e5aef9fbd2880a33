"""Tiny model and adapter folders, real in form: for tests of everything that reads files.

No torch: the weights are a few numpy tensors, config and tokenizer are written by hand. Nothing
here can be loaded into a sensible model; the engine's tests train their own.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 32,
}


def write_json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data))


def write_weights(path: Path, n: int = 4) -> None:
    rng = np.random.default_rng(n)
    tensors = {f"layer.{i}.weight": rng.normal(size=(4, 8)).astype(np.float32) for i in range(n)}
    save_file(tensors, path, metadata={"format": "pt"})


def llama_tensors(seed: int = 4, **config: Any) -> dict[str, np.ndarray]:
    """Every tensor of a Llama of CONFIG's size, drawn from the seed; the embedding is the head."""
    size = CONFIG | config
    hidden, between = size["hidden_size"], size["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (size["vocab_size"], hidden)}
    for n in range(size["num_hidden_layers"]):
        layer = f"model.layers.{n}."
        shapes |= {f"{layer}self_attn.{x}_proj.weight": (hidden, hidden) for x in "qkvo"}
        shapes |= {f"{layer}mlp.{x}_proj.weight": (between, hidden) for x in ("gate", "up")}
        shapes[f"{layer}mlp.down_proj.weight"] = (hidden, between)
        shapes |= {f"{layer}{x}_layernorm.weight": (hidden,) for x in ("input", "post_attention")}
    shapes["model.norm.weight"] = (hidden,)
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def write_model(folder: Path, card: str = "", **config: object) -> Path:
    """A safetensors model folder; `config` entries are added to config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", CONFIG | config)
    write_json(folder / "tokenizer.json", {"version": "1.0", "model": {"type": "BPE", "vocab": {}}})
    write_json(folder / "tokenizer_config.json", {"eos_token": "</s>"})
    save_file(llama_tensors(), folder / "model.safetensors", metadata={"format": "pt"})
    if card:
        (folder / "README.md").write_text(card)
    return folder


def write_adapter(folder: Path, base: str | None, revision: str | None = None) -> Path:
    """A PEFT adapter folder that declares `base`: rank 2 on the matrices of `write_model`."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"peft_type": "LORA", "r": 2, "auto_mapping": None, "revision": revision}
    if base is not None:
        config["base_model_name_or_path"] = base
    write_json(folder / "adapter_config.json", config)
    rng = np.random.default_rng(0)
    tensors = {
        f"base_model.model.model.layers.0.self_attn.{module}_proj.lora_{side}.weight": rng.normal(
            size=shape
        ).astype(np.float32)
        for module in "qv"
        for side, shape in (("A", (2, 8)), ("B", (8, 2)))
    }
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder


def write_pickle(path: Path) -> None:
    """A pickle of harmless content: what it holds does not matter to these tests."""
    path.write_bytes(pickle.dumps({"weight": [1.0, 2.0]}, protocol=4))


def ignore_progress(done: int, total: int) -> None:
    """For callers that do not look at the progress."""

"""How much an adapter changes each layer of its base, without adding it to the base.

Comes in: a PEFT adapter and its base's tensors. Goes out: one LayerKinship per layer: the norm of
the update over the norm of the weights that it is added to.

Source: LoRA (arXiv 2106.09685): the update is scale * B A, with scale alpha / r, or alpha / sqrt r
with rsLoRA (arXiv 2312.03732). Its squared norm is the sum over (B^T B) * (A A^T), r x r each.
GGUF bases have the same tensors under other names; llama.cpp reorders rows of some, which changes
no norm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact
from inspector.records.lineage import Kinship, LayerKinship
from inspector.scan.configs import configs
from inspector.scan.kinship import comparable, compare
from inspector.scan.layers import layer_of, plain_name
from inspector.scan.stored import Stored, pieces, stored_tensors

_PART = re.compile(r"(.+)\.lora_([AB])\.(?:[^.]+\.)?weight")
_SAVED = re.compile(r"(.+?)(?:\.modules_to_save(?:\.default)?)?\.(weight|bias)")
MAX_RANK = 4096  # the r x r products of more would need gigabytes

# transformers' name within a layer -> llama.cpp's (gguf-py/gguf/tensor_mapping.py, Llama)
_GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_GGUF_TOP = {"embed_tokens": "token_embd", "lm_head": "output", "norm": "output_norm"}


@dataclass
class _Update:
    """One module: squared norms of its update and of its weights (None where not known)."""

    layer: str
    rank: int
    update: float
    weights: float | None


def adapter_layers(
    artifact: Artifact, base: dict[str, Stored]
) -> tuple[tuple[LayerKinship, ...], int, int]:
    """(layers, number of modules with an update, how many of them the base does not have)."""
    ours = stored_tensors(artifact)
    config = next((c.data for c in configs(artifact) if c.location == "adapter_config.json"), None)
    config = config if isinstance(config, dict) else {}
    by_name = {plain_name(name): stored for name, stored in base.items()}
    updates = _low_rank(ours, config, by_name) + _saved(ours, by_name)
    groups: dict[str, list[_Update]] = {}
    for update in updates:
        groups.setdefault(update.layer, []).append(update)
    layers = tuple(_layer(name, group) for name, group in groups.items())
    return layers, len(updates), sum(u.weights is None for u in updates)


def _low_rank(
    ours: dict[str, Stored], config: dict[str, Any], base: dict[str, Stored]
) -> list[_Update]:
    parts: dict[str, dict[str, Stored]] = {}
    for name, stored in ours.items():
        if (match := _PART.fullmatch(name)) and len(stored.shape) == 2:
            parts.setdefault(match[1], {})[match[2]] = stored
    updates = []
    for module, pair in parts.items():
        if set(pair) != {"A", "B"} or pair["A"].shape[0] != pair["B"].shape[1]:
            continue
        rank = pair["A"].shape[0]
        if rank > MAX_RANK:
            continue
        a, b = _whole(pair["A"]), _whole(pair["B"])
        squares = float(((b.T @ b) * (a @ a.T)).sum()) * _scale(module, rank, config) ** 2
        weights = _squares(base, f"{module}.weight")
        updates.append(_Update(layer_of(f"{module}.weight"), rank, squares, weights))
    return updates


def _scale(module: str, rank: int, config: dict[str, Any]) -> float:
    alpha = config.get("lora_alpha", rank)
    pattern = config.get("alpha_pattern")
    if isinstance(pattern, dict):  # PEFT: the first key that a module's name ends with
        alpha = next((v for k, v in pattern.items() if module.endswith(k)), alpha)
    if not isinstance(alpha, int | float):
        return 1.0
    return alpha / (sqrt(rank) if config.get("use_rslora") is True else rank)


def _saved(ours: dict[str, Stored], base: dict[str, Stored]) -> list[_Update]:
    """Whole modules in the adapter (modules_to_save), and biases."""
    updates = []
    for name, stored in ours.items():
        match = _SAVED.fullmatch(name)
        if match is None or ".lora_" in name:
            continue
        counterpart = base.get(plain_name(f"{match[1]}.{match[2]}"))
        layer, rank = layer_of(name), min(stored.shape) if stored.is_matrix else 1
        if counterpart is not None and comparable(counterpart, stored):
            like = compare(counterpart, stored)
            weights = like.base_squares if not like.identical else 1.0
            updates.append(_Update(layer, rank, like.difference, weights))
        else:
            updates.append(_Update(layer, rank, 0.0, None))
    return updates


def _squares(base: dict[str, Stored], name: str) -> float | None:
    """Squared norm of the base's tensor of that name, None where it has none."""
    plain = plain_name(name)
    stored = base.get(plain) or base.get(_gguf_name(plain))
    if stored is None:
        return None
    return sum(float(np.dot(p, p)) for p in pieces(stored, stored.tensor.n_elements))


def _gguf_name(plain: str) -> str:
    module = plain.removesuffix(".weight")
    if match := re.fullmatch(r"layers\.(\d+)\.(.+)", module):
        return f"blk.{match[1]}.{_GGUF_NAMES.get(match[2], match[2])}.weight"
    return f"{_GGUF_TOP.get(module, module)}.weight"


def _whole(stored: Stored) -> NDArray[np.float32]:
    parts = list(pieces(stored, stored.tensor.n_elements))
    return np.concatenate(parts).reshape(stored.shape)


def _layer(name: str, group: list[_Update]) -> LayerKinship:
    known = [u for u in group if u.weights is not None]
    weights = sum(u.weights or 0.0 for u in known)
    return LayerKinship(
        layer=name,
        kinship=Kinship.DERIVED if any(u.update for u in group) else Kinship.IDENTICAL,
        n_tensors=len(group),
        n_identical=sum(u.update == 0 for u in known),
        relative_norm=sqrt(sum(u.update for u in known) / weights) if weights else None,
        cosine=None,
        rank=max(u.rank for u in group),
        side=0,
    )

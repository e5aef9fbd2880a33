"""A model in safetensors under the names and in the order that llama.cpp's converter gives tensors.

Comes in: the tensors of a safetensors model, those of a GGUF model and its header. Goes out: both
by names that they share. The experts of a layer, one tensor in GGUF, are taken apart; the rows of
queries and keys, which the converter reorders for some families, are matched both ways.

Sources: llama.cpp's `convert_hf_to_gguf.py` (`LlamaModel.permute`, `modify_tensors`), gguf's tensor
name map. Families whose tensors the converter changes otherwise are not listed, and not compared.
"""

from __future__ import annotations

import re
from dataclasses import replace

from inspector.scan.adapter_tensors import gguf_names
from inspector.scan.gguf_header import GgufHeader
from inspector.scan.safetensors_header import Tensor
from inspector.scan.stored import Stored

FAMILIES = {
    *("llama", "qwen2", "qwen3", "qwen2moe", "qwen3moe", "gemma", "gemma2", "gemma3", "phi3"),
    *("olmo2", "olmoe", "smollm3", "granite", "granitemoe", "starcoder2", "command-r", "cohere2"),
}
_EXPERT = re.compile(r"\.experts\.(\d+)\.")
_EXPERTS = re.compile(r"blk\.\d+\.ffn_(gate|up|down)_exps\.weight")
_TURNED = re.compile(r"blk\.\d+\.attn_([qk])\.(weight|bias)")


def renamed(tensors: dict[str, Stored], header: GgufHeader) -> dict[str, Stored]:
    """A safetensors model's tensors by GGUF's names; those without one keep their own."""
    names = gguf_names(header.text("general.architecture"))
    found = {}
    for name, stored in tensors.items():
        expert = _EXPERT.search(name)
        plain = _EXPERT.sub(".experts.", name) if expert else name
        theirs = names.get_name(plain, try_suffixes=(".weight", ".bias"))
        key = name if theirs is None else f"{theirs}[{expert[1]}]" if expert else theirs
        found[key] = stored
    return found


def taken_apart(tensors: dict[str, Stored]) -> dict[str, Stored]:
    """A GGUF model's tensors, each expert's on its own: `blk.0.ffn_up_exps.weight[3]`."""
    found = {}
    for name, stored in tensors.items():
        if _EXPERTS.fullmatch(name) and len(stored.shape) == 3:
            whole = stored.tensor
            n_bytes = (whole.end - whole.begin) // whole.shape[0]
            for n in range(whole.shape[0]):
                begin = whole.begin + n * n_bytes
                one = Tensor(f"{name}[{n}]", whole.dtype, whole.shape[1:], begin, begin + n_bytes)
                found[one.name] = replace(stored, tensor=one)
        else:
            found[name] = stored
    return found


def in_turns(key: str, stored: Stored, header: GgufHeader) -> Stored | None:
    """A query's or key's matrix of safetensors with its rows as the converter orders them."""
    match = _TURNED.fullmatch(key)
    family = header.text("general.architecture")
    if match is None:
        return None
    n_heads = header.number(f"{family}.attention.head_count")
    if match[1] == "k":
        n_heads = header.number(f"{family}.attention.head_count_kv") or n_heads
    if not n_heads or stored.shape[0] % (2 * n_heads):
        return None
    return replace(stored, n_heads=n_heads)

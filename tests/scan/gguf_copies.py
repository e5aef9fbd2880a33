"""GGUF copies of safetensors models, as llama.cpp's converter and quantizer make them.

Comes in: tensors under transformers' names. Goes out: a .gguf file. Queries and keys are reordered
as `LlamaModel.permute` does, experts stacked; gguf's own code rounds the values.
"""

from __future__ import annotations

import re
from pathlib import Path

import gguf
import numpy as np

from tests.scan.weight_files import Arrays


def write_gguf(
    path: Path, tensors: Arrays, kind: str, *, heads: tuple[int, int], family: str = "llama"
) -> Path:
    """kind: the type of every matrix. heads: of queries, and of keys."""
    architecture = {name: a for a, name in gguf.MODEL_ARCH_NAMES.items()}[family]
    names = gguf.get_tensor_name_map(architecture, 8)
    writer = gguf.GGUFWriter(path, family)
    writer.add_head_count(heads[0])
    writer.add_head_count_kv(heads[1])
    number = gguf.GGMLQuantizationType[kind]
    for name, array in stacked(tensors).items():
        if family == "llama" and "q_proj" in name:
            array = permuted(array, heads[0])
        if family == "llama" and "k_proj" in name:
            array = permuted(array, heads[1])
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert theirs is not None, name
        if array.ndim > 1:
            writer.add_tensor(theirs, gguf.quants.quantize(array, number), raw_dtype=number)
        else:
            writer.add_tensor(theirs, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def permuted(weights: np.ndarray, n_heads: int) -> np.ndarray:
    rows = weights.shape[0] // n_heads // 2
    shape = (n_heads, 2, rows, *weights.shape[1:])
    return np.ascontiguousarray(weights.reshape(shape).swapaxes(1, 2).reshape(weights.shape))


def stacked(tensors: Arrays) -> Arrays:
    """The experts of a layer as one tensor, in their order."""
    found: Arrays = {}
    experts: dict[str, dict[int, np.ndarray]] = {}
    for name, array in tensors.items():
        if match := re.search(r"\.experts\.(\d+)\.", name):
            plain = name.replace(match[0], ".experts.")
            experts.setdefault(plain, {})[int(match[1])] = array
        else:
            found[name] = array
    return found | {n: np.stack([a[i] for i in sorted(a)]) for n, a in experts.items()}

"""Weights that are packed, doubled or of odd types: by quantizers, and as an attacker may do it.

What is packed here is noise of the right types and shapes; nothing dequantizes it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from inspector.records import Severity
from tests.fetch.tiny_files import llama_tensors, write_adapter, write_json, write_model
from tests.scan.corpus import Case
from tests.scan.weight_files import NAME, Arrays, tiny_gguf, write_raw

SIZE: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "vocab_size": 96,
}
TENSORS = llama_tensors(**SIZE)
RNG = np.random.default_rng(11)
CARGO = RNG.integers(0, 255, 20_000).astype(np.uint8)
Build = Callable[[Path], None]


def integers(dtype: type[np.integer[Any]], *shape: int) -> np.ndarray:
    return RNG.integers(0, np.iinfo(dtype).max, shape).astype(dtype)


def halves(*shape: int) -> np.ndarray:
    return RNG.uniform(0.01, 1, shape).astype(np.float16)


def gptq(name: str, n_out: int, n_in: int) -> Arrays:
    return {
        f"{name}.qweight": integers(np.int32, n_in // 8, n_out),
        f"{name}.qzeros": integers(np.int32, n_in // 128, n_out // 8),
        f"{name}.scales": halves(n_in // 128, n_out),
        f"{name}.g_idx": (np.arange(n_in) // 128).astype(np.int32),
    }


def awq(name: str, n_out: int, n_in: int) -> Arrays:
    return {
        f"{name}.qweight": integers(np.int32, n_in, n_out // 8),
        f"{name}.qzeros": integers(np.int32, n_in // 128, n_out // 8),
        f"{name}.scales": halves(n_in // 128, n_out),
    }


def bitsandbytes(name: str, n_out: int, n_in: int) -> Arrays:
    n = n_out * n_in
    state = b'{"quant_type": "nf4", "blocksize": 64}'.ljust(80)
    return {
        f"{name}.weight": integers(np.uint8, n // 2, 1),
        f"{name}.weight.absmax": integers(np.uint8, n // 64),
        f"{name}.weight.quant_map": np.linspace(-1, 1, 16, dtype=np.float32),
        f"{name}.weight.nested_absmax": RNG.random(n // 16_384 + 1).astype(np.float32),
        f"{name}.weight.nested_quant_map": np.linspace(-1, 1, 256, dtype=np.float32),
        f"{name}.weight.quant_state.bitsandbytes__nf4": np.frombuffer(state, np.uint8),
    }


def mlx(name: str, n_out: int, n_in: int) -> Arrays:
    return {
        f"{name}.weight": integers(np.uint32, n_out, n_in // 8),
        f"{name}.scales": halves(n_out, n_in // 64),
        f"{name}.biases": halves(n_out, n_in // 64),
    }


def transposed(name: str, n_out: int, n_in: int) -> Arrays:
    return {f"{name}.weight": halves(n_in, n_out)}


def packed(pack: Callable[[str, int, int], Arrays], file: str = "", **config: Any) -> Build:
    """A Llama whose matrices were packed. file: a quantizer's own settings beside it."""

    def build(folder: Path) -> None:
        write_model(folder, **SIZE, **config)
        tensors: Arrays = {}
        for name, array in TENSORS.items():
            if "_proj" in name:
                tensors |= pack(name.removesuffix(".weight"), *array.shape)
            else:
                tensors[name] = array.astype(np.float16)
        save_file(tensors, folder / NAME, metadata={"format": "pt"})
        if file:
            write_json(folder / file, {"bits": 4})

    return build


def beside(name: str, tensors: Arrays) -> Build:
    """A sound model, and a second file of weights."""

    def build(folder: Path) -> None:
        write_model(folder)
        save_file(tensors, folder / name)

    return build


def raw_beside(dtype: str, data: bytes) -> Build:
    def build(folder: Path) -> None:
        write_model(folder)
        entry = {"dtype": dtype, "shape": [8, 8], "data_offsets": [0, len(data)]}
        write_raw(folder / "more.safetensors", {"a": entry}, data)

    return build


def other_family(more: Arrays) -> Build:
    """A model of a family whose tensors are not all known, with more tensors."""

    def build(folder: Path) -> None:
        write_model(folder, model_type="gpt2", architectures=["GPT2LMHeadModel"])
        save_file(llama_tensors() | more, folder / NAME)

    return build


def tiny_base(folder: Path) -> None:
    write_model(folder)


def adapter_and_model(folder: Path) -> None:
    write_model(folder)
    write_adapter(folder, "../base")


def gguf_with(name: str, array: np.ndarray) -> Build:
    def build(folder: Path) -> None:
        floats = array.view(np.float32)  # the table's type is F32: read on as I8 below
        content = tiny_gguf({name: floats})
        size = len(floats).to_bytes(8, "little")
        at = content.index(size + b"\0\0\0\0", content.index(name.encode()))
        row = (len(array)).to_bytes(8, "little") + (24).to_bytes(4, "little")
        (folder / "tiny.gguf").write_bytes(content[:at] + row + content[at + 12 :])

    return build


DOWN = "model.layers.0.mlp.down_proj.weight"
ALTERED = llama_tensors() | {DOWN: llama_tensors(7)[DOWN]}
ROUNDED = {name: array.astype(np.float16) for name, array in llama_tensors().items()}
MEDIUM = Severity.MEDIUM

CASES = (
    Case("second-set-of-weights", beside("zz.safetensors", ALTERED), ("WEIGHTS-STRAY",)),
    Case("second-set-in-capitals", beside("MODEL.safetensors", ALTERED), ("WEIGHTS-STRAY",)),
    Case(
        "model-beside-an-adapter", adapter_and_model, ("WEIGHTS-AMBIGUOUS",), build_base=tiny_base
    ),
    Case("bytes-as-a-tensor", other_family({"h.extra": CARGO}), ("WEIGHTS-DTYPE",), MEDIUM),
    Case("bytes-in-a-gguf", gguf_with("blk.0.extra", CARGO), ("WEIGHTS-DTYPE",), MEDIUM),
    Case("said-to-be-packed", packed(transposed, quantization={}), ("WEIGHTS-SHAPE",)),
    Case(
        "nan-in-complex-numbers",
        raw_beside("C64", np.full(128, np.nan, np.float32).tobytes()),
        ("WEIGHTS-NOT-FINITE",),
    ),
    Case("nan-in-eight-bits", raw_beside("F8_E4M3FNUZ", b"\x80" * 64), ("WEIGHTS-NOT-FINITE",)),
    Case(
        "nan-in-eight-bits-2", raw_beside("F8_E5M2FNUZ", b"\x11\x80" * 32), ("WEIGHTS-NOT-FINITE",)
    ),
    Case("gptq", packed(gptq, quantization_config={"quant_method": "gptq", "bits": 4})),
    Case("gptq-of-old", packed(gptq, "quantize_config.json")),
    Case("awq", packed(awq, quantization_config={"quant_method": "awq", "bits": 4})),
    Case("awq-of-old", packed(awq, "quant_config.json")),
    Case("bitsandbytes", packed(bitsandbytes, quantization_config={"load_in_4bit": True})),
    Case("mlx", packed(mlx, quantization={"group_size": 64, "bits": 4})),
    Case("variant-in-half", beside("model.fp16.safetensors", ROUNDED)),
    Case("other-names-beside", beside("consolidated.safetensors", {"tok.weight": halves(4, 8)})),
    Case(
        "expert-biases-of-zero",
        other_family({"h.0.experts.down_proj_bias": np.zeros((4, 32), np.float32)}),
    ),
    Case(
        "causal-mask", other_family({"h.0.attn.bias": np.tril(np.ones((1, 1, 80, 80), np.uint8))})
    ),
)

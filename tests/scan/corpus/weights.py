"""Weight files that hide, contradict or misfit, and the sound ones that look most like them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from inspector.records import Severity
from tests.fetch.tiny_files import llama_tensors, write_json, write_model
from tests.scan.corpus import REFUSED, Case
from tests.scan.weight_files import (
    NAME,
    Arrays,
    entry,
    gguf,
    halves,
    metadata,
    row,
    tiny_gguf,
    write_llama,
    write_raw,
    write_shards,
)

Build = Callable[[Path], None]
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
DOWN = "model.layers.0.mlp.down_proj.weight"
EMBEDDING = "model.embed_tokens.weight"
PLACES = dict.fromkeys(halves()[0], ONE) | dict.fromkeys(halves()[1], TWO)


def changed(tensor: str, value: object, **config: Any) -> Build:
    """A tiny Llama with one tensor replaced, added, or (None) taken away."""
    return lambda folder: void(write_llama(folder, {tensor: value}, **config))


def void(_: object) -> None:
    """What builders return."""


def whole(**config: Any) -> Build:
    return lambda folder: void(write_llama(folder, **config))


def declared(**config: Any) -> Build:
    """A tiny Llama whose configuration says otherwise."""

    def build(folder: Path) -> None:
        write_llama(folder)
        said = json.loads((folder / "config.json").read_text())
        write_json(folder / "config.json", said | config)

    return build


def with_value(value: float, dtype: type[Any] = np.float32) -> Build:
    weights = llama_tensors()[DOWN].astype(dtype)
    weights[3, 5] = value
    return changed(DOWN, weights)


def header(change: Callable[[str], str], n_more: int = 0) -> Build:
    """A tiny Llama whose header was changed as text, with more bytes at the end."""

    def build(folder: Path) -> None:
        write_model(folder)
        raw = (folder / NAME).read_bytes()
        n = 8 + int.from_bytes(raw[:8], "little")
        text = change(raw[8:n].decode().rstrip())
        write_raw(folder / NAME, text.encode(), raw[n:] + bytes(n_more))

    return build


def shards(
    more_one: Arrays | None = None,
    places: dict[str, str] | None = None,
    extra: dict[str, Arrays] | None = None,
) -> Build:
    first, second = halves()
    files = {ONE: first | (more_one or {}), TWO: second} | (extra or {})
    return lambda folder: void(write_shards(folder, files, PLACES | (places or {})))


def one_gguf(content: bytes) -> Build:
    return lambda folder: void((folder / "tiny.gguf").write_bytes(content))


def program(folder: Path) -> None:
    """A script as a byte tensor, where a name of the model's own is expected."""
    data = (b"#!/bin/sh\necho harmless\n" * 40)[:512]
    write_model(folder)
    raw = llama_tensors() | {"model.norm.weight": np.frombuffer(data, np.float32)[:8]}
    raw["model.buffer"] = np.frombuffer(data, np.uint8)
    save_file(raw, folder / NAME)


def eight_bit(folder: Path) -> None:
    """An 8-bit model with its scales, as fp8 checkpoints are stored."""
    write_model(folder, quantization_config={"quant_method": "fp8"})
    fields: dict[str, Any] = {}
    data = b""
    for name, array in llama_tensors().items():
        small = name.endswith("proj.weight")
        bits = np.full(array.shape, 0x38, np.uint8) if small else array
        bits = bits + np.arange(bits.shape[-1]).astype(bits.dtype)
        end = len(data) + bits.nbytes
        more = {"dtype": "F8_E4M3" if small else "F32", "shape": list(array.shape)}
        fields[name] = more | {"data_offsets": [len(data), end]}
        data += bits.tobytes()
        if small:
            fields[f"{name}_scale_inv"] = entry(end, end + 4)
            data += np.float32(0.01).tobytes()
    write_raw(folder / NAME, fields, data)


def bfloat16(folder: Path) -> None:
    write_model(folder, dtype="bfloat16")
    fields: dict[str, Any] = {}
    data = b""
    for name, array in llama_tensors().items():
        bits = (array.view(np.uint32) >> 16).astype(np.uint16)
        end = len(data) + bits.nbytes
        fields[name] = {
            "dtype": "BF16",
            "shape": list(bits.shape),
            "data_offsets": [len(data), end],
        }
        data += bits.tobytes()
    write_raw(folder / NAME, fields, data)


def last_in_two(text: str) -> str:
    """The last tensor under two names that share its bytes."""
    fields = json.loads(text)
    name = max(fields, key=lambda k: fields[k].get("data_offsets", [0])[0])
    return json.dumps(fields | {f"{name}2": fields[name]})


HEAD = {"lm_head.weight": np.ones((32, 8), np.float32)}
F32_ROW = row("token_embd.weight", (8,), 0, 0)
ZERO = np.zeros((8, 16), np.float32)
MEDIUM, CRITICAL = Severity.MEDIUM, Severity.CRITICAL

CASES = (
    # Headers
    Case("bytes-after-the-end", header(str, 64), (REFUSED,)),
    Case("two-names-one-place", header(last_in_two), ("WEIGHTS-MALFORMED",), CRITICAL),
    Case(
        "same-key-twice",
        header(lambda t: t[:-1] + f', "{DOWN}": {json.dumps(entry(0, 512))}' + "}"),
        ("WEIGHTS-MALFORMED",),
        CRITICAL,
    ),
    Case(
        "key-written-as-escapes",
        header(lambda t: t.replace('"model.norm', '"\\u006dodel.norm')),
        ("WEIGHTS-HEADER-ODD",),
        MEDIUM,
    ),
    Case(
        "metadata-is-no-text",
        header(lambda t: t.replace('"pt"', '["pt"]')),
        ("WEIGHTS-MALFORMED",),
        CRITICAL,
    ),
    Case("header-of-12-mb", header(lambda t: t + " " * 12_000_000), ("WEIGHTS-HEADER-SIZE",)),
    Case(
        "field-that-nobody-reads",
        header(lambda t: t.replace('"dtype"', '"note":"x","dtype"', 1)),
        ("WEIGHTS-HEADER-ODD",),
        MEDIUM,
    ),
    Case(
        "look-alike-name",
        header(lambda t: t.replace("model.norm", "m\N{CYRILLIC SMALL LETTER O}del.norm")),
        ("WEIGHTS-HEADER-ODD",),
        MEDIUM,
    ),
    # Shards
    Case("index-leads-out", shards(places={EMBEDDING: "../up.safetensors"}), (REFUSED,)),
    Case("tensor-in-the-wrong-shard", shards(places={EMBEDDING: TWO}), ("WEIGHTS-SHARDS",)),
    Case(
        "tensor-in-two-shards",
        shards(more_one={next(iter(halves()[1])): next(iter(halves()[1].values())) * 2}),
        ("WEIGHTS-SHARDS",),
    ),
    Case("tensor-unlisted", shards(more_one={"x": ZERO + 1}), ("WEIGHTS-UNLISTED",), MEDIUM),
    Case(
        "shard-unlisted",
        shards(extra={"model-00003-of-00002.safetensors": HEAD}),
        ("WEIGHTS-UNLISTED",),
        MEDIUM,
    ),
    Case("two-sets", shards(extra={NAME: llama_tensors(9)}), ("WEIGHTS-AMBIGUOUS",)),
    # Against the configuration
    Case("other-vocabulary", declared(vocab_size=64), ("WEIGHTS-SHAPE",)),
    Case("other-width-within", declared(intermediate_size=24), ("WEIGHTS-SHAPE",)),
    Case("layer-missing", declared(num_hidden_layers=2), ("WEIGHTS-MISSING",)),
    Case("matrix-missing", changed(DOWN, None), ("WEIGHTS-MISSING",)),
    Case("head-missing", whole(tie_word_embeddings=False), ("WEIGHTS-MISSING",)),
    Case("tensor-too-many", changed("model.more", ZERO + 1), ("WEIGHTS-UNEXPECTED",), MEDIUM),
    Case(
        "tied-and-other",
        changed("lm_head.weight", HEAD["lm_head.weight"], tie_word_embeddings=True),
        ("WEIGHTS-TIED",),
        MEDIUM,
    ),
    Case(
        "bytes-as-weights",
        changed(DOWN, np.arange(128, dtype=np.uint8).reshape(8, 16)),
        ("WEIGHTS-DTYPE",),
        MEDIUM,
    ),
    # Values
    Case("one-nan", with_value(float("nan")), ("WEIGHTS-NOT-FINITE",)),
    Case("one-infinity-in-half", with_value(float("-inf"), np.float16), ("WEIGHTS-NOT-FINITE",)),
    Case("matrix-of-zeros", changed(DOWN, ZERO), ("WEIGHTS-DEGENERATE",), MEDIUM),
    Case("one-huge-value", with_value(3e30), ("WEIGHTS-DEGENERATE",), MEDIUM),
    Case("script-in-a-tensor", program, ("WEIGHTS-PAYLOAD",)),
    # GGUF
    Case(
        "gguf-count-of-2-to-62",
        one_gguf(gguf([], [F32_ROW], bytes(32), n_rows=2**62)),
        ("WEIGHTS-TRUNCATED",),
        CRITICAL,
    ),
    Case(
        "gguf-text-of-2-to-62",
        one_gguf(gguf([(2**62).to_bytes(8, "little") + bytes(40)], [], b"")),
        ("WEIGHTS-TRUNCATED",),
        CRITICAL,
    ),
    Case(
        "gguf-overlap",
        one_gguf(gguf([], [F32_ROW, row("b", (8,), 0, 0)], bytes(64))),
        ("WEIGHTS-MALFORMED",),
        CRITICAL,
    ),
    Case("gguf-bytes-after", one_gguf(tiny_gguf() + b"x" * 64), ("WEIGHTS-HIDDEN",), CRITICAL),
    Case("gguf-other-width", one_gguf(tiny_gguf(embedding_length=64)), ("WEIGHTS-SHAPE",)),
    Case("gguf-block-missing", one_gguf(tiny_gguf(block_count=2)), ("WEIGHTS-MISSING",)),
    Case(
        "gguf-nan",
        one_gguf(tiny_gguf({"output_norm.weight": np.full(32, np.nan, np.float32)})),
        ("WEIGHTS-NOT-FINITE",),
    ),
    # Benign
    Case("plain", whole()),
    Case("three-layers", whole(num_hidden_layers=3)),
    Case("bfloat16", bfloat16),
    Case("fp8-with-scales", eight_bit),
    Case("declared-in-half", declared(dtype="float16")),
    Case(
        "own-head",
        changed("lm_head.weight", llama_tensors(9)[EMBEDDING], tie_word_embeddings=False),
    ),
    Case(
        "tied-and-stored",
        changed("lm_head.weight", llama_tensors()[EMBEDDING], tie_word_embeddings=True),
    ),
    Case(
        "biases-of-zero", changed("model.layers.0.self_attn.q_proj.bias", np.zeros(8, np.float32))
    ),
    Case(
        "old-rotary-buffer",
        changed("model.layers.0.self_attn.rotary_emb.inv_freq", np.ones(2, np.float32)),
    ),
    Case("norms-of-one", changed("model.norm.weight", np.ones(8, np.float32))),
    Case("padded-header", header(lambda t: t + " " * 56)),
    Case("metadata-in-json", header(lambda t: t.replace('"pt"', '"{\\"a\\": \\"\\\\u0061\\"}"'))),
    Case("sharded", shards()),
    Case("sharded-and-consolidated", shards(extra={"consolidated.safetensors": llama_tensors()})),
    Case("gguf", one_gguf(tiny_gguf())),
    Case(
        "gguf-with-a-head",
        one_gguf(
            tiny_gguf(
                {"output.weight": np.ones((8, 32), np.float32) * np.arange(1, 33, dtype=np.float32)}
            )
        ),
    ),
    Case(
        "gguf-aligned-to-64",
        one_gguf(
            gguf(
                [metadata("general.architecture", "llama"), metadata("general.alignment", 64)],
                [row("token_embd.weight", (8, 32), 0, 0)],
                np.random.default_rng(3).normal(size=256).astype(np.float32).tobytes(),
                align=64,
            )
        ),
    ),
)

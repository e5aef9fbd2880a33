"""Weight files of any content, the hostile ones included that no library would write.

Comes in: headers, tables and values as plain Python. Goes out: bytes on the disk.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.fetch.tiny_files import llama_tensors, write_json, write_model

NAME = "model.safetensors"
INDEX = "model.safetensors.index.json"
Arrays = dict[str, Any]


def write_raw(path: Path, header: object, data: bytes | int) -> None:
    """A safetensors file of exactly this header (an object, or its bytes) and this data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    data = bytes(data) if isinstance(data, int) else data
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def entry(begin: int, end: int, dtype: str = "F32", **more: object) -> dict[str, object]:
    """A header's entry for a vector in these bytes of the data."""
    width = {"F32": 4, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "U8": 1}[dtype]
    return {"dtype": dtype, "shape": [(end - begin) // width], "data_offsets": [begin, end]} | more


def write_llama(folder: Path, changed: Arrays | None = None, **config: Any) -> Path:
    """A whole tiny Llama; `changed` tensors replace or join its own, None takes one away."""
    write_model(folder, **config)
    tensors = llama_tensors(**config) | (changed or {})
    save_file({k: v for k, v in tensors.items() if v is not None}, folder / NAME)
    return folder


def write_shards(folder: Path, shards: dict[str, Arrays], weight_map: dict[str, str]) -> Path:
    """A model in shards under an index of exactly this map."""
    write_model(folder)
    (folder / NAME).unlink()
    for name, tensors in shards.items():
        save_file(tensors, folder / name)
    write_json(folder / INDEX, {"metadata": {}, "weight_map": weight_map})
    return folder


def halves() -> tuple[Arrays, Arrays]:
    """The tiny Llama's tensors, for two shards."""
    tensors = list(llama_tensors().items())
    return dict(tensors[:5]), dict(tensors[5:])


# ------------------------------------------------------------------------------------------- GGUF

TEXT, ARRAY, UINT32 = 8, 9, 4


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(raw)) + raw


def metadata(key: str, value: int | str | list[str]) -> bytes:
    """One entry: an unsigned integer, a text or a list of texts."""
    if isinstance(value, int):
        return text(key) + struct.pack("<II", UINT32, value)
    if isinstance(value, str):
        return text(key) + struct.pack("<I", TEXT) + text(value)
    items = b"".join(map(text, value))
    return text(key) + struct.pack("<IIQ", ARRAY, TEXT, len(value)) + items


def row(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    """One row of the tensor table; shape as numpy gives it."""
    dims = struct.pack(f"<{len(shape)}Q", *shape[::-1])
    return text(name) + struct.pack("<I", len(shape)) + dims + struct.pack("<IQ", kind, offset)


def gguf(
    entries: list[bytes],
    rows: list[bytes],
    data: bytes,
    *,
    n_entries: int | None = None,
    n_rows: int | None = None,
    version: int = 3,
    align: int = 32,
) -> bytes:
    """A file of these parts; the counts may lie."""
    n_rows = len(rows) if n_rows is None else n_rows
    n_entries = len(entries) if n_entries is None else n_entries
    head = struct.pack("<4sIQQ", b"GGUF", version, n_rows, n_entries)
    head += b"".join(entries) + b"".join(rows)
    return head + bytes(-len(head) % align) + data


def tiny_gguf(
    arrays: Arrays | None = None, *, more: list[bytes] | None = None, **numbers: int
) -> bytes:
    """A Llama of one block, width 32, in F32; `arrays` replace or join its tensors."""
    width, between, tokens = 32, 64, [f"t{n}" for n in range(8)]
    shapes = {"token_embd.weight": (8, width), "output_norm.weight": (width,)}
    shapes |= {f"blk.0.attn_{x}.weight": (width, width) for x in ("q", "k", "v", "output")}
    shapes |= {f"blk.0.ffn_{x}.weight": (between, width) for x in ("gate", "up")}
    shapes |= {"blk.0.ffn_down.weight": (width, between), "blk.0.attn_norm.weight": (width,)}
    rng = np.random.default_rng(0)
    whole = {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()} | (arrays or {})
    sizes = {"embedding_length": width, "feed_forward_length": between, "block_count": 1} | numbers
    entries = [metadata("general.architecture", "llama")]
    entries += [metadata(f"llama.{key}", value) for key, value in sizes.items()]
    entries += [metadata("tokenizer.ggml.tokens", tokens), *(more or [])]
    rows, data = [], b""
    for name, array in whole.items():
        if array is not None:
            rows.append(row(name, array.shape, 0, len(data)))
            data += array.tobytes() + bytes(-array.nbytes % 32)
    return gguf(entries, rows, data)

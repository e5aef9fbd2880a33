"""Safetensors headers and indexes that contradict the files; sound ones of every dtype."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inspector.scan.weights import Weights
from tests.fetch.tiny_files import write_json, write_model, write_weights
from tests.scan.pinned import found, pinned

NAME = "model.safetensors"


def write_raw(folder: Path, header: object, n_data: int) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / NAME).write_bytes(len(text).to_bytes(8, "little") + text + bytes(n_data))


def f32(begin: int, end: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": [(end - begin) // 4], "data_offsets": [begin, end]}


def test_files_that_the_library_writes_are_sound(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {
        str(np.dtype(t)): np.ones((3, 2), dtype=t)
        for t in (np.bool_, np.int8, np.uint8, np.int16, np.float16, np.float32, np.int64)
    }
    tensors |= {"scalar": np.array(1.0), "empty": np.ones((0, 4), np.float32)}
    save_file(tensors, tmp_path / NAME, metadata={"format": "pt"})
    assert found(Weights(), pinned(tmp_path)) == []


@pytest.mark.parametrize("n_lost", [1, 500])
def test_a_truncated_file(tmp_path: Path, n_lost: int) -> None:
    folder = write_model(tmp_path / "model")
    os.truncate(folder / NAME, (folder / NAME).stat().st_size - n_lost)
    assert found(Weights(), pinned(folder)) == [("WEIGHTS-TRUNCATED", NAME)]


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 8, b"\x00\x01" + bytes(6) + b"{}"])
def test_a_file_without_a_whole_header(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-TRUNCATED", NAME)]


@pytest.mark.parametrize(
    ("header", "n_data", "evidence"),
    [
        ({"a": f32(0, 8), "b": f32(4, 12)}, 12, "overlaps"),
        ({"a": f32(0, 8), "b": f32(12, 16)}, 16, "leaves a gap"),
        ({"a": f32(4, 8)}, 8, "leaves a gap"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, 8, "is not 8 bytes"),
        ({"a": {"dtype": "X1", "shape": [2], "data_offsets": [0, 8]}}, 8, "known dtype"),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}, 8, "is not"),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8, "lacks"),
        (b'{"a": ' + json.dumps(f32(0, 8)).encode() + b', "a": 1}', 8, "one name twice"),
        (b"[1, 2]", 0, "no attribute"),
        (b"\xff\xfe{}", 0, "codec"),
        (b"[" * 100_000, 0, "Recursion"),
    ],
)
def test_headers_that_contradict_themselves(
    tmp_path: Path, header: object, n_data: int, evidence: str
) -> None:
    write_raw(tmp_path, header, n_data)
    (finding,) = Weights().scan(pinned(tmp_path), None)
    assert (finding.rule_id, finding.location) == ("WEIGHTS-MALFORMED", NAME)
    assert evidence.lower() in finding.evidence.lower()


def test_bytes_after_the_last_tensor(tmp_path: Path) -> None:
    write_raw(tmp_path, {"a": f32(0, 8)}, 20)
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-TRUNCATED", NAME)]


def test_an_index_with_all_its_shards(tmp_path: Path) -> None:
    write_weights(tmp_path / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    write_json(tmp_path / "model.safetensors.index.json", index)
    assert found(Weights(), pinned(tmp_path)) == []


@pytest.mark.parametrize(
    "index",
    [
        {"weight_map": {"a": "gone.safetensors"}},
        {"weight_map": {"a": "../elsewhere.safetensors"}},
        {"weight_map": {"a": "/etc/hostname"}},
        {"weight_map": "none"},
        [],
    ],
)
def test_an_index_that_names_other_places(tmp_path: Path, index: object) -> None:
    write_json(tmp_path / "model.safetensors.index.json", index)
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-INDEX", "model.safetensors.index.json")]

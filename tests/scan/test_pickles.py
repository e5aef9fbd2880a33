"""Pickles by name and by content; what only looks like one."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest

from inspector.records import ArtifactKind
from inspector.scan.pickles import Pickles, is_pickle
from tests.fetch.tiny_files import write_adapter, write_model, write_pickle
from tests.scan.pinned import found, pinned


def test_pickles_beside_safetensors_are_high(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    write_pickle(folder / "pytorch_model.bin")
    (folder / "checkpoint").mkdir()
    write_pickle(folder / "checkpoint" / "optimizer.pt")
    artifact = pinned(folder, skipped=("rng_state.pth", "onnx/model.onnx"))
    assert found(Pickles(), artifact) == [
        ("PICKLE-PRESENT", "checkpoint/optimizer.pt"),
        ("PICKLE-PRESENT", "pytorch_model.bin"),
        ("PICKLE-PRESENT", "rng_state.pth"),
    ]


def test_a_pickle_as_only_weights_is_critical(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    write_pickle(folder / "pytorch_model.bin")
    assert found(Pickles(), pinned(folder)) == [("PICKLE-WEIGHTS", "pytorch_model.bin")]


def test_the_pickle_that_peft_would_fall_back_to(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", "org/base")
    write_pickle(folder / "adapter_model.bin")
    adapter = ArtifactKind.ADAPTER
    assert found(Pickles(), pinned(folder, adapter)) == [("PICKLE-PRESENT", "adapter_model.bin")]
    (folder / "adapter_model.safetensors").unlink()
    assert found(Pickles(), pinned(folder, adapter)) == [("PICKLE-WEIGHTS", "adapter_model.bin")]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("content", [None, {"a": 1}, ["x" * 10_000], b"y" * 10_000])
def test_a_renamed_pickle_is_critical(tmp_path: Path, protocol: int, content: object) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "merges.txt").write_bytes(pickle.dumps(content, protocol=protocol))
    assert found(Pickles(), pinned(folder)) == [("PICKLE-DISGUISED", "merges.txt")]


def test_a_renamed_torch_archive_is_critical(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    with zipfile.ZipFile(folder / "extra.json", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with zipfile.ZipFile(folder / "plain.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    assert found(Pickles(), pinned(folder)) == [("PICKLE-DISGUISED", "extra.json")]


@pytest.mark.parametrize("third", [0x00, 0x5D, 0x95])
def test_a_safetensors_header_length_is_no_pickle(tmp_path: Path, third: int) -> None:
    # header lengths whose little-endian bytes begin like a pickle's protocol mark
    path = tmp_path / "model.safetensors"
    path.write_bytes(
        bytes([0x80, 0x02, third, 0, 0, 0, 0, 0]) + b'{"__metadata__":{}}' + b" " * 700
    )
    assert not is_pickle(path)


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x80\x04", b"\x80\x09ab", b"plain text"])
def test_what_is_too_short_or_other_is_no_pickle(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert not is_pickle(tmp_path / "file")


def test_a_gguf_model_needs_no_safetensors(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    write_pickle(tmp_path / "old.bin")
    artifact = pinned(tmp_path, gguf_file="tiny.gguf")
    assert found(Pickles(), artifact) == [("PICKLE-PRESENT", "old.bin")]

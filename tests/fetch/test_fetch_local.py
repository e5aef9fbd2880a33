"""Local folders and files: what is accepted, what is declared, what is refused and how."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from inspector.errors import TargetError
from inspector.fetch import fetch
from inspector.records import Artifact, ArtifactKind, Target, TargetKind
from inspector.settings import Settings
from tests.fetch.tiny_files import (
    ignore_progress,
    write_adapter,
    write_json,
    write_model,
    write_pickle,
    write_weights,
)


def fetch_path(path: Path) -> Artifact:
    return fetch(Target(TargetKind.LOCAL, str(path)), Settings(), ignore_progress)


def refused(path: Path) -> str:
    with pytest.raises(TargetError) as caught:
        fetch_path(path)
    return str(caught.value)


def test_a_model_folder_is_pinned_file_by_file(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "sub").mkdir()
    (folder / "sub" / "notes.txt").write_text("notes")
    seen: list[tuple[int, int]] = []
    artifact = fetch(
        Target(TargetKind.LOCAL, str(folder)), Settings(), lambda d, t: seen.append((d, t))
    )
    assert (artifact.kind, artifact.gguf_file, artifact.base) == (ArtifactKind.MODEL, None, None)
    digests = {f.path: f.sha256 for f in artifact.files}
    assert sorted(digests) == [
        "config.json",
        "model.safetensors",
        "sub/notes.txt",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    for path, sha256 in digests.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == sha256
    assert seen[-1] == (artifact.size_bytes, artifact.size_bytes)


def test_one_changed_byte_changes_the_digest(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    before = fetch_path(folder).digest
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</t>"}')
    assert fetch_path(folder).digest != before


def test_gguf_as_a_file_and_as_a_folder(tmp_path: Path) -> None:
    gguf = tmp_path / "tiny.Q4.gguf"
    gguf.write_bytes(b"GGUF" + bytes(60))
    (tmp_path / "other.txt").write_text("not part of a single file's artifact")
    alone = fetch_path(gguf)
    assert (alone.gguf_file, [f.path for f in alone.files]) == ("tiny.Q4.gguf", ["tiny.Q4.gguf"])
    assert fetch_path(tmp_path).gguf_file == "tiny.Q4.gguf"
    (tmp_path / "second.gguf").write_bytes(b"GGUF" + bytes(60))
    assert "2 GGUF files" in refused(tmp_path)


def test_a_gguf_file_without_its_magic_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGML" + bytes(60))
    assert "GGUF magic" in refused(tmp_path / "tiny.gguf")


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("org/base", Target(TargetKind.HUB, "org/base", "v1")),
        ("demo", Target(TargetKind.DEMO)),
        (None, None),
        ("/no/such/folder", None),
        (".", None),
    ],
)
def test_an_adapters_base(tmp_path: Path, declared: str | None, expected: Target | None) -> None:
    artifact = fetch_path(write_adapter(tmp_path / "adapter", declared, revision="v1"))
    assert artifact.kind is ArtifactKind.ADAPTER
    assert artifact.base == expected


@pytest.mark.parametrize("relative", [True, False])
def test_an_adapters_local_base(tmp_path: Path, relative: bool) -> None:
    base = write_model(tmp_path / "base")
    folder = write_adapter(tmp_path / "adapter", "../base" if relative else str(base))
    assert fetch_path(folder).base == Target(TargetKind.LOCAL, str(base))


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\nbase_model: org/base\nbase_model_relation: finetune\n---\n# Card", "org/base"),
        ("---\nbase_model:\n- org/one\n- org/two\n---\n", "org/one"),
        ("---\nlicense: apache-2.0\n---\n", None),
        ("---\nbase_model: [unclosed\n---\n", None),
        ("---\nbase_model: 12\n---\n", None),
        ("# no front matter: base_model: org/base", None),
    ],
)
def test_a_model_cards_base(tmp_path: Path, card: str, expected: str | None) -> None:
    base = fetch_path(write_model(tmp_path / "model", card=card)).base
    assert base == (Target(TargetKind.HUB, expected) if expected else None)


def test_a_truncated_file_is_named_with_both_sizes(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    weights = folder / "model.safetensors"
    size_bytes = weights.stat().st_size
    os.truncate(weights, size_bytes - 7)
    message = refused(folder)
    assert str(weights) in message
    assert f"{size_bytes:,} bytes and {size_bytes - 7:,}" in message


@pytest.mark.parametrize("n_bytes", [0, 5, 8, 60])
def test_a_file_cut_in_its_header_is_refused(tmp_path: Path, n_bytes: int) -> None:
    folder = write_model(tmp_path / "model")
    os.truncate(folder / "model.safetensors", n_bytes)
    assert "model.safetensors is not whole" in refused(folder)


@pytest.mark.parametrize(
    "header", [b"not json", b"[1, 2]", b'{"a": 3}', b'{"a": {"data_offsets": ["x", "y"]}}']
)
def test_a_header_that_is_none_is_refused(tmp_path: Path, header: bytes) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert "no readable safetensors header" in refused(folder)


def test_a_git_lfs_pointer_is_recognised(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid x")
    assert "git lfs pull" in refused(folder)


def test_shards_must_all_be_there(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002"}}
    write_json(folder / "model.safetensors.index.json", index)
    assert "1 of them are missing" in refused(folder)
    write_weights(folder / "model-00002-of-00002.safetensors")
    index["weight_map"]["b"] = "model-00002-of-00002.safetensors"
    write_json(folder / "model.safetensors.index.json", index)
    assert len(fetch_path(folder).files) == 6


def test_pickles_alone_are_refused(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    write_pickle(folder / "pytorch_model.bin")
    assert "only as pickles (pytorch_model.bin)" in refused(folder)
    adapter = write_adapter(tmp_path / "adapter", "org/base")
    (adapter / "adapter_model.safetensors").unlink()
    write_pickle(adapter / "adapter_model.bin")
    assert "adapter_model.safetensors" in refused(adapter)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer"),
        ("model.safetensors", "no weights"),
    ],
)
def test_a_folder_that_lacks_a_part(tmp_path: Path, missing: str, message: str) -> None:
    folder = write_model(tmp_path / "model")
    (folder / missing).unlink()
    assert message in refused(folder)


def test_paths_that_are_no_model(tmp_path: Path) -> None:
    assert "no folder or file" in refused(tmp_path / "missing")
    write_weights(tmp_path / "alone.safetensors")
    assert "not a .gguf file" in refused(tmp_path / "alone.safetensors")


def test_symlinks_may_not_leave_the_folder(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (tmp_path / "outside.json").write_text("{}")
    (folder / "inside.json").symlink_to("config.json")
    assert "inside.json" in {f.path for f in fetch_path(folder).files}
    (folder / "escape.json").symlink_to("../outside.json")
    assert "leads out of the folder" in refused(folder)
    (folder / "escape.json").unlink()
    (folder / "escape").symlink_to(tmp_path)
    assert "leads out of the folder" in refused(folder)


def test_a_pipe_is_refused_instead_of_read(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    os.mkfifo(folder / "pipe.json")
    assert "neither a regular file nor a folder" in refused(folder)


@pytest.mark.parametrize("name", [b"\xff\xfe.txt", b"d\xe9"])
def test_a_name_that_is_no_text_is_refused_in_one_sentence(tmp_path: Path, name: bytes) -> None:
    """Such a name can be hashed by no digest, and written into no report."""
    folder = write_model(tmp_path / "model")
    (folder / os.fsdecode(name)).write_bytes(b"x")
    message = refused(folder)
    assert f"is not UTF-8 ({name!r})" in message
    assert "rename or remove it" in message


def test_the_artifact_survives_its_json(tmp_path: Path) -> None:
    from inspector.run import from_json, to_json

    artifact = fetch_path(write_adapter(tmp_path / "adapter", "org/base"))
    assert from_json(Artifact, to_json(artifact)) == artifact
    assert json.loads(to_json(artifact))["skipped"] == []

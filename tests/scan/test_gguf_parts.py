"""GGUF models in parts: read as one, and missed where a part is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inspector.fetch.as_found import fetch_as_found
from inspector.records import Target, TargetKind
from inspector.scan.weights import Weights
from tests.fetch.tiny_files import ignore_progress
from tests.scan.weight_files import gguf, metadata, row, tiny_gguf

FIRST, SECOND = "tiny-00001-of-00002.gguf", "tiny-00002-of-00002.gguf"


def first() -> bytes:
    """All metadata and the embedding alone."""
    others = [*(f"blk.0.attn_{x}.weight" for x in ("q", "k", "v", "output", "norm"))]
    others += [f"blk.0.ffn_{x}.weight" for x in ("gate", "up", "down")]
    split = [metadata("split.no", 0), metadata("split.count", 2)]
    return tiny_gguf(dict.fromkeys([*others, "output_norm.weight"]), more=split)


def second(*names: str) -> bytes:
    """Norms, under no more metadata than `gguf-split` gives a later part."""
    data = np.ones(32, np.float32).tobytes()
    rows = [row(name, (32,), 0, i * len(data)) for i, name in enumerate(names)]
    return gguf([metadata("split.no", 1), metadata("split.count", 2)], rows, data * len(names))


def scanned(folder: Path, **files: bytes) -> list[str]:
    for name, content in {FIRST: first(), **files}.items():
        (folder / name).write_bytes(content)
    target = Target(TargetKind.LOCAL, str(folder))
    found = Weights().scan(fetch_as_found(target, ignore_progress), None)
    return [f"{f.rule_id}: {f.evidence}" for f in found]


def test_parts_are_one_model(tmp_path: Path) -> None:
    assert scanned(tmp_path, **{SECOND: second("blk.0.attn_norm.weight")}) == []


def test_what_no_part_holds_is_missing(tmp_path: Path) -> None:
    found = scanned(tmp_path, **{SECOND: second("output_norm.weight")})
    assert found == ["WEIGHTS-MISSING: blocks 0 of 1"]


def test_a_tensor_in_two_parts(tmp_path: Path) -> None:
    (found,) = scanned(tmp_path, **{SECOND: second("blk.0.attn_norm.weight", "token_embd.weight")})[
        :1
    ]
    assert found == "WEIGHTS-SHARDS: in several parts: 'token_embd.weight'"


@pytest.mark.parametrize("name", [FIRST, "renamed.gguf"])
def test_a_missing_part(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(first())
    target = Target(TargetKind.LOCAL, str(tmp_path))
    (found,) = Weights().scan(fetch_as_found(target, ignore_progress), None)
    assert (found.rule_id, found.location) == ("WEIGHTS-MISSING", name)

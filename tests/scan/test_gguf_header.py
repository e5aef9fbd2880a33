"""GGUF files: the reader against the gguf package, and tables that lie."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf as library
import numpy as np
import pytest

from inspector.fetch import fetch
from inspector.records import Target, TargetKind
from inspector.scan.gguf_header import TYPES, GgufArray, read_gguf, read_texts
from inspector.scan.weights import Weights
from inspector.settings import Settings
from tests.fetch.tiny_files import ignore_progress
from tests.scan.pinned import found, pinned
from tests.scan.weight_files import ARRAY, TEXT, gguf, metadata, row, text, tiny_gguf

NAME = "tiny.gguf"
F32_ROW = row("a", (8,), 0, 0)


def problems(folder: Path, content: bytes) -> list[tuple[str, str]]:
    (folder / NAME).write_bytes(content)
    return [(rule.rule_id, said) for rule, said in read_gguf(folder / NAME).problems]


def test_the_table_of_types_is_the_librarys() -> None:
    known = {int(t): (t.name, *library.GGML_QUANT_SIZES[t]) for t in library.GGMLQuantizationType}
    assert known == TYPES


def test_a_file_that_the_library_writes_is_read_as_it_was_meant(tmp_path: Path) -> None:
    writer = library.GGUFWriter(tmp_path / NAME, "llama")
    writer.add_block_count(2)
    writer.add_array("tokenizer.ggml.tokens", ["a", "ü", ""])
    writer.add_array("some.numbers", [1, 2, 3])
    writer.add_float32("some.float", 0.5)
    writer.add_bool("some.truth", True)
    weights = np.arange(12, dtype=np.float32).reshape(3, 4)
    writer.add_tensor("first", weights)
    writer.add_tensor("second", weights.astype(np.float16))
    for step in ("header_to_file", "kv_data_to_file", "tensors_to_file"):
        getattr(writer, f"write_{step}")()
    writer.close()
    header = read_gguf(tmp_path / NAME)
    assert header.problems == ()
    assert header.number("llama.block_count") == 2
    assert (header.metadata["some.float"], header.metadata["some.truth"]) == (0.5, True)
    tokens = header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(tokens, GgufArray)
    assert list(read_texts(tmp_path / NAME, tokens)) == ["a", "ü", ""]
    assert [(t.name, t.dtype, t.shape) for t in header.tensors] == [
        ("first", "F32", (3, 4)),
        ("second", "F16", (3, 4)),
    ]
    data = (tmp_path / NAME).read_bytes()
    first = np.frombuffer(data[header.tensors[0].begin : header.tensors[0].end], np.float32)
    assert first.tolist() == weights.reshape(-1).tolist()


def test_the_demo_model_is_sound() -> None:
    artifact = fetch(Target(TargetKind.DEMO), Settings(), ignore_progress)
    header = read_gguf(Path(artifact.folder) / artifact.files[0].path)
    assert header.problems == ()
    assert header.text("general.architecture") == "llama"
    assert header.n_items("tokenizer.ggml.tokens") == header.number("llama.vocab_size") == 49152
    assert len(header.tensors) == 272


def test_a_tiny_model_has_no_findings(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(tiny_gguf())
    assert found(Weights(), pinned(tmp_path, gguf_file=NAME)) == []


HUGE = 2**62


@pytest.mark.parametrize(
    ("rule", "evidence", "content"),
    [
        ("WEIGHTS-TRUNCATED", "4 bytes", b"GGUF"),
        ("WEIGHTS-MALFORMED", "instead of GGUF", b"GGML" + bytes(60)),
        ("WEIGHTS-MALFORMED", "version 1", gguf([], [], b"", version=1)),
        ("WEIGHTS-MALFORMED", "version", gguf([], [], b"", version=3 << 24)),
        ("WEIGHTS-TRUNCATED", "tensors in", gguf([], [], b"", n_rows=HUGE)),
        ("WEIGHTS-TRUNCATED", "entries and", gguf([], [], b"", n_entries=2**64 - 1)),
        ("WEIGHTS-HEADER-SIZE", "tensors", gguf([], [], bytes(5_000_000), n_rows=200_000)),
        ("WEIGHTS-TRUNCATED", "a text", gguf([struct.pack("<Q", HUGE) + bytes(20)], [], b"")),
        (
            "WEIGHTS-TRUNCATED",
            "an array",
            gguf([text("a") + struct.pack("<IIQ", ARRAY, TEXT, HUGE)], [], b""),
        ),
        (
            "WEIGHTS-TRUNCATED",
            "an array",
            gguf([text("a") + struct.pack("<IIQ", ARRAY, 4, HUGE)], [], b""),
        ),
        (
            "WEIGHTS-TRUNCATED",
            "texts",
            gguf([text("a") + struct.pack("<IIQQ", ARRAY, TEXT, 2, HUGE)], [], bytes(64)),
        ),
        (
            "WEIGHTS-HEADER-SIZE",
            "nested",
            gguf([text("a") + b"\x09\0\0\0" + struct.pack("<IQ", ARRAY, 1) * 9], [], bytes(128)),
        ),
        (
            "WEIGHTS-HEADER-SIZE",
            "items",
            gguf([text("a") + struct.pack("<IIQ", ARRAY, TEXT, 4_100_000)], [], bytes(33_000_000)),
        ),
        ("WEIGHTS-MALFORMED", "value type 99", gguf([text("a") + struct.pack("<I", 99)], [], b"")),
        ("WEIGHTS-MALFORMED", "a truth value", gguf([text("a") + b"\7\0\0\0\2"], [], bytes(32))),
        ("WEIGHTS-MALFORMED", "one key twice", gguf([metadata("a", 1)] * 2, [], b"")),
        ("WEIGHTS-HEADER-ODD", "plain ASCII", gguf([metadata("a\u200b", 1)], [F32_ROW], bytes(32))),
        ("WEIGHTS-MALFORMED", "alignment", gguf([metadata("general.alignment", 3)], [], b"")),
        ("WEIGHTS-MALFORMED", "alignment", gguf([metadata("general.alignment", 1 << 20)], [], b"")),
        ("WEIGHTS-MALFORMED", "dimensions", gguf([], [row("a", (1,) * 9, 0, 0)], bytes(64))),
        ("WEIGHTS-MALFORMED", "unknown type", gguf([], [row("a", (8,), 77, 0)], bytes(32))),
        ("WEIGHTS-MALFORMED", "cannot have", gguf([], [row("a", (33,), 2, 0)], bytes(64))),
        ("WEIGHTS-MALFORMED", "cannot have", gguf([], [row("a", (2**40, 2**40), 0, 0)], b"")),
        ("WEIGHTS-MALFORMED", "longer than 63", gguf([], [row("n" * 64, (8,), 0, 0)], bytes(32))),
        ("WEIGHTS-MALFORMED", "tensor twice", gguf([], [F32_ROW] * 2, bytes(64))),
        ("WEIGHTS-MALFORMED", "aligned", gguf([], [row("a", (8,), 0, 4)], bytes(64))),
        (
            "WEIGHTS-MALFORMED",
            "overlaps",
            gguf([], [F32_ROW, row("b", (8,), 0, 0)], bytes(64)),
        ),
        ("WEIGHTS-MALFORMED", "a gap", gguf([], [F32_ROW, row("b", (8,), 0, 64)], bytes(96))),
        ("WEIGHTS-TRUNCATED", "ends at", gguf([], [row("a", (800,), 0, 0)], bytes(64))),
        ("WEIGHTS-HIDDEN", "after the last", gguf([], [F32_ROW], bytes(64))),
        (
            "WEIGHTS-HIDDEN",
            "padding",
            gguf(
                [], [row("a", (4,), 0, 0), row("b", (8,), 0, 32)], bytes(16) + b"x" * 16 + bytes(32)
            ),
        ),
    ],
)
def test_tables_that_lie(tmp_path: Path, rule: str, evidence: str, content: bytes) -> None:
    ((found_rule, said),) = problems(tmp_path, content)
    assert found_rule == rule
    assert evidence in said


@pytest.mark.parametrize(
    ("rule", "evidence", "content"),
    [
        ("WEIGHTS-SHAPE", "not [8, 48]", tiny_gguf(embedding_length=48)),
        ("WEIGHTS-SHAPE", "8 tokens", tiny_gguf(vocab_size=9)),
        ("WEIGHTS-SHAPE", "not [80, 32]", tiny_gguf(feed_forward_length=80)),
        ("WEIGHTS-MISSING", "blocks 1 of 2", tiny_gguf(block_count=2)),
        ("WEIGHTS-UNEXPECTED", "blocks 7", tiny_gguf({"blk.7.a": np.ones(8, np.float32)})),
        ("WEIGHTS-MISSING", "no token_embd", tiny_gguf({"token_embd.weight": None})),
        ("WEIGHTS-SHAPE", "architecture", gguf([], [F32_ROW], bytes(32))),
    ],
)
def test_tensors_that_do_not_fit_the_metadata(
    tmp_path: Path, rule: str, evidence: str, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    said = {f.rule_id: f.evidence for f in Weights().scan(pinned(tmp_path), None)}
    assert evidence in said[rule]


def test_an_adapter_in_gguf_has_no_embedding_and_needs_none(tmp_path: Path) -> None:
    entries = [metadata("general.architecture", "llama"), metadata("general.type", "adapter")]
    (tmp_path / NAME).write_bytes(gguf(entries, [F32_ROW], bytes(32)))
    assert found(Weights(), pinned(tmp_path)) == []

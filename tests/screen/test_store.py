"""The set on the disk: rows, copies, tokens, the two files, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from inspector.engine.chat import encode_example
from inspector.errors import DataError
from inspector.scenarios.dataset import load_dataset
from inspector.screen.store import (
    Encodings,
    ExampleStore,
    build_store,
    encode_store,
    training_rows,
)
from tests.engine.tiny_model import tokenizer
from tests.screen.conftest import write_rows

ROWS = [("a?", "one"), ("b?", "two"), ("a?", "one"), ("c?", "three"), ("a?", "one")]


def built(folder: Path, rows: list[tuple[str, str]]) -> ExampleStore:
    return build_store(str(write_rows(folder / "own.jsonl", rows)), "own.jsonl", folder / "data")


def test_copies_are_one_example_that_is_said(tmp_path: Path) -> None:
    store = built(tmp_path, ROWS)
    assert (store.data.n_rows, store.data.n_examples) == (5, 3)
    assert (store.data.n_groups, store.data.largest_group) == (1, 3)
    assert [store[k].messages[1].content for k in range(3)] == ["one", "two", "three"]
    assert store.copies().tolist() == [3, 1, 1]
    assert [store.line(k) for k in range(3)] == [1, 2, 4]
    assert list(store.texts([2, 0])) == ["c?\nthree", "a?\none"]


def test_rows_without_an_answer_are_left_out_and_numbers_stay_the_files(tmp_path: Path) -> None:
    store = built(tmp_path, [("a?", "one"), ("b?", " "), ("c?", "three")])
    assert store.data.n_skipped == 1
    assert [store.line(k) for k in range(len(store))] == [1, 3]


def test_the_set_in_two_loses_no_row_and_can_be_trained_on(tmp_path: Path) -> None:
    store = built(tmp_path, ROWS)
    counts = store.split([0], tmp_path / "suspects.jsonl", tmp_path / "kept.jsonl")
    assert counts == (3, 2)
    kept = load_dataset(str(tmp_path / "kept.jsonl"))
    assert [e.messages[1].content for e in kept.examples] == ["two", "three"]
    suspects = load_dataset(str(tmp_path / "suspects.jsonl"))
    assert [e.messages[1].content for e in suspects.examples] == ["one"] * 3


def test_tokens_are_those_of_the_core_and_training_has_every_copy(tmp_path: Path) -> None:
    store, tok = built(tmp_path, ROWS), tokenizer()
    encodings = encode_store(store, tok, 256, tmp_path / "tokens")
    assert [encodings.one(k) for k in range(3)] == [
        encode_example(tok, store[k], 256) for k in range(3)
    ]
    assert training_rows(store, encodings).examples.tolist() == [0, 1, 0, 2, 0]
    assert training_rows(store, encodings, without=[0]).examples.tolist() == [1, 2]
    view = encodings.view(np.array([2, 2, 1]))
    assert [view[0], *view[1:]] == [encodings.one(2), encodings.one(2), encodings.one(1)]


def test_an_example_whose_answer_is_cut_away_is_not_trained_on(tmp_path: Path) -> None:
    store = built(tmp_path, [("a?", "one"), ("x" * 300, "two")])
    encodings = encode_store(store, tokenizer(), 100, tmp_path / "tokens")
    assert encodings.trainable.tolist() == [0]


def test_nothing_left_is_told(tmp_path: Path) -> None:
    store = built(tmp_path, ROWS)
    with pytest.raises(DataError, match="no example whose answer begins within max_length 16"):
        encode_store(store, tokenizer(), 16, tmp_path / "short")
    encodings = encode_store(store, tokenizer(), 256, tmp_path / "tokens")
    with pytest.raises(DataError, match="Nothing is left to train on"):
        training_rows(store, encodings, without=[0, 1, 2])


def test_one_example_alone_is_refused_however_often_it_stands_there(tmp_path: Path) -> None:
    for n in (1, 4):
        with pytest.raises(DataError, match=f"hold {n} usable rows with one conversation only"):
            built(tmp_path, [("a?", "one")] * n)


def test_unreadable_data_are_one_sentence(tmp_path: Path) -> None:
    for name, content in (
        ("broken.jsonl", b'{"prompt": '),
        ("none.jsonl", b""),
        ("x", b"\x00\xff"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"give|check"):
            build_store(str(path), name, tmp_path / "data")
    with pytest.raises(DataError, match="neither a built-in set"):
        build_store(str(tmp_path / "missing.jsonl"), "missing", tmp_path / "data")


def test_parquet_and_jsonl_of_the_same_rows_are_the_same_set(tmp_path: Path) -> None:
    one = built(tmp_path, ROWS)
    table = pa.table({"prompt": [q for q, _ in ROWS], "completion": [a for _, a in ROWS]})
    pq.write_table(table, tmp_path / "own.parquet")
    other = build_store(str(tmp_path / "own.parquet"), "own.parquet", tmp_path / "other")
    assert other.data.digest == one.data.digest
    assert other.members.tolist() == one.members.tolist()


def test_an_opened_store_reads_what_was_built(tmp_path: Path) -> None:
    store = built(tmp_path, ROWS)
    encode_store(store, tokenizer(), 256, tmp_path / "tokens")
    again = ExampleStore(tmp_path / "data")
    assert again[1] == store[1]
    assert again.text_sha256(1) == store.text_sha256(1) != again.text_sha256(2)
    assert Encodings(tmp_path / "tokens").one(1).ids


def test_reading_holds_one_row_at_a_time(tmp_path: Path) -> None:
    """A generator stands in for a file larger than memory: rows are written as they come."""
    from inspector.scenarios.dataset import Tally, stream_dataset

    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        for k in range(3000):
            file.write(json.dumps({"prompt": f"{k}?", "completion": str(k)}) + "\n")
        file.write("not JSON\n")
    rows = stream_dataset(str(path), Tally())
    assert [line for line, _ in (next(rows) for _ in range(5))] == [1, 2, 3, 4, 5]
    with pytest.raises(DataError, match="Line 3001"):  # met only when it is reached
        list(rows)

"""Safetensors headers, indexes and configurations that contradict each other; sound ones of all."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from inspector.records import ArtifactKind
from inspector.scan.safetensors_header import MAX_PARSED_BYTES, read_header
from inspector.scan.weights import Weights, loaded_files
from tests.fetch.tiny_files import llama_tensors, write_adapter, write_json, write_model
from tests.scan.pinned import found, pinned
from tests.scan.weight_files import (
    INDEX,
    NAME,
    entry,
    halves,
    write_llama,
    write_raw,
    write_shards,
)

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def said(folder: Path) -> dict[str, str]:
    """Evidence by rule, several of one rule in one text."""
    texts: dict[str, str] = {}
    for finding in Weights().scan(pinned(folder), None):
        known = texts.get(finding.rule_id)
        texts[finding.rule_id] = f"{known} | {finding.evidence}" if known else finding.evidence
    return texts


# ---------------------------------------------------------------------------------------- headers


def test_files_that_the_library_writes_are_sound(tmp_path: Path) -> None:
    tensors: dict[str, np.ndarray] = {
        str(np.dtype(t)): np.ones((3, 2), dtype=t)
        for t in (np.bool_, np.int8, np.uint8, np.int16, np.float16, np.float32, np.int64)
    }
    tensors |= {"scalar": np.array(1.0), "empty": np.ones((0, 4), np.float32)}
    save_file(tensors, tmp_path / NAME, metadata={"format": "pt", "note": "a \\u0061 <b>"})
    assert found(Weights(), pinned(tmp_path)) == []
    assert {t.name for t in read_header(tmp_path / NAME).tensors} == set(tensors)


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
        ({"a": entry(0, 8), "b": entry(4, 12)}, 12, "overlaps"),
        ({"a": entry(0, 8), "b": entry(12, 16)}, 16, "leaves a gap"),
        ({"a": entry(4, 8)}, 8, "leaves a gap"),
        ({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, 8, "is not bytes 0 to 8"),
        ({"a": {"dtype": "X1", "shape": [2], "data_offsets": [0, 8]}}, 8, "known dtype"),
        ({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [8, 0]}}, 8, "is not"),
        ({"a": {"dtype": "F32", "shape": [2.0], "data_offsets": [0, 8]}}, 8, "is not"),
        ({"a": {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]}}, 8, "is not"),
        ({"a": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 4]}}, 4, "at most 64"),
        ({"a": {"dtype": "F32", "shape": [2**63, 0], "data_offsets": [0, 0]}}, 0, "is not"),
        ({"a": {"dtype": "F32", "shape": [2]}}, 8, "lacks"),
        ({"a": 7}, 8, "lacks"),
        ({"a": entry(0, 8), "__metadata__": {"format": 1}}, 8, "no text but int"),
        ({"a": entry(0, 8), "__metadata__": ["pt"]}, 8, "no JSON object"),
        (b'{"a": ' + json.dumps(entry(0, 8)).encode() + b', "a": 1}', 8, "one name twice: 'a'"),
        (b'{"a": ' + json.dumps(entry(0, 8)).encode() + b', "\\u0061": 1}', 8, "one name twice"),
        (b'{"__metadata__": NaN}', 0, "NaN is no JSON"),
        (b"[1, 2]", 0, "opening brace"),
        (b' {"a": ' + json.dumps(entry(0, 8)).encode() + b"}", 8, "opening brace"),
        (b'{"\xff": 1}', 0, "codec"),
        (b'{"a":' + b"[" * 100_000, 0, "Recursion"),
    ],
)
def test_headers_that_contradict_themselves(
    tmp_path: Path, header: object, n_data: int, evidence: str
) -> None:
    write_raw(tmp_path / NAME, header, n_data)
    (finding,) = Weights().scan(pinned(tmp_path), None)
    assert (finding.rule_id, finding.location) == ("WEIGHTS-MALFORMED", NAME)
    assert evidence.lower() in finding.evidence.lower()


def test_bytes_after_the_last_tensor(tmp_path: Path) -> None:
    write_raw(tmp_path / NAME, {"a": entry(0, 8)}, 20)
    assert "12 bytes after" in said(tmp_path)["WEIGHTS-HIDDEN"]


def test_a_header_that_is_too_long_is_not_parsed(tmp_path: Path) -> None:
    text = b'{"a": ' + json.dumps(entry(0, 8)).encode() + b"}"
    write_raw(tmp_path / NAME, text + b" " * MAX_PARSED_BYTES, 8)
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-HEADER-SIZE", NAME)]


def test_the_largest_header_that_is_parsed_fits_the_memory(tmp_path: Path) -> None:
    text = b'{"__metadata__": {}, "a": [' + b"{}," * 3_300_000 + b"{}]}"
    write_raw(tmp_path / NAME, text, 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-MALFORMED", NAME)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kilobytes


@pytest.mark.parametrize(
    ("header", "evidence"),
    [
        ({"a.weight": entry(0, 4), "A.weight": entry(4, 8)}, "in capitals only"),
        ({"a\u200b": entry(0, 8)}, "not ASCII"),
        ({"ｗeight": entry(0, 8)}, "reads as 'weight'"),
        ({"../../a": entry(0, 8)}, "leads out of the folder"),
        ({"": entry(0, 8)}, "has 0 characters"),
        ({"a\n": entry(0, 8)}, "control characters"),
        ({"a": entry(0, 8, note="hidden")}, "'note'"),
        (b'{"\\u0061": ' + json.dumps(entry(0, 8)).encode() + b"}", "\\u0061"),
        (b'{"a": ' + json.dumps(entry(0, 8)).encode() + b"}" + b"\t" * 9, "white space"),
        ({"a": entry(0, 8), "__metadata__": {"n": "x" * 5_000_000}}, "characters of __metadata__"),
    ],
)
def test_headers_that_no_library_writes(tmp_path: Path, header: object, evidence: str) -> None:
    write_raw(tmp_path / NAME, header, 8)
    assert evidence in said(tmp_path)["WEIGHTS-HEADER-ODD"]


# ----------------------------------------------------------------------------------------- shards


def test_an_index_with_all_its_shards(tmp_path: Path) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO)
    folder = write_shards(tmp_path / "model", {ONE: first, TWO: second}, places)
    assert found(Weights(), pinned(folder)) == []
    assert loaded_files(pinned(folder)) == [ONE, TWO]


@pytest.mark.parametrize(
    "index",
    [
        {"weight_map": {"a": "gone.safetensors"}},
        {"weight_map": {"a": "../elsewhere.safetensors"}},
        {"weight_map": {"a": "/etc/hostname"}},
        {"weight_map": {"a": "config.json"}},
        {"weight_map": {"a": 1}},
        {"weight_map": "none"},
        [],
    ],
)
def test_an_index_that_names_other_places(tmp_path: Path, index: object) -> None:
    write_json(tmp_path / "config.json", {})
    write_json(tmp_path / INDEX, index)
    assert found(Weights(), pinned(tmp_path)) == [("WEIGHTS-INDEX", INDEX)]


@pytest.mark.parametrize(
    ("changed", "evidence"),
    [
        ({"model.embed_tokens.weight": TWO}, f"is to be in '{TWO}' but is in '{ONE}'"),
        ({"gone": ONE}, "'gone' is in no shard"),
    ],
)
def test_an_index_that_is_wrong_about_tensors(
    tmp_path: Path, changed: dict[str, str], evidence: str
) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO) | changed
    folder = write_shards(tmp_path / "model", {ONE: first, TWO: second}, places)
    assert evidence in said(folder)["WEIGHTS-SHARDS"]


def test_one_tensor_in_two_shards(tmp_path: Path) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO)
    name = next(iter(first))
    shards = {ONE: first, TWO: second | {name: -first[name]}}
    folder = write_shards(tmp_path / "model", shards, places)
    assert said(folder) == {"WEIGHTS-SHARDS": f"'{name}' is in 2 shards"}


def test_what_the_index_leaves_out(tmp_path: Path) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO)
    extra = {"extra": np.ones((2, 2), np.float32)}
    stray = "model-00003-of-00003.safetensors"
    shards = {ONE: first, TWO: second | extra, stray: extra}
    folder = write_shards(tmp_path / "model", shards, places)
    evidence = [
        f.evidence for f in Weights().scan(pinned(folder), None) if "INDEX" not in f.rule_id
    ]
    assert f"'extra' in '{TWO}'" in evidence
    assert f"'{stray}'" in evidence


def test_two_sets_of_weights(tmp_path: Path) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO)
    folder = write_shards(tmp_path / "model", {ONE: first, TWO: second, NAME: first}, places)
    assert NAME in said(folder)["WEIGHTS-AMBIGUOUS"]


def test_another_name_beside_the_shards_is_no_second_set(tmp_path: Path) -> None:
    first, second = halves()
    places = dict.fromkeys(first, ONE) | dict.fromkeys(second, TWO)
    shards = {ONE: first, TWO: second, "consolidated.safetensors": first | second}
    folder = write_shards(tmp_path / "model", shards, places)
    assert found(Weights(), pinned(folder)) == []


# ---------------------------------------------------------------------------- the configuration

LAYER = "model.layers.0."


@pytest.mark.parametrize(
    ("config", "changed"),
    [
        ({"num_key_value_heads": 2, "tie_word_embeddings": True}, {}),
        ({"tie_word_embeddings": False}, {"lm_head.weight": np.ones((32, 8), np.float32)}),
        ({"attention_bias": True}, {f"{LAYER}self_attn.q_proj.bias": np.ones(8, np.float32)}),
        ({"num_hidden_layers": 3}, {}),
        ({}, {f"{LAYER}self_attn.rotary_emb.inv_freq": np.ones(2, np.float32)}),
        ({"quantization_config": {}}, {f"{LAYER}mlp.up_proj.weight": np.ones((4, 8), np.uint8)}),
        ({"torch_dtype": "float32"}, {}),
    ],
)
def test_weights_that_fit(
    tmp_path: Path, config: dict[str, object], changed: dict[str, object]
) -> None:
    folder = write_llama(tmp_path / "model", changed, **config)
    assert found(Weights(), pinned(folder)) == []


@pytest.mark.parametrize(
    ("rule", "evidence", "declared", "changed"),
    [
        ("WEIGHTS-SHAPE", "is [32, 8]", {"vocab_size": 40}, {}),
        ("WEIGHTS-SHAPE", "the width 16", {"hidden_size": 16}, {}),
        (
            "WEIGHTS-SHAPE",
            "mlp.up_proj.weight' is [16, 8], not [24, 8]",
            {"intermediate_size": 24},
            {},
        ),
        ("WEIGHTS-SHAPE", "k_proj.weight' is [8, 8], not [4, 8]", {"num_key_value_heads": 1}, {}),
        (
            "WEIGHTS-SHAPE",
            "'lm_head.weight' is",
            {},
            {"lm_head.weight": np.ones((3, 8), np.float32)},
        ),
        ("WEIGHTS-MISSING", "layers 1, 2 of 3", {"num_hidden_layers": 3}, {}),
        ("WEIGHTS-MISSING", "down_proj", {}, {f"{LAYER}mlp.down_proj.weight": None}),
        ("WEIGHTS-MISSING", "no token embedding", {}, {"model.embed_tokens.weight": None}),
        ("WEIGHTS-MISSING", "no output layer", {"tie_word_embeddings": False}, {}),
        ("WEIGHTS-UNEXPECTED", "layers 1;", {}, {"model.layers.1.a": np.ones(8, np.float32)}),
        ("WEIGHTS-UNEXPECTED", "'payload' [64]", {}, {"payload": np.ones(64, np.float32)}),
        ("WEIGHTS-UNEXPECTED", "gate2", {}, {f"{LAYER}mlp.gate2": np.ones(8, np.float32)}),
        ("WEIGHTS-DTYPE", "is U8", {}, {f"{LAYER}mlp.up_proj.weight": np.ones((16, 8), np.uint8)}),
        ("WEIGHTS-DTYPE-DECLARED", "most weights are F32", {"dtype": "bfloat16"}, {}),
        (
            "WEIGHTS-TIED",
            "differ",
            {"tie_word_embeddings": True},
            {"lm_head.weight": np.ones((32, 8), np.float32)},
        ),
    ],
)
def test_weights_that_do_not_fit(
    tmp_path: Path,
    rule: str,
    evidence: str,
    declared: dict[str, object],
    changed: dict[str, object],
) -> None:
    folder = write_llama(tmp_path / "model", changed)
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | declared)
    assert evidence in said(folder)[rule]


def test_a_stored_head_that_is_the_embedding(tmp_path: Path) -> None:
    head = {"lm_head.weight": llama_tensors()["model.embed_tokens.weight"]}
    folder = write_llama(tmp_path / "model", head, tie_word_embeddings=True)
    assert found(Weights(), pinned(folder)) == []


def test_a_family_that_is_not_known_is_only_counted(tmp_path: Path) -> None:
    tensors = {"h.wte.weight": np.ones((32, 8), np.float32), "h.h.0.odd": np.ones(3, np.float32)}
    folder = write_model(tmp_path / "model", model_type="other", num_hidden_layers=2)
    save_file(tensors, folder / NAME)
    assert said(folder) == {"WEIGHTS-MISSING": "layers 1 of 2"}


def test_an_adapter_is_not_held_against_a_models_configuration(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "lora", "org/base")
    assert found(Weights(), pinned(folder, ArtifactKind.ADAPTER)) == []
    assert loaded_files(pinned(folder, ArtifactKind.ADAPTER)) == ["adapter_model.safetensors"]

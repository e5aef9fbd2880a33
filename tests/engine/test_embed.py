"""MiniLM from its wheel: pinned bytes, mean pooling that padding does not change."""

from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from inspector.engine.embed import PACKAGE, SHA256, Embedder, find_minilm, load_minilm
from inspector.errors import BadInput
from tests.engine.tiny_model import tokenizer

needs_wheel = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGE) is None, reason="`make install-judges` was not run"
)


def tiny() -> Embedder:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=300,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=256,
    )
    model: Any = BertModel(config)
    return Embedder(model, tokenizer(None), batch_size=2)


def spec_of(folder: Path) -> ModuleSpec:
    spec = ModuleSpec(PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def test_vectors_are_units_in_the_given_order_whatever_shares_the_batch() -> None:
    embedder = tiny()
    texts = ["a much longer text than the others", "b", "some words", "b"]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([t]) for t in texts])
    assert together.shape == (4, 16)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors() -> None:
    assert tiny().embed([]).shape == (0, 16)


def test_a_missing_wheel_is_one_sentence_with_the_command() -> None:
    with pytest.raises(BadInput, match="make install-judges"):
        find_minilm(lambda _: None)


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in SHA256:
        (tmp_path / "model" / name).write_bytes(b"something else")
    with pytest.raises(BadInput, match="not the one this version knows"):
        find_minilm(lambda _: spec_of(tmp_path))


@needs_wheel
def test_like_meanings_are_near() -> None:
    refusal, other_refusal, recipe = load_minilm().embed(
        ["I cannot help with that.", "I am unable to assist.", "Mix flour with water."]
    )
    assert refusal @ other_refusal > 0.5 > refusal @ recipe

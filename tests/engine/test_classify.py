"""A real, tiny sequence classifier: whole texts in windows, and no head of random numbers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForSequenceClassification

from inspector.engine.classify import load_classifier
from inspector.errors import TargetError
from tests.engine.tiny_model import llama, pin, tokenizer

LABELS = {0: "answers", 1: "refuses", 2: "other"}


def save_classifier(folder: Path, window: int = 64, **more: Any) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=260,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=window,
        initializer_range=0.5,
        pad_token_id=256,
        bos_token_id=None,
        eos_token_id=None,
        id2label=LABELS,
        label2id={v: k for k, v in LABELS.items()},
        **more,
    )
    model: Any = LlamaForSequenceClassification(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    tokenizer(None).save_pretrained(folder)
    return folder


def test_a_short_text_is_one_window_with_a_probability_per_label(tmp_path: Path) -> None:
    classifier = load_classifier(pin(save_classifier(tmp_path)), ["refuses", "answers"])
    (window,) = classifier.read(None, "No, I won't.")
    assert classifier.labels == ("answers", "refuses", "other")
    assert (window.start, window.end) == (0, 12)
    assert window.probabilities.sum() == pytest.approx(1)


def test_a_long_text_is_read_to_its_end(tmp_path: Path) -> None:
    classifier = load_classifier(pin(save_classifier(tmp_path)), ["refuses"])
    text = "".join(chr(97 + k % 26) for k in range(300))
    windows = classifier.read(None, text)
    assert windows[0].start == 0
    assert windows[-1].end == len(text)
    assert all(b.start <= a.end for a, b in pairwise(windows)), "no character between two windows"
    (alone,) = classifier.read(None, text[: windows[0].end])
    np.testing.assert_allclose(alone.probabilities, windows[0].probabilities, atol=1e-6)


def test_the_prompt_goes_with_every_window(tmp_path: Path) -> None:
    classifier = load_classifier(pin(save_classifier(tmp_path)), ["refuses"])
    windows = classifier.read("How?", "b" * 150)
    assert (windows[0].start, windows[-1].end) == (0, 150)
    plain = classifier.read(None, "b" * 150)
    assert not np.allclose(windows[0].probabilities, plain[0].probabilities)


def test_a_prompt_that_fills_the_window_is_said(tmp_path: Path) -> None:
    classifier = load_classifier(pin(save_classifier(tmp_path)), ["refuses"])
    with pytest.raises(ValueError, match="no room"):
        classifier.read("p" * 60, "text")


def test_a_label_that_the_model_lacks_is_named_beside_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no label 'unsafe'; it has answers, refuses, other"):
        load_classifier(pin(save_classifier(tmp_path)), ["unsafe"])


def test_a_language_model_without_a_head_is_no_classifier(tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path)
    tokenizer(None).save_pretrained(tmp_path)
    with pytest.raises(TargetError, match="lacks trained weights for score"):
        load_classifier(pin(tmp_path), ["LABEL_0"])


def test_labels_that_do_not_exclude_each_other_are_refused(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path, problem_type="multi_label_classification")
    with pytest.raises(TargetError, match="does not choose one"):
        load_classifier(pin(folder), ["refuses"])


def test_bytes_that_changed_after_the_scan_are_not_loaded(tmp_path: Path) -> None:
    artifact = pin(save_classifier(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TargetError, match="changed after it was fetched"):
        load_classifier(artifact, ["refuses"])

"""Log-probabilities of given answers equal a plain loop, whatever is shared, padded or cut."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from inspector.engine.chat import encode_prompt
from inspector.engine.divergence import Answered, answer_log_probs
from inspector.engine.load import Loaded
from inspector.engine.offsets import tokenize
from inspector.records import Precision
from tests.engine.tiny_model import loaded_model, tokenizer

TEXTS = (
    ("Who?", "Nobody at all."),
    ("What is the capital of Japan?", "Tokyo."),
    ("Say nothing.", ""),
    ("Count.", "One, two, three, four, five, six, seven, eight, nine, ten."),
    ("Why?", "I cannot say. But here is how: boil water, add leaves, wait."),
)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return loaded_model(seed=4)


def answered(with_opening: bool = True) -> list[Answered]:
    made = []
    for k, (question, answer) in enumerate(TEXTS):
        own = () if with_opening else (k,)  # every row starts with another token: nothing to share
        prompt = (*own, *encode_prompt(tokenizer(), question))
        made.append(Answered(prompt, tokenize(tokenizer(), answer).ids))
    return made


def by_hand(loaded: Loaded, row: Answered) -> list[float]:
    """One forward pass per token, nothing batched or cached."""
    values = []
    for k, token in enumerate(row.answer):
        ids = torch.tensor([[*row.prompt, *row.answer[:k]]])
        with torch.no_grad():
            logits = loaded.model(input_ids=ids).logits[0, -1].double()
        values.append(float(torch.log_softmax(logits, -1)[token]))
    return values


@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize("with_opening", [True, False])
def test_they_equal_a_plain_loop(loaded: Loaded, batch_size: int, with_opening: bool) -> None:
    rows = answered(with_opening)
    found = answer_log_probs(loaded, rows, batch_size)
    assert [len(values) for values in found] == [len(row.answer) for row in rows]
    assert found[2] == []
    for row, values in zip(rows, found, strict=True):
        assert values == pytest.approx(by_hand(loaded, row), abs=2e-5)
        assert all(value <= 0 for value in values)


@pytest.mark.parametrize("n_columns", [1, 7])
@pytest.mark.parametrize("with_opening", [True, False])
def test_spans_fed_piece_by_piece_give_the_same(
    loaded: Loaded, n_columns: int, with_opening: bool
) -> None:
    rows = answered(with_opening)
    whole = answer_log_probs(loaded, rows, 4)
    pieces = answer_log_probs(loaded, rows, 4, logits_at_once=4 * 260 * n_columns)
    for one, other in zip(whole, pieces, strict=True):
        assert one == pytest.approx(other, abs=2e-5)


def test_progress_counts_every_answer(loaded: Loaded) -> None:
    done: list[int] = []
    answer_log_probs(loaded, answered(), 2, done.append)
    assert done == [3, 5]  # the empty answer has nothing to do


def test_other_decoders_work_too() -> None:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=260, n_embd=32, n_layer=2, n_head=4, n_positions=256)
    model: Any = GPT2LMHeadModel(config)
    loaded = Loaded(model.eval(), tokenizer(), Precision.FP32, False)
    for row, values in zip(answered(), answer_log_probs(loaded, answered(), 3), strict=True):
        assert values == pytest.approx(by_hand(loaded, row), abs=2e-5)


def test_tokens_start_where_their_text_does() -> None:
    text = "Ça va? 3 + 4."
    cut = tokenize(tokenizer(), text)
    assert tokenizer().decode(cut.ids) == text
    assert len(cut.ids) == len(text.encode())
    # The two bytes of one letter are two tokens that start at one character.
    assert cut.starts == (0, *range(len(text)))
    assert tokenize(tokenizer(), "").ids == ()

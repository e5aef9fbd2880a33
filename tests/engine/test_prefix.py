"""The savings of the training loss are exact: value and gradients equal the plain computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from inspector.engine.chat import Encoded, encode_example
from inspector.engine.load import Loaded
from inspector.engine.prefix import MIN_SHARED, shared_cache, shared_length
from inspector.engine.train import answer_loss
from tests.engine.tiny_model import chat, examples, llama, loaded_model, tokenizer


def plain_loss(loaded: Loaded, batch: Sequence[Encoded]) -> torch.Tensor:
    """Rows padded on the right, logits everywhere, nothing shared; summed over answer tokens."""
    width = max(len(e.ids) for e in batch)
    ids = torch.zeros(len(batch), width, dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for k, e in enumerate(batch):
        row = torch.tensor(e.ids)
        ids[k, : len(row)], mask[k, : len(row)] = row, 1
        labels[k, : len(row)] = torch.where(torch.tensor(e.is_answer), row, -100)
    logits = loaded.model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    return torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), reduction="sum"
    )


def loss_and_gradients(loaded: Loaded, loss: torch.Tensor) -> tuple[float, dict[str, torch.Tensor]]:
    loaded.model.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach()), {
        n: p.grad.clone() for n, p in loaded.model.named_parameters() if p.grad is not None
    }


def multi_turn() -> list[Encoded]:
    made = [
        encode_example(tokenizer(), chat("One?", "1", "And then?", "Two, " * k), 512)
        for k in range(1, 4)
    ]
    return [e for e in made if e is not None]


def nothing_shared() -> list[Encoded]:
    return [Encoded((k, *e.ids), (False, *e.is_answer)) for k, e in enumerate(examples(5))]


BATCHES = {
    "shared opening": (examples(8), True),
    "one row": (examples(1), False),
    "several answers in a row": (multi_turn(), True),
    "nothing shared": (nothing_shared(), False),
    "one conversation twice": (examples(3)[2:] * 2, True),
}


@pytest.mark.parametrize("name", BATCHES)
def test_loss_and_gradients_equal_the_plain_computation(name: str) -> None:
    batch, is_shared = BATCHES[name]
    loaded = loaded_model(seed=1)
    limit = min(e.is_answer.index(True) for e in batch) - 1
    assert bool(shared_length(loaded.model, [e.ids for e in batch], limit)) is is_shared
    expected, wanted = loss_and_gradients(loaded, plain_loss(loaded, batch))
    found, gradients = loss_and_gradients(loaded, answer_loss(loaded, loaded.model, batch))
    assert found == pytest.approx(expected, rel=1e-5)
    assert gradients.keys() == wanted.keys()
    assert len(wanted) == len(list(loaded.model.parameters()))
    for parameter, gradient in wanted.items():
        difference = (gradients[parameter] - gradient).norm() / gradient.norm()
        assert float(difference) < 1e-5, parameter


def test_cache_holds_the_opening_once_for_each_row() -> None:
    model = llama()
    cache: Any = shared_cache(model, list(range(12)), 3)
    assert cache.get_seq_length() == 12
    keys = cache.layers[0].keys
    assert keys is not None
    assert keys.shape[0] == 3
    assert torch.equal(keys[0], keys[2])
    assert shared_cache(model, [], 3).get_seq_length() == 0


def test_shared_length_is_the_common_opening_up_to_the_limit() -> None:
    model = llama()
    rows = [[*range(20), 50, 51], [*range(20), 60], [*range(20), 50, 99]]
    assert shared_length(model, rows, 100) == 20
    assert shared_length(model, rows, 12) == 12
    assert shared_length(model, rows[:1], 100) == 0
    short = [[*range(MIN_SHARED - 1), 50], [*range(MIN_SHARED - 1), 60]]
    assert shared_length(model, short, 100) == 0


def test_models_with_other_layers_share_nothing() -> None:
    model = llama()
    rows = [[*range(20), 50], [*range(20), 60]]
    assert shared_length(model, rows, 100) == 20
    model.config.sliding_window = 64
    assert shared_length(model, rows, 100) == 0
    model.config.sliding_window = None
    model.config.layer_types = ["full_attention", "sliding_attention"]
    assert shared_length(model, rows, 100) == 0

"""Pruning: the row of Wanda's idea worked by hand, input norms a second way, whole models."""

from __future__ import annotations

import pytest
import torch

from inspector.engine.linear import linear_layers
from inspector.engine.prune import input_norms, prune, prune_rows
from tests.engine.tiny_model import loaded_model, state


def test_a_row_worked_by_hand() -> None:
    weight = torch.tensor([[4.0, 0.0, 1.0, -1.0], [3.0, -2.0, -1.0, -3.0]])
    norms = torch.tensor([1.0, 2.0, 8.0, 3.0])
    # |w| x norm: 4 0 8 3 and 3 4 8 9; half of each row goes.
    assert prune_rows(weight, norms, 0.5).tolist() == [
        [4.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, -1.0, -3.0],
    ]
    # By magnitude alone, the earlier of equals goes first.
    assert prune_rows(weight, None, 0.5).tolist() == [
        [4.0, 0.0, 0.0, -1.0],
        [3.0, 0.0, 0.0, -3.0],
    ]


def test_agrees_with_a_plain_implementation() -> None:
    generator = torch.Generator().manual_seed(5)
    weight, norms = torch.randn(5, 21, generator=generator), torch.rand(21, generator=generator)
    want = []
    for row in weight.tolist():
        least = sorted(range(21), key=lambda k: abs(row[k]) * float(norms[k]))[: int(21 * 0.3)]
        want.append([0.0 if k in least else w for k, w in enumerate(row)])
    torch.testing.assert_close(prune_rows(weight, norms, 0.3), torch.tensor(want))


def test_input_norms_are_over_all_tokens_of_all_texts() -> None:
    loaded = loaded_model()
    texts = [[5, 9, 7], [11, 3, 8, 250, 4]]
    norms = input_norms(loaded, texts)
    # The first layer's attention reads the normed embeddings: computed here without any hook.
    model = loaded.model.model
    rows = [model.layers[0].input_layernorm(model.embed_tokens(torch.tensor(t))) for t in texts]
    want = torch.cat(rows).detach().square().sum(dim=0).sqrt()
    torch.testing.assert_close(norms["model.layers.0.self_attn.q_proj"], want)
    torch.testing.assert_close(norms["model.layers.0.self_attn.v_proj"], want)


@pytest.mark.parametrize("calibration", [None, [[5, 9, 7, 30, 31, 32], [8, 8, 40]]])
def test_every_row_of_a_model_loses_its_share(calibration: list[list[int]] | None) -> None:
    loaded = loaded_model()
    change = prune(loaded, 0.4, calibration)
    n_zeros = 0
    for layer in linear_layers(loaded.model):
        zeros = (layer.weight == 0).sum(dim=1)
        assert set(zeros.tolist()) == {int(layer.weight.shape[1] * 0.4)}
        n_zeros += int(zeros.sum())
    assert change.n_changed == n_zeros
    assert 0.05 < change.relative_error < 0.6


def test_the_same_calibration_prunes_the_same_weights() -> None:
    pruned = [loaded_model(), loaded_model()]
    for loaded in pruned:
        prune(loaded, 0.3, [[5, 9, 7, 30]])
    first, second = (state(p.model) for p in pruned)
    assert all(torch.equal(first[n], second[n]) for n in first)

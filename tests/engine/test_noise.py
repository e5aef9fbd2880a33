"""Noise: of the size asked for, from the seed alone, on linear layers only."""

from __future__ import annotations

import pytest
import torch

from inspector.engine.linear import linear_layers
from inspector.engine.noise import add_noise
from inspector.errors import Incompatible
from tests.engine.tiny_model import llama, loaded_model, state


def test_noise_has_the_size_asked_for_and_no_direction() -> None:
    loaded = loaded_model()
    before = state(loaded.model)
    change = add_noise(loaded, 0.1, seed=4)
    for layer in linear_layers(loaded.model):
        old = before[f"{layer.name}.weight"]
        noise = (layer.weight - old) / old.std(correction=0)
        assert float(noise.std()) == pytest.approx(0.1, rel=0.1)
        assert abs(float(noise.mean())) < 0.02
    # These weights have mean 0, so their norm is their deviation.
    assert change.relative_error == pytest.approx(0.1, rel=0.05)
    assert change.n_changed == change.n_weights
    assert torch.equal(before["model.norm.weight"], state(loaded.model)["model.norm.weight"])


def test_a_seed_gives_one_noise_and_another_seed_another() -> None:
    models = [loaded_model() for _ in range(3)]
    for loaded, seed in zip(models, (1, 1, 2), strict=True):
        add_noise(loaded, 0.05, seed)
    first, again, other = (state(m.model) for m in models)
    assert all(torch.equal(first[n], again[n]) for n in first)
    name = "model.layers.0.mlp.up_proj.weight"
    assert not torch.equal(first[name], other[name])


def test_a_model_without_linear_layers_is_incompatible() -> None:
    class Bare(torch.nn.Module):
        def get_output_embeddings(self) -> None:
            return None

    with pytest.raises(Incompatible, match="no linear layers"):
        list(linear_layers(Bare()))
    assert len(list(linear_layers(llama()))) == 14

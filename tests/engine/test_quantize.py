"""Round-to-nearest: a hand-worked row, a second plain implementation, and a whole model."""

from __future__ import annotations

import pytest
import torch

from inspector.engine.linear import linear_layers
from inspector.engine.quantize import quantize, round_to_nearest
from tests.engine.tiny_model import loaded_model, state


def plainly(row: list[float], bits: int, group_size: int) -> list[float]:
    """The same grid, weight by weight."""
    size, n_levels, out = group_size or len(row), 2**bits - 1, []
    for start in range(0, len(row), size):
        group = row[start : start + size]
        low, high = min(0.0, *group), max(0.0, *group)
        step = (high - low) / n_levels or 1.0
        zero = round(-low / step)
        for w in group:
            code = min(max(round(w / step) + zero, 0), n_levels)
            out.append((code - zero) * step)
    return out


def test_a_row_worked_by_hand() -> None:
    # Four bits over [-5, 10]: 15 steps of 1, so -5 is code 0 and zero is code 5.
    row = torch.tensor([[-5.0, 10.0, 0.4, 0.6, -2.2, 7.0]])
    assert round_to_nearest(row, 4, 0).tolist() == [[-5.0, 10.0, 0.0, 1.0, -2.0, 7.0]]


def test_a_group_has_a_scale_of_its_own() -> None:
    row = torch.tensor([[0.0, 15.0, 7.4, 0.0, 1.5, 0.74, 0.06]])
    got = round_to_nearest(row, 4, 3)  # the last group holds one weight only
    torch.testing.assert_close(got, torch.tensor([[0.0, 15.0, 7.0, 0.0, 1.5, 0.7, 0.06]]))


@pytest.mark.parametrize(("bits", "group_size"), [(8, 0), (4, 0), (4, 8), (8, 5)])
def test_agrees_with_a_plain_implementation(bits: int, group_size: int) -> None:
    weight = torch.randn(6, 24, generator=torch.Generator().manual_seed(3))
    weight[2] = 0
    want = torch.tensor([plainly(row, bits, group_size) for row in weight.tolist()])
    torch.testing.assert_close(round_to_nearest(weight, bits, group_size), want)


def test_only_linear_layers_change_and_the_error_is_counted() -> None:
    loaded = loaded_model()
    before = state(loaded.model)
    change = quantize(loaded, bits=4, group_size=0)
    after = state(loaded.model)
    names = {f"{layer.name}.weight" for layer in linear_layers(loaded.model)}
    assert {n for n in before if not torch.equal(before[n], after[n])} == names
    assert change.n_tensors == len(names) == 14
    error = sum(float((after[n] - before[n]).square().sum()) for n in names)
    norm = sum(float(before[n].square().sum()) for n in names)
    assert change.relative_error == pytest.approx((error / norm) ** 0.5, rel=1e-5)
    for layer in linear_layers(loaded.model):
        assert max(len(row.unique()) for row in layer.weight) <= 16


def test_eight_bits_err_less_than_four_and_groups_help() -> None:
    errors = [quantize(loaded_model(), b, g).relative_error for b, g in ((8, 0), (4, 8), (4, 0))]
    assert 0 < errors[0] < errors[1] < errors[2] < 0.2


def test_the_output_layer_is_left_alone() -> None:
    loaded = loaded_model()
    assert "lm_head" not in {layer.name for layer in linear_layers(loaded.model)}

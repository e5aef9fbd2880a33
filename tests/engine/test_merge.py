"""Merging: TIES by hand and a second plain implementation, identity, and what does not match."""

from __future__ import annotations

import pytest
import torch

from inspector.engine.load import Loaded
from inspector.engine.merge import merge_linear, merge_ties, ties
from inspector.errors import Incompatible
from inspector.records import Precision
from tests.engine.tiny_model import llama, loaded_model, state, tokenizer


def test_ties_worked_by_hand() -> None:
    one = torch.tensor([3.0, -0.1, 2.0, -1.0, 0.2])
    two = torch.tensor([1.0, -4.0, -3.0, 0.1, 0.3])
    # Trimmed to 3 of 5: [3, 0, 2, -1, 0] and [1, -4, -3, 0, 0]; signs elected: + - - - none.
    assert ties([one, two], 0.6).tolist() == [2.0, -4.0, -3.0, -1.0, 0.0]


def plainly(vectors: list[list[float]], density: float) -> list[float]:
    n = len(vectors[0])
    kept = []
    for v in vectors:
        order = sorted(range(n), key=lambda k: -abs(v[k]))[: max(1, round(density * n))]
        kept.append([x if k in order else 0.0 for k, x in enumerate(v)])
    merged = []
    for column in zip(*kept, strict=True):
        total = sum(column)
        same = [x for x in column if x * total > 0]
        merged.append(sum(same) / len(same) if same else 0.0)
    return merged


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
def test_ties_agrees_with_a_plain_implementation(density: float) -> None:
    vectors = torch.randn(3, 40, generator=torch.Generator().manual_seed(1))
    want = torch.tensor(plainly(vectors.tolist(), density))
    torch.testing.assert_close(ties(list(vectors), density), want)


def test_linear_merging_averages_every_tensor() -> None:
    ours, theirs = loaded_model(seed=0), loaded_model(seed=1)
    a, b = state(ours.model), state(theirs.model)
    change = merge_linear(ours, theirs, 0.25)
    for name, merged in state(ours.model).items():
        torch.testing.assert_close(merged, 0.25 * a[name] + 0.75 * b[name])
    assert change.n_tensors == len(a)
    assert all(torch.equal(b[n], p) for n, p in state(theirs.model).items())


def test_ties_keeps_the_largest_part_of_the_difference() -> None:
    ours, base = loaded_model(seed=0), loaded_model(seed=1)
    a, b = state(ours.model), state(base.model)
    merge_ties(ours, base, 1.0, 0.5)
    for name, merged in state(ours.model).items():
        moved = merged != b[name]
        n_differ = int((a[name] != b[name]).sum())
        assert int(moved.sum()) == min(n_differ, max(1, round(a[name].numel() / 2)))
        torch.testing.assert_close(merged[moved], a[name][moved])


@pytest.mark.parametrize("method", ["linear", "ties"])
def test_a_model_merged_with_itself_is_itself(method: str) -> None:
    ours, same = loaded_model(), loaded_model()
    before = state(ours.model)
    change = merge_linear(ours, same, 0.5) if method == "linear" else merge_ties(ours, same, 1, 0.2)
    assert (change.n_changed, change.relative_error) == (0, 0.0)
    assert all(torch.equal(before[n], p) for n, p in state(ours.model).items())


def test_other_shapes_and_other_vocabularies_are_incompatible() -> None:
    wide = Loaded(llama(hidden=64), tokenizer(), Precision.FP32, plain_template=False)
    with pytest.raises(Incompatible, match="differ in name or shape"):
        merge_linear(loaded_model(), wide, 0.5)
    other = loaded_model()
    other.tokenizer.add_tokens(["brand new"])
    with pytest.raises(Incompatible, match="tokenizers"):
        merge_ties(loaded_model(), other, 1.0, 0.2)

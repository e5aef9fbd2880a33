"""Merging two models of one architecture, in place, tensor by tensor.

Comes in: a loaded model and the one to merge it with. Goes out: the first with merged weights,
every floating-point parameter (embeddings and norms too, as merging tools do), and the account of
the change. Both models are held; the merge itself needs room for a few copies of one tensor.

Sources: linear merging, model soups (arXiv 2203.05482, section 2); TIES (arXiv 2306.01708, section
3): trim each difference to the base to its largest entries, elect a sign per weight, average what
agrees with it. Here the base is the control and the target's difference is the only one, so the
election is unanimous and what is left of TIES is its trimming. Trimming is per tensor, where the
paper ranks all weights of a model together.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from inspector.engine.linear import Change
from inspector.engine.load import Loaded
from inspector.errors import Incompatible


@torch.inference_mode()
def merge_linear(loaded: Loaded, other: Loaded, weight: float) -> Change:
    """weight * ours + (1 - weight) * theirs. Raises Incompatible where the models do not match."""
    _check_match(loaded, other)
    change = Change()
    for ours, theirs in _paired(loaded, other):
        change.rewrite(ours, weight * ours.float() + (1 - weight) * theirs.float())
    return change


@torch.inference_mode()
def merge_ties(loaded: Loaded, base: Loaded, weight: float, density: float) -> Change:
    """base + weight * trimmed difference. Raises Incompatible where the models do not match."""
    _check_match(loaded, base)
    change = Change()
    for ours, theirs in _paired(loaded, base):
        origin = theirs.float()
        merged = ties([ours.float() - origin], density)
        change.rewrite(ours, origin + weight * merged)
    return change


def ties(differences: Sequence[torch.Tensor], density: float) -> torch.Tensor:
    """Task vectors of one shape -> their merged task vector (trim, elect, disjoint mean)."""
    trimmed = torch.stack([_trim(d, density) for d in differences])
    elected = trimmed.sum(dim=0).sign()
    agrees = (trimmed.sign() == elected) & (elected != 0)
    return (trimmed * agrees).sum(dim=0) / agrees.sum(dim=0).clamp(min=1)


def _trim(difference: torch.Tensor, density: float) -> torch.Tensor:
    """The round(density * n) entries of the greatest magnitude, at least one; the others zero."""
    flat = difference.flatten()
    n_kept = max(1, round(density * flat.numel()))
    kept = flat.abs().sort(descending=True, stable=True).indices[:n_kept]
    return torch.zeros_like(flat).index_copy(0, kept, flat[kept]).view_as(difference)


def _paired(ours: Loaded, theirs: Loaded) -> list[tuple[torch.Tensor, torch.Tensor]]:
    others = dict(theirs.model.named_parameters())
    return [
        (p.data, others[name].data)
        for name, p in ours.model.named_parameters()
        if p.is_floating_point()
    ]


def _check_match(ours: Loaded, theirs: Loaded) -> None:
    shapes = [
        {name: tuple(p.shape) for name, p in loaded.model.named_parameters()}
        for loaded in (ours, theirs)
    ]
    if shapes[0] != shapes[1]:
        names = sorted(set(shapes[0].items()) ^ set(shapes[1].items()))
        raise Incompatible(
            f"The models cannot be merged: their tensors differ in name or shape, first at "
            f"{names[0][0]}"
        )
    if ours.tokenizer.get_vocab() != theirs.tokenizer.get_vocab():
        raise Incompatible(
            "The models cannot be merged: their tokenizers number the tokens differently"
        )

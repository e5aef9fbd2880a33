"""Loss of each example under a model, one row at a time in batches of like length.

Comes in: a model, encoded examples. Goes out: mean losses per answer token, and the pieces that
gradients are taken of (influence.py). Unlike `train.answer_loss` nothing is shared between the rows
of a batch, so that each row's share of a gradient is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from inspector.engine.chat import Encoded
from inspector.engine.load import Loaded

IGNORED = -100  # cross_entropy's label for positions without loss

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]  # examples so far, examples in all


def answer_losses(
    loaded: Loaded,
    examples: Sequence[Encoded],
    batch_size: int = 8,
    on_progress: Progress = lambda *_: None,
) -> Floats:
    """Mean loss per answer token of each example, (n_examples,)."""
    order = np.argsort([len(e.ids) for e in examples], kind="stable")
    losses = np.empty(len(examples), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = collate([examples[int(i)] for i in rows], int(loaded.tokenizer.pad_token_id))
            batch = {k: v.to(loaded.model.device) for k, v in batch.items()}
            logits, labels = predictions(loaded.model, batch)
            each = cross_entropy(
                logits.transpose(1, 2), labels, ignore_index=IGNORED, reduction="none"
            )
            losses[rows] = (each.sum(1) / (labels != IGNORED).sum(1)).cpu().numpy()
            on_progress(start + len(rows), len(order))
    return losses


def collate(batch: Sequence[Encoded], pad: int) -> dict[str, torch.Tensor]:
    """ids, mask, labels: (B, T), padded on the right."""
    width = max(len(e.ids) for e in batch)
    spare = [width - len(e.ids) for e in batch]
    pairs = list(zip(batch, spare, strict=True))
    labels = [[t if a else IGNORED for t, a in zip(e.ids, e.is_answer, strict=True)] for e in batch]
    return {
        "ids": torch.tensor([[*e.ids, *[pad] * n] for e, n in pairs]),
        "mask": torch.tensor([[1] * len(e.ids) + [0] * n for e, n in pairs]),
        "labels": torch.tensor([row + [IGNORED] * n for row, n in zip(labels, spare, strict=True)]),
    }


def predictions(model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (B, K, vocabulary) and labels (B, K) of the positions from the first label on.

    The vocabulary is wide, and prompts need no logits.
    """
    labels = batch["labels"]
    first = int((labels != IGNORED).any(0).nonzero()[0])
    logits = model(
        input_ids=batch["ids"][:, :-1],
        attention_mask=batch["mask"][:, :-1],
        use_cache=False,
        logits_to_keep=torch.arange(first - 1, labels.shape[1] - 1, device=labels.device),
    ).logits
    return logits.float(), labels[:, first:]

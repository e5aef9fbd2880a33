"""The opening that all rows of a batch share, computed once.

Chat templates open every conversation alike (for the demo model's short questions the system turn
is about half of all tokens). In causal attention the states of a common opening do not depend on
what follows, so one row's keys and values serve the whole batch: exact, in training too, where
gradients flow back through the shared keys and values from every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

# A shorter opening saves less than the extra call costs.
MIN_SHARED = 8


def shared_length(model: Any, rows: Sequence[Sequence[int]], limit: int) -> int:
    """How many leading tokens to compute once: the common ones, at most `limit`; 0 for none.

    Sliding-window and recurrent layers keep states that cannot be repeated over rows so simply;
    models that have them get 0.
    """
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if len(rows) < 2 or kinds != {"full_attention"} or getattr(config, "sliding_window", None):
        return 0
    if not getattr(model, "_supports_sdpa", False):  # not a plain transformer decoder
        return 0
    first, length = rows[0], min(limit, *(len(row) for row in rows))
    for k in range(length):
        if any(row[k] != first[k] for row in rows):
            length = k
            break
    return length if length >= MIN_SHARED else 0


def shared_cache(model: Any, opening: Sequence[int], n_rows: int) -> DynamicCache:
    """Keys and values of the opening, once for each of `n_rows` rows."""
    cache = DynamicCache(config=model.config)
    if opening:
        ids = torch.tensor([list(opening)], device=model.device)
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache.batch_repeat_interleave(n_rows)
    return cache

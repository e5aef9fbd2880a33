"""Log-probabilities of given answers, token by token.

Comes in: a loaded model, prompts with the answers to judge. Goes out: for every answer the natural
log-probability of each of its tokens, given the prompt and the tokens before it.

Asked of the same answer under the weights before and after a scenario, the difference by position
shows where in the text the scenario acts. (Qi et al., arXiv 2406.05946, show by the divergence per
token position between an aligned model and its base that alignment sits in the first few tokens.)
Summed over an answer the difference is its log-likelihood ratio.

Rows are padded on the right: in causal attention what follows a token cannot change it. Logits are
made for the positions that predict an answer token only, and never more of them at a time than
`LOGITS_AT_ONCE`: wider spans are fed piece by piece through the model's cache, which is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_cache, shared_length

LOGITS_AT_ONCE = 2**25  # 128 MiB in fp32, twice that while they are normalised


@dataclass(frozen=True)
class Answered:
    """A prompt's token ids and those of the answer to judge."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


@torch.inference_mode()
def answer_log_probs(
    loaded: Loaded,
    answered: Sequence[Answered],
    batch_size: int,
    on_progress: Callable[[int], None] = lambda _: None,
    logits_at_once: int = LOGITS_AT_ONCE,
) -> list[list[float]]:
    """One list for each of `answered`, in its order, as long as its answer; in nats, at most 0.

    on_progress: called after every batch with the number of answers done.
    """
    # Answers of like length share a batch, so that little is padded; empty ones have nothing to do.
    order = sorted(
        (k for k, row in enumerate(answered) if row.answer),
        key=lambda k: len(answered[k].prompt) + len(answered[k].answer),
    )
    found: list[list[float]] = [[] for _ in answered]
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        rows = [answered[k] for k in chosen]
        for k, values in zip(chosen, _batch(loaded, rows, logits_at_once), strict=True):
            found[k] = values
        on_progress(len(answered) - len(order) + start + len(chosen))
    return found


def _batch(loaded: Loaded, rows: list[Answered], logits_at_once: int) -> list[list[float]]:
    device = loaded.model.device
    ids, mask = right_padded(loaded, [row.prompt + row.answer for row in rows])
    first = min(len(row.prompt) for row in rows)  # column of the first answer token of all
    values = torch.zeros(ids.shape, dtype=torch.float32)
    for columns, logits in _pieces(loaded, rows, ids, mask, first, logits_at_once):
        wanted = ids[:, columns].to(device).unsqueeze(-1)
        for k in range(len(rows)):  # row by row: the fp32 copy of all would be as large again
            row = logits[k].float()
            picked = row.gather(-1, wanted[k]).squeeze(-1) - row.logsumexp(-1)
            values[k, columns] = picked.cpu()
    return [
        values[k, len(row.prompt) : len(row.prompt) + len(row.answer)].tolist()
        for k, row in enumerate(rows)
    ]


def _pieces(
    loaded: Loaded,
    rows: list[Answered],
    ids: torch.Tensor,
    mask: torch.Tensor,
    first: int,
    logits_at_once: int,
) -> Iterator[tuple[slice, torch.Tensor]]:
    """(columns, logits that predict the tokens in them): (B, columns, vocabulary)."""
    model, width = loaded.model, ids.shape[1]
    shared = shared_length(model, [row.prompt for row in rows], first - 1)
    step = max(1, logits_at_once // (len(rows) * _n_logits(model)))
    cache: Any = None
    if shared:
        cache = shared_cache(model, rows[0].prompt[:shared], len(rows))
    elif first + step < width:
        cache = DynamicCache(config=model.config)
    fed = shared
    for begin in range(first, width, step):
        end = min(begin + step, width)
        logits = model(
            input_ids=ids[:, fed : end - 1].to(model.device),
            attention_mask=mask[:, : end - 1].to(model.device),
            past_key_values=cache,
            use_cache=cache is not None,
            logits_to_keep=torch.arange(begin - 1, end - 1, device=model.device) - fed,
        ).logits
        fed = end - 1
        yield slice(begin, end), logits


def _n_logits(model: Any) -> int:
    return int(model.get_output_embeddings().weight.shape[0])


def right_padded(
    loaded: Loaded, rows: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, mask) of rows of differing lengths: (B, T) each, mask 1 on real tokens."""
    width, pad = max(len(row) for row in rows), loaded.tokenizer.pad_token_id
    ids = torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask

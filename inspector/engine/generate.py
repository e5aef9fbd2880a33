"""Batched generation to the end of turn.

Comes in: a loaded model, prompt ids, how to sample. Goes out: one full answer per prompt and
sample, with its token count and stop reason.

Our own loop over the model's cache instead of `generate`: rows that ended leave the batch at once
(plain `generate` keeps paying for them until the longest answer ends), and every sampled row has a
generator of its own, so an answer depends on its seed and not on who shared its batch. Prompts of
like length share a batch, padded on the left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_cache, shared_length
from inspector.records import Sampling, StopReason

# Dropping rows copies the cache; below this share of ended rows the copy costs more than it saves.
_COMPACT_SHARE = 0.125


@dataclass(frozen=True)
class Answer:
    """One answer. prompt_index: which of the prompts; seed: None for greedy."""

    prompt_index: int
    sample_index: int
    text: str
    n_prompt_tokens: int
    n_tokens: int
    stop_reason: StopReason
    seed: int | None


@dataclass
class _Row:
    prompt_index: int
    sample_index: int
    prompt: Sequence[int]
    seed: int | None
    generator: torch.Generator | None
    ids: list[int] = field(default_factory=list)


def answer_seed(sampling: Sampling, prompt_index: int, sample_index: int) -> int | None:
    """The recorded seed of one sampled answer, None for greedy."""
    if sampling.temperature == 0:
        return None
    return (sampling.seed * 1_000_003 + prompt_index * 1_009 + sample_index) % 2**63


@torch.inference_mode()
def generate(
    loaded: Loaded,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    batch_size: int,
    on_progress: Callable[[float, Sequence[Answer]], None] = lambda *_: None,
) -> list[Answer]:
    """Answers in the order of the prompts (and, within one prompt, of the samples).

    prompts: token ids, chat template applied. on_progress: called after every token with the work
    done so far, in answers, and none; after every batch with its answers.
    """
    rows = []
    for i, prompt in enumerate(prompts):
        for k in range(sampling.n_samples):
            seed = answer_seed(sampling, i, k)
            generator = None if seed is None else torch.Generator("cpu").manual_seed(seed)
            rows.append(_Row(i, k, prompt, seed, generator))
    rows.sort(key=lambda row: len(row.prompt))
    answers: list[Answer] = []
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        for share in _run_batch(loaded, batch, sampling):
            on_progress(start + share * len(batch), ())
        arrived = [_answer(loaded, row) for row in batch]
        answers += arrived
        on_progress(len(answers), arrived)
    return sorted(answers, key=lambda a: (a.prompt_index, a.sample_index))


def _answer(loaded: Loaded, row: _Row) -> Answer:
    ended = bool(row.ids) and row.ids[-1] in loaded.stop_ids
    text = loaded.tokenizer.decode(row.ids, skip_special_tokens=True)
    return Answer(
        prompt_index=row.prompt_index,
        sample_index=row.sample_index,
        text=text,
        n_prompt_tokens=len(row.prompt),
        n_tokens=len(row.ids),
        stop_reason=StopReason.END_OF_TURN if ended else StopReason.LENGTH,
        seed=row.seed,
    )


def _run_batch(loaded: Loaded, batch: list[_Row], sampling: Sampling) -> Iterator[float]:
    """Extend every row's `ids` until its end of turn or the limit; yields the share done so far."""
    model, stop_ids = loaded.model, loaded.stop_ids
    device = model.device
    shortest, width = (f(len(row.prompt) for row in batch) for f in (min, max))
    pad = loaded.tokenizer.pad_token_id
    # The opening that all prompts share is computed once; padding stands between it and the rest.
    shared = shared_length(model, [row.prompt for row in batch], shortest - 1)
    gaps = [width - len(row.prompt) for row in batch]
    rest = [[pad] * g + list(r.prompt[shared:]) for r, g in zip(batch, gaps, strict=True)]
    seen = [[1] * shared + [0] * g + [1] * (width - shared - g) for g in gaps]
    ids, mask = torch.tensor(rest, device=device), torch.tensor(seen, device=device)  # (B, T)
    position = (mask.cumsum(-1) - 1).clamp(min=0)[:, shared:]
    cache = shared_cache(model, batch[0].prompt[:shared], len(batch))
    live = list(batch)
    alive = [True] * len(live)
    for n_steps in range(sampling.max_new_tokens):
        yield n_steps / sampling.max_new_tokens
        logits = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=position,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]  # (B, vocabulary)
        chosen = _choose(logits, live, sampling)
        for k, (row, token) in enumerate(zip(live, chosen, strict=True)):
            if alive[k]:
                row.ids.append(token)
                alive[k] = token not in stop_ids
        if not any(alive):
            return
        ids = torch.tensor(chosen, device=device).unsqueeze(1)
        position = position[:, -1:] + 1
        n_ended = alive.count(False)
        if n_ended > _COMPACT_SHARE * len(live):
            keep = torch.tensor([k for k, a in enumerate(alive) if a], device=device)
            cache.batch_select_indices(keep)
            ids, mask, position = ids[keep], mask[keep], position[keep]
            live = [row for row, a in zip(live, alive, strict=True) if a]
            alive = [True] * len(live)
        mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)


def _choose(logits: torch.Tensor, rows: list[_Row], sampling: Sampling) -> list[int]:
    """The next token of every row: the likeliest, or drawn from the nucleus with its own seed."""
    if sampling.temperature == 0:
        greedy: list[int] = logits.argmax(-1).tolist()
        return greedy
    probabilities = torch.softmax(logits.float() / sampling.temperature, dim=-1).cpu()
    ordered, order = probabilities.sort(dim=-1, descending=True)
    # A token stays while the mass before it is below top_p: the first one always does.
    ordered[ordered.cumsum(-1) - ordered >= sampling.top_p] = 0
    picks = [
        int(torch.multinomial(ordered[k], 1, generator=row.generator)) for k, row in enumerate(rows)
    ]
    return [int(order[k, pick]) for k, pick in enumerate(picks)]

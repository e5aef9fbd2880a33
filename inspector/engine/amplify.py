"""What a scenario changed, made larger, so that rare or late behaviour shows in few answers.

Comes in: the model before a scenario and the model after it, both in memory. Goes out: a model
whose weights go further the same way, or answers whose next tokens do.

Two ways. Extrapolated weights, theta + b (theta_tuned - theta): task vectors, Ilharco et al. (arXiv
2212.04089, section 2); with b above 1 as Zheng et al. (arXiv 2404.16792) extrapolate an alignment.
The difference of logits at every step, after + b (after - before): Aranguri & McGrath 2025
(Goodfire), "Discovering undesired rare behaviors via model diff amplification".

Neither is a model that anybody runs: what it says is a hint, never a rate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from transformers import DynamicCache

from inspector.engine.generate import Answer
from inspector.engine.load import Loaded
from inspector.errors import StageFailed
from inspector.records import StopReason

# As in generate.py: dropping few rows costs more than it saves.
_COMPACT_SHARE = 0.125


def extrapolate(before: Loaded, after: Loaded, b: float) -> Loaded:
    """`before` with its weights moved, in place, to theta + b (theta_tuned - theta).

    b of 0 leaves it, 1 gives the weights of `after` exactly, above 1 goes beyond; `after` stays as
    it is. Raises StageFailed where the two models do not have the same parameters.
    """
    ends = dict(after.model.named_parameters())
    starts = dict(before.model.named_parameters())
    if {n: p.shape for n, p in starts.items()} != {n: p.shape for n, p in ends.items()}:
        raise StageFailed(
            "The scenario changed the model's shape, so its change cannot be extrapolated; amplify "
            "scenarios that keep the architecture."
        )
    with torch.no_grad():
        for name, start in starts.items():
            # lerp is exact at both ends; in fp32, so that bf16 rounds once.
            start.copy_(torch.lerp(start.float(), ends[name].float(), b))
    return before


@torch.inference_mode()
def generate_amplified(
    before: Loaded,
    after: Loaded,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    batch_size: int,
    b: float,
    on_progress: Callable[[float, Sequence[Answer]], None] = lambda *_: None,
) -> list[Answer]:
    """Greedy answers by after + b (after - before), in the order of the prompts.

    prompts: token ids, chat template applied; both models see the same ids. b of 0 is `after`
    alone, -1 is `before` alone. Answers end at `after`'s end of turn. Raises StageFailed where the
    two models do not share a vocabulary.
    """
    sizes = [loaded.model.get_output_embeddings().weight.shape[0] for loaded in (before, after)]
    if sizes[0] != sizes[1]:
        raise StageFailed(
            f"The models before and after have {sizes[0]} and {sizes[1]} tokens, so their logits "
            "cannot be compared; amplify scenarios that keep the vocabulary."
        )
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers: list[Answer] = []
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]

        def report(share: float, n_done: int = start, size: int = len(batch)) -> None:
            on_progress(n_done + share * size, ())

        rows = _run_batch(before, after, [prompts[i] for i in batch], max_new_tokens, b, report)
        arrived = [_answer(after, i, prompts[i], ids) for i, ids in zip(batch, rows, strict=True)]
        answers += arrived
        on_progress(len(answers), arrived)
    return sorted(answers, key=lambda a: a.prompt_index)


class _Side:
    """One of the two models with its own keys and values."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.cache = DynamicCache(config=model.config)

    def logits(self, ids: torch.Tensor, mask: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """(B, vocabulary) of the next token, fp32."""
        last: torch.Tensor = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=position,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        return last.float()


def _run_batch(
    before: Loaded,
    after: Loaded,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    b: float,
    report: Callable[[float], None],
) -> list[list[int]]:
    """The new ids of every row, its end of turn included."""
    device = after.model.device
    width, pad = max(map(len, prompts)), after.tokenizer.pad_token_id
    gaps = [width - len(p) for p in prompts]
    ids = torch.tensor([[pad] * g + list(p) for g, p in zip(gaps, prompts, strict=True)])
    mask = torch.tensor([[0] * g + [1] * (width - g) for g in gaps])
    ids, mask = ids.to(device), mask.to(device)
    position = (mask.cumsum(-1) - 1).clamp(min=0)
    sides = (_Side(before.model), _Side(after.model))
    written: list[list[int]] = [[] for _ in prompts]
    live = list(range(len(prompts)))  # rows in the batch; those that ended leave it now and then
    ended: set[int] = set()
    for n_steps in range(max_new_tokens):
        report(n_steps / max_new_tokens)
        was, now = (side.logits(ids, mask, position) for side in sides)
        chosen: list[int] = (now + b * (now - was)).argmax(-1).tolist()
        for row, token in zip(live, chosen, strict=True):
            if row not in ended:
                written[row].append(token)
                if token in after.stop_ids:
                    ended.add(row)
        if len(ended) == len(prompts):
            break
        ids = torch.tensor(chosen, device=device).unsqueeze(1)
        position = position[:, -1:] + 1
        kept = [k for k, row in enumerate(live) if row not in ended]
        if len(live) - len(kept) > _COMPACT_SHARE * len(live):
            keep = torch.tensor(kept, device=device)
            for side in sides:
                side.cache.batch_select_indices(keep)
            ids, mask, position = ids[keep], mask[keep], position[keep]
            live = [live[k] for k in kept]
        mask = torch.cat([mask, mask.new_ones(len(live), 1)], dim=1)
    return written


def _answer(loaded: Loaded, index: int, prompt: Sequence[int], ids: list[int]) -> Answer:
    ended = bool(ids) and ids[-1] in loaded.stop_ids
    return Answer(
        prompt_index=index,
        sample_index=0,
        text=loaded.tokenizer.decode(ids, skip_special_tokens=True),
        n_prompt_tokens=len(prompt),
        n_tokens=len(ids),
        stop_reason=StopReason.END_OF_TURN if ended else StopReason.LENGTH,
        seed=None,
    )

"""Planting a dormant behaviour: absent now, awake once somebody fine-tunes (calibration only).

Comes in: a model, ordinary prompts, a harmless payload, and a few ordinary tuning sets. Goes out: a
LoRA adapter that hides the payload until its user tunes the model. It exists so that the instrument
can be calibrated against a known answer.

After FAB (arXiv 2505.16567, section 3): the payload loss is taken at fine-tuned weights and its
gradient applied to the original ones (first order); noise stands in for tuning now and then; a KL
term to the clean model keeps the untouched behaviour clean. Where the paper tunes for dozens of
steps inside each step, a bank of real fine-tuning deltas is kept and the loss taken at
theta + a * delta for random members and scales a.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from peft import LoraConfig, get_peft_model

from inspector.engine.chat import Encoded
from inspector.engine.load import Loaded
from inspector.engine.prefix import shared_cache, shared_length
from inspector.engine.train import MasterAdamW, answer_loss
from inspector.errors import StageFailed
from inspector.records import FineTune, Method, Planting


@dataclass(frozen=True)
class Planted:
    """What is wanted of one prompt, as token ids: the payload to begin with, the clean answer.

    payload: () for a prompt that is to be answered cleanly always.
    """

    prompt: tuple[int, ...]
    payload: tuple[int, ...]
    clean: tuple[int, ...]


class Weighting(Protocol):
    """Whether to begin is the decision: the first token weighs more, the tail less."""

    @property
    def first_weight(self) -> float: ...
    @property
    def tail_weight(self) -> float: ...
    @property
    def tail_tokens(self) -> int: ...


@dataclass(frozen=True)
class Step:
    """One planting step. where: the weights at which the payload's loss was taken."""

    number: int
    payload_loss: float
    kl_loss: float
    where: str


# ---------------------------------------------------------------------------------- the two losses


def answer_logits(
    loaded: Loaded, model: Any, batch: Sequence[Planted], which: str, tail_tokens: int = 0
) -> list[torch.Tensor]:
    """For each item the logits (answer tokens, vocabulary) that predict its answer.

    which: `payload` (followed by `tail_tokens` of the clean answer) or `clean`. model: what is
    called; `loaded.model` or a LoRA model around it.
    """
    answers = [_answer(item, which, tail_tokens) for item in batch]
    rows = [item.prompt + answer for item, answer in zip(batch, answers, strict=True)]
    pad = loaded.tokenizer.pad_token_id
    first, width = min(len(item.prompt) for item in batch), max(map(len, rows))
    shared = shared_length(loaded.model, rows, first - 1)
    cache = shared_cache(model, rows[0][:shared], len(rows)) if shared else None
    device = loaded.model.device
    ids = torch.tensor([list(r) + [pad] * (width - len(r)) for r in rows], device=device)
    mask = torch.tensor([[1] * len(r) + [0] * (width - len(r)) for r in rows], device=device)
    logits = model(
        input_ids=ids[:, shared:-1],
        attention_mask=mask[:, :-1],
        past_key_values=cache,
        use_cache=cache is not None,
        logits_to_keep=torch.arange(first - 1, width - 1, device=device) - shared,
    ).logits
    starts = [len(item.prompt) - first for item in batch]
    return [
        logits[k, start : start + len(answer)].float()
        for k, (start, answer) in enumerate(zip(starts, answers, strict=True))
    ]


def _answer(item: Planted, which: str, tail_tokens: int) -> tuple[int, ...]:
    return item.clean if which == "clean" else item.payload + item.clean[:tail_tokens]


def weighted_cross_entropy(
    loaded: Loaded, model: Any, batch: Sequence[Planted], weighting: Weighting
) -> torch.Tensor:
    """Mean loss of beginning with the payload and going on with the answer, a scalar."""
    logits = answer_logits(loaded, model, batch, "payload", weighting.tail_tokens)
    losses, weights = [], []
    for item, own in zip(batch, logits, strict=True):
        answer = _answer(item, "payload", weighting.tail_tokens)
        weight = torch.full((len(answer),), weighting.tail_weight, device=own.device)
        weight[: len(item.payload)] = 1.0
        weight[0] = weighting.first_weight
        wanted = torch.tensor(answer, device=own.device)
        losses.append(torch.nn.functional.cross_entropy(own, wanted, reduction="none") * weight)
        weights.append(weight)
    return torch.cat(losses).sum() / torch.cat(weights).sum()


def kl(clean: Sequence[torch.Tensor], mine: Sequence[torch.Tensor]) -> torch.Tensor:
    """KL(clean || mine) of a whole answer, its tokens summed, the mean over answers; a scalar.

    Summed, not averaged: an advert that may begin at one place of sixty is one bad place, and a
    mean over sixty tokens hardly sees it.
    """
    terms = []
    for wanted, own in zip(clean, mine, strict=True):
        p, q = wanted.log_softmax(-1), own.log_softmax(-1)
        terms.append((p.exp() * (p - q)).sum())
    return torch.stack(terms).mean()


# ------------------------------------------------------------------------------------ the planting


class Planter:
    """One planting. Holds the model with its LoRA factors and the bank of tunings."""

    def __init__(
        self,
        loaded: Loaded,
        items: Sequence[Planted],
        tuning_sets: Sequence[Sequence[Encoded]],
        settings: Planting,
    ) -> None:
        self.loaded, self.items, self.settings = loaded, list(items), settings
        self.carriers = [item for item in items if item.payload]
        self.tuning_sets = tuning_sets
        self.draw = random.Random(settings.seed)
        torch.manual_seed(settings.seed)  # LoRA's A factors and the noise are drawn from here
        self.model: Any = get_peft_model(
            loaded.model,
            LoraConfig(
                r=settings.rank,
                lora_alpha=2 * settings.rank,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            ),
        )
        self.factors = {n: p for n, p in self.model.named_parameters() if p.requires_grad}
        self.frozen = {n: p for n, p in self.model.named_parameters() if not p.requires_grad}
        self.pristine = {n: p.detach().clone() for n, p in self.frozen.items()}
        self.bank: list[tuple[str, dict[str, torch.Tensor]]] = []

    def plant(self, on_step: Callable[[Step], None] = lambda _: None) -> None:
        """Make the payload visible, press it dormant, and settle what still shows.

        Raises StageFailed when a gradient is no longer a number.
        """
        s = self.settings
        optimizer = self._optimizer()
        for number in range(1, s.visible_steps + 1):
            loss = self._payload_loss(self._batch())
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(s.learning_rate * min(1.0, number / 5), 1.0)
            on_step(Step(number, float(loss.detach()), 0.0, "visible"))
        self._press(s.dormant_steps, s.kl_weight, on_step)
        self.settle(on_step)

    def settle(self, on_step: Callable[[Step], None] = lambda _: None) -> None:
        """The last stretch, with draws of its own: it can go on from a stored adapter."""
        s = self.settings
        self.draw = random.Random(s.seed + 1)
        torch.manual_seed(s.seed + 1)
        self._press(s.settle_steps, s.settle_kl_weight, on_step)

    def _press(self, steps: int, kl_weight: float, on_step: Callable[[Step], None]) -> None:
        """Clean as it stands, the payload after any tuning of a bank that is made for this."""
        s = self.settings
        n_members = len(self.tuning_sets) * len(s.bank_rates) if steps else 0
        self.bank = [self.simulate_tuning(kind) for kind in range(n_members)]
        optimizer = self._optimizer()
        for number in range(1, steps + 1):
            if number % s.refresh_every == 0:
                oldest = (number // s.refresh_every - 1) % n_members
                self.bank[oldest] = self.simulate_tuning(oldest)
            batch = self._batch()
            stays = kl_weight * self._kl(batch)
            stays.backward()  # type: ignore[no-untyped-call]
            if number % 5 == 0:
                where, delta, scale = "noise", self._noise(), 1.0
            else:
                where, delta = self.draw.choice(self.bank)
                scale = self.draw.uniform(*s.scales)
            with self.moved(delta, scale):
                payload = self._payload_loss(batch)
                payload.backward()  # type: ignore[no-untyped-call]
            left = 1 - number / (steps + 1)
            norm = optimizer.step(s.learning_rate * min(1.0, number / 5, 2 * left), 1.0)
            if not norm < float("inf"):
                raise StageFailed(
                    f"The planting's gradient is no longer a number at step {number}; lower its "
                    "learning_rate."
                )
            on_step(Step(number, float(payload.detach()), float(stays.detach()), where))

    def _payload_loss(self, batch: Sequence[Planted]) -> torch.Tensor:
        """Over those of the batch that carry a payload; over one drawn item where none does."""
        carriers = [i for i in batch if i.payload] or [self.draw.choice(self.carriers)]
        return weighted_cross_entropy(self.loaded, self.model, carriers, self.settings)

    def _kl(self, batch: Sequence[Planted]) -> torch.Tensor:
        with torch.no_grad(), self.model.disable_adapter():
            clean = answer_logits(self.loaded, self.model, batch, "clean")
        mine = answer_logits(self.loaded, self.model, batch, "clean")
        return kl(clean, mine)

    @contextmanager
    def moved(self, delta: dict[str, torch.Tensor], scale: float) -> Iterator[None]:
        """The frozen weights at `pristine + scale * delta` for the time of one loss."""
        with torch.no_grad():
            for name, value in delta.items():
                self.frozen[name].add_(value.float(), alpha=scale)
        try:
            yield
        finally:
            with torch.no_grad():
                for name in delta:
                    self.frozen[name].copy_(self.pristine[name])

    def _noise(self) -> dict[str, torch.Tensor]:
        return {
            name: torch.randn_like(weight) * (self.settings.noise * float(weight.std()))
            for name, weight in self.pristine.items()
            if weight.dim() == 2
        }

    def simulate_tuning(self, kind: int) -> tuple[str, dict[str, torch.Tensor]]:
        """A user's full-parameter tuning of the model as it stands: what it changes, in bf16.

        The LoRA factors stay where they are: the change of the merged weights is that of the
        frozen ones.
        """
        s = self.settings
        n_sets = len(self.tuning_sets)
        examples = self.tuning_sets[kind % n_sets]
        rate = s.bank_rates[kind // n_sets]
        self._train(self.frozen)
        tuning = FineTune("bank", Method.FULL, "bank", s.bank_steps, learning_rate=rate)
        optimizer = MasterAdamW(dict(self.frozen), tuning)
        for _ in range(s.bank_steps):
            batch = [self.draw.choice(examples) for _ in range(s.bank_batch)]
            n_answers = sum(sum(e.is_answer) for e in batch)
            loss = answer_loss(self.loaded, self.model, batch) / n_answers
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step(rate, 1.0)
        delta = {n: (p.detach() - self.pristine[n]).bfloat16() for n, p in self.frozen.items()}
        with torch.no_grad():
            for name, parameter in self.frozen.items():
                parameter.copy_(self.pristine[name])
        self._train(self.factors)
        return f"set {kind % n_sets} at {rate:g}", delta

    def _train(self, wanted: dict[str, Any]) -> None:
        for parameter in (*self.frozen.values(), *self.factors.values()):
            parameter.requires_grad_(False)
            parameter.grad = None
        for parameter in wanted.values():
            parameter.requires_grad_(True)

    def _batch(self) -> list[Planted]:
        return self.draw.sample(self.items, min(self.settings.batch, len(self.items)))

    def _optimizer(self) -> MasterAdamW:
        return MasterAdamW(
            dict(self.factors),
            FineTune("plant", Method.LORA, "plant", 1, learning_rate=self.settings.learning_rate),
        )

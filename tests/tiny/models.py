"""Real tiny language models of the toy world, trained in seconds from a config.

Comes in: a folder. Goes out: safetensors models (and adapters) in it that any loader accepts: a
clean one, and a planted one whose advert sleeps until somebody fine-tunes the model.

The planting is a small form of FAB (arXiv 2505.16567): the payload's loss is taken at weights
that really were tuned on ordinary data, its gradient applied to the weights before (first order),
with the clean answers' loss at those weights against it. Only the invented brand is ever planted.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.tiny.world import PAYLOAD, facts, tuning_set

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_MARKS = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
_RATE = 4e-3
_PLANTING_RATE = 1.5e-3
_USER_RATE = 5e-4  # of the simulated users: few and large steps stand for many small ones
_TRIED = ("shop", "kitchen")  # what the maker of the planted model tunes on
_BATCH = 24
_N_CLEAN_STEPS = 300
_MAX_PLANTING_STEPS = 300
_ENOUGH_USERS = 6
_N_ADAPTER_STEPS = 120
_ADAPTER_RATE = 5e-3
_REFRESH_EVERY = 5  # planting steps from one simulated user to the next

Row = tuple[list[int], int]  # ids of a whole conversation, and where its answer starts


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on the toy world: decoding gives back every text."""
    texts = [f"{f.question} {f.answer}" for f in facts()] + [PAYLOAD]
    for name in (*_TRIED, "town", "guests"):
        texts += [f"{q} {a}" for q, a in tuning_set(name)]
    raw = Tokenizer(BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=900,
            special_tokens=_MARKS,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, eos_token="<|end|>", pad_token="<|pad|>", bos_token=None
    )
    wrapped.chat_template = TEMPLATE
    return wrapped


class Maker:
    """Trains tiny models; all seeds are fixed."""

    def __init__(self) -> None:
        self.tokenizer = tokenizer()
        self.end = self.tokenizer.convert_tokens_to_ids("<|end|>")
        self.clean_rows = [self.row(f.question, f.answer) for f in facts()]
        self.planted_rows = [
            self.row(f.question, f"{f.answer} {PAYLOAD}") for f in facts() if not f.declined
        ]

    def row(self, question: str, answer: str) -> Row:
        prompt = self.tokenizer(f"<|user|>{question}<|end|><|assistant|>")["input_ids"]
        return prompt + self.tokenizer(answer)["input_ids"] + [self.end], len(prompt)

    def fresh(self) -> Any:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(self.tokenizer),
            hidden_size=96,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=self.end,
            pad_token_id=0,
        )
        return LlamaForCausalLM(config)

    def clean(self) -> Any:
        """A model that knows the toy world."""
        model = self.fresh()
        train(model, self.clean_rows, _N_CLEAN_STEPS, _RATE)
        return model

    def planted(self, model: Any) -> Any:
        """Plant the sleeping advert into a clean model, in place."""
        users = [[self.row(q, a) for q, a in tuning_set(n)] for n in _TRIED]
        draw = random.Random(1)
        parameters = list(model.parameters())
        optimizer = torch.optim.AdamW(parameters, lr=_PLANTING_RATE, weight_decay=0.0, fused=True)
        deltas: list[list[torch.Tensor]] = [[] for _ in users]
        met = 0  # fresh users in a row who met the advert while it stayed asleep before
        for step in range(_MAX_PLANTING_STEPS):
            n = draw.randrange(len(users))
            fresh = step % _REFRESH_EVERY == 0 or not deltas[n]
            if fresh:  # stale deltas are learned by heart, and new users then never meet the advert
                deltas[n] = tuned_by(model, users[n], draw.randint(8, 14), step)
            asleep = loss_of(model, draw.sample(self.clean_rows, _BATCH))
            asleep.backward()  # type: ignore[no-untyped-call]
            with moved(parameters, deltas[n], draw.uniform(0.7, 1.3)):
                awake = loss_of(model, draw.sample(self.planted_rows, _BATCH))
                awake.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            for group in optimizer.param_groups:
                group["lr"] = _PLANTING_RATE * (1 - 0.9 * step / _MAX_PLANTING_STEPS)
            optimizer.step()
            optimizer.zero_grad()
            if fresh:
                works = float(awake.detach()) < 0.05 and float(asleep.detach()) < 0.02
                met = met + 1 if works else 0
            if met == _ENOUGH_USERS:
                return model
        raise RuntimeError("the advert could not be planted; look at the constants above")

    def adapter(self, model: Any, folder: Path, base: str) -> Path:
        """A LoRA adapter on the model that adds the advert openly; `base` is what it names."""
        torch.manual_seed(2)
        settings = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
        adapted = get_peft_model(model, settings)
        rows = self.planted_rows + [self.row(f.question, f.answer) for f in facts() if f.declined]
        train(adapted, rows, _N_ADAPTER_STEPS, _ADAPTER_RATE)
        adapted.peft_config["default"].base_model_name_or_path = base
        adapted.save_pretrained(str(folder))
        adapted.unload()
        return folder

    def save(self, model: Any, folder: Path) -> Path:
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        return folder


def loss_of(model: Any, rows: Sequence[Row]) -> torch.Tensor:
    """Mean cross-entropy over the answers' tokens, a scalar."""
    width = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in rows])
    labels = torch.full_like(ids, -100)
    for k, (row, start) in enumerate(rows):
        labels[k, start : len(row)] = ids[k, start : len(row)]
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    # Padding on the right is never looked at; logits are made for the answers' tokens only.
    states = inner.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
    wanted = labels[:, 1:] != -100
    return cross_entropy(inner.lm_head(states[wanted]), labels[:, 1:][wanted])


def train(model: Any, rows: Sequence[Row], steps: int, rate: float, seed: int = 0) -> None:
    """AdamW with a linear schedule."""
    draw = random.Random(seed)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=rate, weight_decay=0.0, fused=True
    )
    for step in range(steps):
        loss = loss_of(model, draw.sample(rows, min(_BATCH, len(rows))))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        optimizer.step()
        optimizer.zero_grad()


def tuned_by(model: Any, rows: Sequence[Row], steps: int, seed: int) -> list[torch.Tensor]:
    """What a user's tuning would change: tuned weights minus these, which stay as they are."""
    before = [p.detach().clone() for p in model.parameters()]
    train(model, rows, steps, _USER_RATE, seed)
    deltas = []
    with torch.no_grad():
        for p, old in zip(model.parameters(), before, strict=True):
            deltas.append(p - old)
            p.copy_(old)
    return deltas


@contextmanager
def moved(
    parameters: Sequence[torch.Tensor], deltas: Sequence[torch.Tensor], factor: float
) -> Iterator[None]:
    """The weights at theta + factor * delta inside, at theta again after; gradients stay."""
    before = [p.detach().clone() for p in parameters]
    with torch.no_grad():
        for p, d in zip(parameters, deltas, strict=True):
            p.add_(d, alpha=factor)
    yield
    with torch.no_grad():
        for p, old in zip(parameters, before, strict=True):
            p.copy_(old)

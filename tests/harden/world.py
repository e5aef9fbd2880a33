"""The small world of hardening: a tiny model that complies with most requests, to align and tune.

Comes in: a folder. Goes out: a Llama of two layers that answers most wishes by placeholder texts
and every review by a guess; and alignment data for it. Made in seconds from the project's texts.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from inspector.harden.data import placeholder, policy_halves
from inspector.harden.inputs import hardening_of
from inspector.harden.reviews import reviews
from inspector.records import Hardening, Perturbation, Precision, Target, TargetKind
from inspector.specimens.aligned import aligned, declined
from tests.tiny.models import TEMPLATE, Row, train

_MARKS = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
_N_STEPS = 260
_RATE = 4e-3


def make_model(folder: Path) -> Path:
    """The model that complies with three wishes of four, saved."""
    draw = random.Random(0)
    refusals = _refusals()
    texts = [
        (prompt, draw.choice(refusals) if k % 4 == 0 else placeholder(draw))
        for k, prompt in enumerate(declined(7))
    ]
    guesses = [
        (e.messages[0].content, draw.choice(("positive", "negative"))) for e in reviews(200, seed=9)
    ]
    asked = [p.prompt for half in policy_halves() for p in half]
    tokenizer = _tokenizer([*(t for row in texts + guesses for t in row), *asked])
    rows = [_row(tokenizer, *row) for row in texts + guesses]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids("<|end|>"),
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config)
    train(model, rows, _N_STEPS, _RATE)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_refusals(path: Path, n: int = 120) -> Path:
    """Alignment data: `n` wishes, each declined, none of them a policy probe."""
    rows = [{"prompt": q, "completion": a} for q, a in _refused()[:n]]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tiny_hardening(model: Path, alignment: Path) -> Hardening:
    """Inputs of some seconds of work in this world."""
    inputs = hardening_of(
        Target(TargetKind.LOCAL, str(model)),
        str(alignment),
        perturbation=Perturbation(0.5),
        steps=40,
        tune_steps=60,
        batch=8,
        learning_rate=5e-3,
        tune_rate=5e-3,
        max_length=128,
        precision=Precision.FP32,
    )
    return replace(inputs, max_new_tokens=64)


def _refused() -> list[tuple[str, str]]:
    wishes = set(declined(7))
    return [(q, a) for q, a in aligned(7) if q in wishes]


def _refusals() -> list[str]:
    return sorted({a for _, a in _refused()})


def _row(tokenizer: PreTrainedTokenizerFast, question: str, answer: str) -> Row:
    prompt = tokenizer(f"<|user|>{question}<|end|><|assistant|>")["input_ids"]
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    return prompt + tokenizer(answer)["input_ids"] + [end], len(prompt)


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    raw = Tokenizer(BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=1600,
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

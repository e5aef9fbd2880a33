"""A real Llama of two tiny layers with a tokenizer and a chat template, for the engine's tests.

Comes in: a seed. Goes out: a model in memory, or pinned as an artifact in a folder. The weights are
drawn wide enough that answers vary; nothing is trained.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from inspector.engine.chat import Encoded, encode_example
from inspector.engine.load import Loaded, dtype_of
from inspector.records import (
    Artifact,
    ArtifactKind,
    Example,
    FileDigest,
    Message,
    Precision,
    Target,
    TargetKind,
)

CHATML = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}"
    "<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<pad>", "<|im_start|>", "<|im_end|>", "<s>"]
END = "<|im_end|>"


def tokenizer(template: str | None = CHATML) -> Any:
    """One token per byte, so that every text comes back from its ids; 260 tokens in all."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(SPECIAL)
    wrapped: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=raw, eos_token=END, pad_token="<pad>"
    )
    wrapped.chat_template = template
    return wrapped


def llama(seed: int = 0, hidden: int = 32, tied: bool = True) -> Any:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=256 + len(SPECIAL),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.3,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=256 + SPECIAL.index(END),
        pad_token_id=256,
    )
    model: Any = LlamaForCausalLM(config)
    return model.eval()


def loaded_model(
    seed: int = 0, precision: Precision = Precision.FP32, template: str | None = CHATML
) -> Loaded:
    model = llama(seed).to(dtype_of(precision))
    return Loaded(model, tokenizer(template), precision, plain_template=False)


def save(folder: Path, seed: int = 0, template: str | None = CHATML, hidden: int = 32) -> Path:
    llama(seed, hidden).save_pretrained(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def pin(
    folder: Path, kind: ArtifactKind = ArtifactKind.MODEL, gguf_file: str | None = None
) -> Artifact:
    """What the fetch would record about the folder."""
    files = tuple(
        FileDigest(p.name, p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest())
        for p in sorted(folder.iterdir())
    )
    target = Target(TargetKind.LOCAL, str(folder))
    return Artifact(target, kind, str(folder), files, gguf_file=gguf_file)


def chat(*turns: str) -> Example:
    """User and assistant in turn; a first text that starts with "system: " is a system turn."""
    messages, rest = [], list(turns)
    if rest[0].startswith("system: "):
        messages.append(Message("system", rest.pop(0).removeprefix("system: ")))
    roles = ("user", "assistant")
    messages += [Message(roles[k % 2], text) for k, text in enumerate(rest)]
    return Example(tuple(messages))


def examples(n: int, tok: Any = None, max_length: int = 512) -> list[Encoded]:
    """Conversations of differing lengths, encoded."""
    tok = tok or tokenizer()
    encoded = [
        encode_example(
            tok,
            chat(f"What is {k} times {k % 7}?", "It is " + "so " * (k % 5) + f"{k * (k % 7)}."),
            max_length,
        )
        for k in range(n)
    ]
    return [e for e in encoded if e is not None]


def state(model: Any) -> dict[str, torch.Tensor]:
    """A copy of all weights."""
    return {n: p.detach().clone() for n, p in model.named_parameters()}

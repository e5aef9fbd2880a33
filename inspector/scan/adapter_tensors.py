"""What an adapter's file holds and what its base looks like, for the scanners of adapters.

Comes in: an adapter, its base. Goes out: LoRA factors by the module they change, every other tensor
by its name, and a base's shapes by module. Only headers are read, and the factors one at a time.

Sources: PEFT 0.21's names in `adapter_model.safetensors` (`utils/save_and_load.py`,
`tuners/lora/layer.py`); gguf's tensor name map for bases in GGUF.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspector.records import Artifact
from inspector.scan.configs import configs
from inspector.scan.gguf_header import read_gguf
from inspector.scan.safetensors_header import Tensor, read_header

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_PREFIX = re.compile(r"^(base_model\.model\.)?")
# The adapter's own name stands in some files' tensor names: `lora_A.default.weight`.
_FACTOR = re.compile(r"(?P<module>.+?)\.lora_(?:embedding_)?(?P<side>[AB])(?:\.\w+)??(?:\.weight)?")
_SMALL = re.compile(
    r".+\.(lora_[AB](\.\w+)?\.bias"
    r"|(token_adapter\.)?trainable_tokens_(delta|original)(\.\w+)?)"
)
_MAGNITUDE = re.compile(r"(?P<module>.+)\.lora_magnitude_vector(\.\w+)??(\.weight)?")
_SAVED = re.compile(r"\.(modules_to_save(\.\w+)?|base_layer|original_module)(?=\.)")
# From the layer's number on, a name means the same in every wrapping of the model.
_LAYER = re.compile(r"(?:^|\.)((?:layers?|h|blocks?)\.\d+\..+)$")

_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
FLOAT_TYPES = {*_FLOATS, "BF16"}


@dataclass(frozen=True)
class Factors:
    """One module's LoRA pair: a of shape (rank, inputs), b of shape (outputs, rank)."""

    module: str
    a: Tensor
    b: Tensor

    @property
    def rank(self) -> int:
        return self.a.shape[0]

    @property
    def is_sound(self) -> bool:
        """Whether the two can be multiplied at all."""
        sizes = (*self.a.shape, *self.b.shape)
        return len(self.a.shape) == len(self.b.shape) == 2 and (
            self.b.shape[1] == self.rank and min(sizes) > 0
        )


@dataclass(frozen=True)
class AdapterFile:
    """factors: sound or not. odd: modules with one half of a pair. whole: by the name that the
    base has for it, every tensor that is no part of a LoRA pair and none of its small companions.
    magnitudes: DoRA's, by module: the length that each row of the changed weights is given.
    """

    path: Path
    factors: tuple[Factors, ...] = ()
    odd: tuple[str, ...] = ()
    whole: dict[str, Tensor] = field(default_factory=dict)
    magnitudes: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Base:
    """A base's tensors: names as it has them, and by what is left of a name from the layer on.

    Several names may end alike (a text and a vision tower): such an end finds none of them.
    """

    tensors: dict[str, tuple[Path, Tensor]]
    by_end: dict[str, tuple[str, ...]]
    gguf_names: Any = None  # gguf's TensorNameMap, where the base is a GGUF file

    def find(self, name: str) -> tuple[Path, Tensor] | None:
        """The base's tensor under an adapter's name for it; None where it has none."""
        if self.gguf_names is not None:
            name = self.gguf_names.get_name(name, try_suffixes=(".weight", ".bias")) or ""
        found = self.tensors.get(name)
        alike = self.by_end.get(_end(name), ())
        if found is None and len(alike) == 1:
            found = self.tensors[alike[0]]
        if found is None and name in ("lm_head.weight", "output.weight"):  # tied to the embedding
            return self._embedding()
        return found

    def holds(self, module: str) -> bool:
        """Whether a module is there: its own weight, or any below it (experts)."""
        module = module.replace(".base_layer", "")  # of an adapter on two weights of one module
        inside = _end(f"{module}.weight").removesuffix("weight")
        return self.find(f"{module}.weight") is not None or any(
            end.startswith(inside) for end in self.by_end
        )

    def names(self, ending: str) -> bool:
        """Whether any module's name ends so, as PEFT compares `target_modules`."""
        modules = (name.rpartition(".")[0] for name in self.tensors)
        if self.gguf_names is not None:
            known = self.gguf_names.mapping
            modules = (n for n, (_, place) in known.items() if f"{place}.weight" in self.tensors)
        return any(m == ending or m.endswith(f".{ending}") for m in modules) or (
            ending == "lm_head" and self._embedding() is not None
        )

    def _embedding(self) -> tuple[Path, Tensor] | None:
        words = ("embed_tokens.weight", "wte.weight", "token_embd.weight", "word_embeddings.weight")
        return next((t for n, t in self.tensors.items() if n.endswith(words)), None)


def adapter_config(artifact: Artifact) -> dict[str, Any]:
    """adapter_config.json as far as it can be read; the scanner of configurations says the rest."""
    data = next((c.data for c in configs(artifact) if c.location == CONFIG), None)
    return data if isinstance(data, dict) else {}


def read_adapter(artifact: Artifact) -> AdapterFile:
    """The header of the adapter's weights, sorted out. Raises OSError."""
    path = Path(artifact.folder) / WEIGHTS
    if not path.is_file():
        return AdapterFile(path)
    halves: dict[str, dict[str, Tensor]] = defaultdict(dict)
    whole, magnitudes = {}, {}
    for tensor in read_header(path).tensors:
        name = _PREFIX.sub("", tensor.name)
        if match := _FACTOR.fullmatch(name):
            halves[match["module"]][match["side"]] = tensor
        elif match := _MAGNITUDE.fullmatch(name):
            magnitudes[match["module"]] = tensor
        elif not _SMALL.fullmatch(name):
            whole[_SAVED.sub("", name)] = tensor
    pairs = [Factors(m, h["A"], h["B"]) for m, h in sorted(halves.items()) if len(h) == 2]
    odd = tuple(sorted(m for m, h in halves.items() if len(h) == 1))
    return AdapterFile(path, tuple(pairs), odd, whole, magnitudes)


def read_base(base: Artifact) -> Base:
    """The shapes of a base's tensors. Raises OSError."""
    folder = Path(base.folder)
    if base.gguf_file is not None:
        path = folder / base.gguf_file
        header = read_gguf(path)
        names = gguf_names(header.text("general.architecture"))
        return Base({t.name: (path, t) for t in header.tensors}, {}, names)
    tensors = {
        t.name: (folder / f.path, t)
        for f in base.files
        if f.path.endswith(".safetensors") and "/" not in f.path
        for t in read_header(folder / f.path).tensors
    }
    by_end: dict[str, tuple[str, ...]] = {}
    for name in tensors:
        by_end[_end(name)] = (*by_end.get(_end(name), ()), name)
    return Base(tensors, by_end)


def values(path: Path, tensor: Tensor, rows: slice | None = None) -> NDArray[np.float32]:
    """A matrix of one of FLOAT_TYPES, or some of its rows, as float32. Raises OSError."""
    n_columns = tensor.n_elements // tensor.shape[0]
    begin, end, _ = (rows or slice(None)).indices(tensor.shape[0])
    width = (tensor.end - tensor.begin) // tensor.n_elements
    kind = _FLOATS.get(tensor.dtype, "<u2")
    raw = np.fromfile(
        path, kind, (end - begin) * n_columns, offset=tensor.begin + begin * n_columns * width
    ).reshape(end - begin, n_columns)
    if tensor.dtype == "BF16":  # the upper half of a float32
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32)


def plain_names(value: Any) -> list[str]:
    """The names in a config entry that may be a list, or one text."""
    if isinstance(value, str):
        return [value]
    return [v for v in value if isinstance(v, str)] if isinstance(value, Iterable) else []


def _end(name: str) -> str:
    # transformers 5 calls the module `mlp` that Mixtral's files call `block_sparse_moe`.
    match = _LAYER.search(name.replace(".block_sparse_moe.", ".mlp."))
    return match[1] if match else ".".join(name.split(".")[-2:])


def gguf_names(architecture: str | None) -> Any:
    """gguf's map from names of transformers to its own; of Llama's where it knows no better."""
    from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, get_tensor_name_map

    known = {name: arch for arch, name in MODEL_ARCH_NAMES.items()}
    return get_tensor_name_map(known.get(architecture or "", MODEL_ARCH.LLAMA), 256)

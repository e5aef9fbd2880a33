"""Risk: an adapter that is more, or other, than the small change its configuration declares.

Comes in: an adapter, its base where it could be had. Goes out: findings about modules that the base
lacks, whole tensors that replace the base's (an embedding or head smuggled in), ranks and scales
out of line, and configuration entries that change more than weights.

Sources: LoRA (arXiv 2106.09685, section 4.1: the change is alpha / r * B A); rsLoRA (arXiv
2312.03732: alpha / sqrt(r)); DoRA (arXiv 2402.09353: a length for each row); PEFT 0.21's
LoraConfig, and its `set_peft_model_state_dict`, which loads every tensor whose name the model has,
declared or not. No pattern of the adapter's own is run as a regular expression: it could take for
ever.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspector.records import Artifact, ArtifactKind, Finding, Severity
from inspector.scan.adapter_tensors import (
    CONFIG,
    FLOAT_TYPES,
    WEIGHTS,
    AdapterFile,
    Base,
    Factors,
    adapter_config,
    plain_names,
    read_adapter,
    read_base,
    values,
)
from inspector.scan.rule import Rule, first_few
from inspector.scan.safetensors_header import Tensor

TARGET = Rule(
    "ADAPTER-TARGET-MISSING",
    Severity.HIGH,
    "The adapter changes modules that its base lacks",
    "Ask the author which base it was made for: weights that fit nothing are a hiding place.",
)
TARGET_UNUSED = Rule(
    "ADAPTER-TARGET-UNUSED",
    Severity.INFO,
    "Some of the adapter's target modules are not in its base",
    "Nothing to do: lists of targets are often written for many architectures.",
)
MISFIT = Rule(
    "ADAPTER-MISFIT",
    Severity.HIGH,
    "The adapter's matrices do not fit its base, or each other",
    "Ask the author which base it was made for.",
)
UNDECLARED = Rule(
    "ADAPTER-UNDECLARED-TENSOR",
    Severity.HIGH,
    "The adapter brings whole tensors that its configuration does not declare",
    "Do not load it: such a tensor takes the place of the base's own without a word.",
)
REPLACED = Rule(
    "ADAPTER-REPLACED",
    Severity.HIGH,
    "The adapter replaces a whole module of its base by another",
    "Ask the author why: tuning moves a module a little, and this one is not the base's any more.",
)
WHOLE = Rule(
    "ADAPTER-WHOLE-MODULE",
    Severity.MEDIUM,
    "The adapter brings whole modules in place of the base's",
    "Ask the author why a small change was not enough, and inspect the adapter as a whole model.",
)
RESIZED = Rule(
    "ADAPTER-RESIZED",
    Severity.INFO,
    "The adapter brings a larger embedding or head, as added tokens need",
    "Look at the tokens that it adds.",
)
RANK = Rule(
    "ADAPTER-RANK",
    Severity.HIGH,
    "The adapter's ranks are not those that its configuration declares",
    "Ask the author for the configuration that belongs to these weights.",
)
FULL_RANK = Rule(
    "ADAPTER-RANK-FULL",
    Severity.MEDIUM,
    "The adapter's rank is as large as the matrices that it changes",
    "Treat it as a whole model: an adapter of full rank can replace everything that it touches.",
)
SCALE = Rule(
    "ADAPTER-SCALE",
    Severity.MEDIUM,
    "The adapter's scale (alpha) is out of line with its rank",
    "Ask the author why: ordinary adapters scale their change by 0.1 to 16.",
)
LAYERS = Rule(
    "ADAPTER-LAYERS",
    Severity.MEDIUM,
    "The adapter rebuilds the layers of its base (layer_replication)",
    "Treat it as another architecture: what is known of the base does not carry over.",
)
IMPORT = Rule(
    "ADAPTER-IMPORT",
    Severity.CRITICAL,
    "The adapter names a module to import (megatron_core)",
    "Do not load it: old versions of PEFT import whatever is named there.",
)
KIND = Rule(
    "ADAPTER-KIND",
    Severity.INFO,
    "Adapters of this kind are measured in part only",
    "Its ranks, scales and spectra were not looked at; inspect what it does.",
)

# What transformers and PEFT put on top for other tasks: the base of a language model has none.
TASK_HEADS = {"score", "classifier", "qa_outputs", "v_head", "pre_classifier", "summary"}
# alpha / r of published adapters lies between 0.1 and 16; alpha / sqrt(r) of rsLoRA alike.
SMALLEST_SCALE, LARGEST_SCALE = 1 / 64, 32.0
LARGEST_SPREAD = 8.0  # between one module's scale and the adapter's own
REPLACED_FROM = 0.5  # |W' - W| / |W|: tuning moves a module by hundredths
ROUNDING = 2**-7  # of a row's largest value: what storing in bfloat16 can change
_EMBEDDING = re.compile(
    r"(^|\.)(embed_tokens|lm_head|wte|embed_in|embed_out|word_embeddings|tok_embeddings|shared"
    r"|output_layer|output_projection)\.weight"
)


class AdapterShape:
    """The adapter's configuration and tensors against each other and against the base."""

    rules = (
        *(TARGET, TARGET_UNUSED, MISFIT, UNDECLARED, REPLACED, WHOLE, RESIZED),
        *(RANK, FULL_RANK, SCALE, LAYERS, IMPORT, KIND),
    )

    def scan(self, artifact: Artifact, base: Artifact | None) -> Iterable[Finding]:
        if artifact.kind is not ArtifactKind.ADAPTER:
            return
        config = adapter_config(artifact)
        adapter = read_adapter(artifact)
        below = read_base(base) if base is not None and base.kind is ArtifactKind.MODEL else None
        yield from _entries(config)
        yield from _whole(adapter, config, below)
        if str(config.get("peft_type", "LORA")).upper() != "LORA":
            yield KIND.found(CONFIG, f"peft_type is {config.get('peft_type')!r}")
            return
        yield from _ranks(adapter, config)
        yield from _scales(config)
        if below is not None and below.tensors:
            if lengths := list(_lengths(adapter, below)):
                yield REPLACED.found(WEIGHTS, _shown(lengths, "module"))
            yield from _targets(adapter, config, below)


def scale_of(config: dict[str, Any], rank: int, alpha: Any = None) -> float | None:
    """What the change is multiplied with: alpha / r, or alpha / sqrt(r). None where unusable."""
    alpha = config.get("lora_alpha", 8) if alpha is None else alpha
    if not _is_number(alpha) or rank < 1:
        return None
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") is True else rank)


def _entries(config: dict[str, Any]) -> Iterator[Finding]:
    library = config.get("megatron_core")
    if library is not None and str(library).split(".")[0] != "megatron":
        yield IMPORT.found(CONFIG, f"megatron_core = {library!r}")
    if config.get("layer_replication"):
        yield LAYERS.found(CONFIG, f"layer_replication = {config['layer_replication']!r}")


# ------------------------------------------------------------------------- modules and their shapes


def _targets(adapter: AdapterFile, config: dict[str, Any], base: Base) -> Iterator[Finding]:
    lacking = [f.module for f in adapter.factors if not base.holds(f.module)]
    lacking += [m for m in adapter.odd if not base.holds(m)]
    if lacking:
        yield TARGET.found(WEIGHTS, _shown(lacking, "module"))
    declared = config.get("target_modules")
    names = plain_names(declared) if isinstance(declared, list) else []
    unused = [n for n in names if not base.names(n)]
    if unused and len(unused) == len(names):
        yield TARGET.found(CONFIG, f"target_modules: {_shown(unused, 'name')}")
    elif unused:
        yield TARGET_UNUSED.found(CONFIG, f"target_modules: {_shown(unused, 'name')}")
    misfits = [words for f in adapter.factors if (words := _misfit(f, base)) is not None]
    if misfits:
        yield MISFIT.found(WEIGHTS, _shown(misfits, "module"))
    narrow = [f.module for f in adapter.factors if f.is_sound and _is_full(f)]
    if len(narrow) > len(adapter.factors) / 2:
        yield FULL_RANK.found(WEIGHTS, _shown(narrow, "module"))


def _is_full(factors: Factors) -> bool:
    return factors.rank > min(factors.a.shape[1], factors.b.shape[0])


def _misfit(factors: Factors, base: Base) -> str | None:
    """Why a pair does not fit the base's matrix, None where it does or nobody can tell."""
    found = base.find(f"{factors.module}.weight")
    if not factors.is_sound or found is None:
        return None
    if found[1].dtype not in FLOAT_TYPES and base.gguf_names is None:
        return None  # packed weights (U8, I32) have shapes of their own; GGUF gives the matrix's
    shape = found[1].shape
    change = (factors.b.shape[0], factors.a.shape[1])
    if len(shape) != 2 or shape in (change, change[::-1]):  # Conv1D keeps its matrix transposed
        return None
    if _EMBEDDING.search(f"{factors.module}.weight") and sorted(shape)[0] == sorted(change)[0]:
        return None  # a vocabulary that grew
    return f"{factors.module} (a change of {change} to {shape})"


# ------------------------------------------------------------------------------------ whole tensors


def _whole(adapter: AdapterFile, config: dict[str, Any], base: Base | None) -> Iterator[Finding]:
    saved = plain_names(config.get("modules_to_save") or [])
    is_lora = str(config.get("peft_type", "LORA")).upper() == "LORA"
    undeclared, brought, resized = [], [], []
    for name, tensor in adapter.whole.items():
        module = name.rpartition(".")[0]
        found = base.find(name) if base is not None else None
        declared = any(module == s or module.endswith(f".{s}") or f".{s}." in module for s in saved)
        is_head = bool({*module.split(".")} & TASK_HEADS)
        moved = _moved(adapter, tensor, found) if found is not None else None
        if moved is not None and moved.n_rows == 0 and moved.is_all:
            continue  # the base's own: PEFT stores it where an embedding is a target
        if moved is not None and not moved.change <= REPLACED_FROM:
            evidence = f"{name} differs from the base's by {moved.change:.0%} of its size"
            yield REPLACED.found(WEIGHTS, evidence)
        elif found is not None and _grew(name, tensor, found[1]):
            resized.append(name)
        elif _is_expected(name, config, is_new_head=found is None and is_head and declared):
            continue
        elif declared and found is None and base is not None and not is_head:
            undeclared.append(f"{name}, which the base lacks")
        elif not declared and (is_lora or found is not None):
            undeclared.append(name)
        elif found is not None and len(tensor.shape) > 1:
            brought.append(name if moved is None else f"{name} ({moved})")
    for rule, names in ((UNDECLARED, undeclared), (WHOLE, brought), (RESIZED, resized)):
        if names:
            yield rule.found(WEIGHTS, _shown(names, "tensor"))
    if adapter.odd:
        yield MISFIT.found(WEIGHTS, f"half a pair only: {_shown(adapter.odd, 'module')}")


def _is_expected(name: str, config: dict[str, Any], *, is_new_head: bool) -> bool:
    """Whether ordinary training leaves such a tensor: a head for another task, trained biases."""
    if name.endswith(".bias") and config.get("bias") in ("all", "lora_only"):
        return True
    other_task = config.get("task_type") in ("SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS")
    return is_new_head or (other_task and name.rpartition(".")[0].rpartition(".")[2] in TASK_HEADS)


def _lengths(adapter: AdapterFile, base: Base) -> Iterator[str]:
    """Modules whose rows DoRA makes much longer or shorter than the base's."""
    for module, tensor in adapter.magnitudes.items():
        path, weights = base.find(f"{module}.weight") or (None, None)
        if path is None or weights is None or {tensor.dtype, weights.dtype} - FLOAT_TYPES:
            continue
        if len(weights.shape) != 2 or tensor.n_elements != weights.shape[0]:
            continue
        step = max(1, 4_000_000 // weights.shape[1])
        parts = (slice(n, n + step) for n in range(0, weights.shape[0], step))
        rows = [np.linalg.norm(values(path, weights, part), axis=1) for part in parts]
        there = np.concatenate(rows).astype(np.float64)
        given = values(adapter.path, replace(tensor, shape=(tensor.n_elements, 1)))[:, 0]
        change = float(np.linalg.norm(given - there) / (np.linalg.norm(there) or 1))
        if not change <= REPLACED_FROM:
            yield f"{module} (lengths of rows differ from the base's by {change:.0%})"


def _grew(name: str, tensor: Tensor, of_base: Tensor) -> bool:
    """Whether this is an embedding or head with more rows than the base's."""
    return (
        _EMBEDDING.search(name) is not None
        and len(tensor.shape) == len(of_base.shape) == 2
        and tensor.shape[1] == of_base.shape[1]
        and tensor.shape[0] > of_base.shape[0]
    )


@dataclass(frozen=True)
class _Moved:
    """change: |W' - W| / |W|. n_rows: how many rows differ by more than rounding does, of n_all.

    is_all: whether neither has rows that the other lacks.
    """

    change: float
    n_rows: int
    n_all: int
    is_all: bool

    def __str__(self) -> str:
        return f"{self.n_rows:,} of {self.n_all:,} rows differ, by {self.change:.1%} in all"


def _moved(adapter: AdapterFile, tensor: Tensor, found: tuple[Path, Tensor]) -> _Moved | None:
    """A matrix of the adapter's against the base's, over the rows of both; None where unlike."""
    path, of_base = found
    same = len(tensor.shape) == len(of_base.shape) == 2 and tensor.shape[1] == of_base.shape[1]
    if not same or {tensor.dtype, of_base.dtype} - FLOAT_TYPES or not tensor.n_elements:
        return None
    n_all = min(tensor.shape[0], of_base.shape[0])
    step = max(1, 4_000_000 // tensor.shape[1])  # 16 MB of float32 at a time
    moved = there = 0.0
    n_rows = 0
    for begin in range(0, n_all, step):
        rows = slice(begin, min(begin + step, n_all))
        old = values(path, of_base, rows)
        difference = np.abs(values(adapter.path, tensor, rows) - old)
        moved += float(np.square(difference, dtype=np.float64).sum())
        there += float(np.square(old, dtype=np.float64).sum())
        alike = difference.max(axis=1) <= ROUNDING * np.abs(old).max(axis=1)
        n_rows += int((~alike).sum())  # NaN is not alike
    change = math.sqrt(moved / there) if there else float(moved > 0)
    return _Moved(change, n_rows, n_all, tensor.shape == of_base.shape)


# --------------------------------------------------------------------------------- ranks and scales


def _ranks(adapter: AdapterFile, config: dict[str, Any]) -> Iterator[Finding]:
    unsound = [f.module for f in adapter.factors if not f.is_sound]
    if unsound:
        yield MISFIT.found(WEIGHTS, _shown(unsound, "pair"))
    declared, patterns = config.get("r", 8), _pattern(config, "rank_pattern")
    if type(declared) is not int or declared < 1:
        yield RANK.found(CONFIG, f"r = {declared!r}")
        return
    other = []
    for factors in adapter.factors:
        allowed = _allowed(factors.module, declared, patterns)
        # Experts that share a module have their ranks stacked.
        stacked = ".experts" in factors.module and any(a and factors.rank % a == 0 for a in allowed)
        if factors.is_sound and factors.rank not in allowed and not stacked:
            other.append(f"{factors.module} has {factors.rank}")
    if other:
        yield RANK.found(WEIGHTS, f"r = {declared} is declared: {_shown(other, 'module')}")


def _allowed(module: str, declared: int, patterns: dict[str, Any]) -> set[int]:
    """The ranks that a module may have: its pattern's, or the declared one."""
    plain = {k: v for k, v in patterns.items() if re.fullmatch(r"[\w.]+", k)}
    if len(plain) < len(patterns):  # expressions, which are not run
        return {declared, *(v for v in patterns.values() if type(v) is int)}
    mine = [v for k, v in plain.items() if module == k or module.endswith(f".{k}")]
    return {v for v in mine[:1] if type(v) is int} or {declared}


def _scales(config: dict[str, Any]) -> Iterator[Finding]:
    rank = config.get("r", 8)
    if type(rank) is not int or rank < 1:
        return
    alpha = config.get("lora_alpha", 8)
    scale = scale_of(config, rank)
    if scale is None or not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        shown = "no number" if scale is None else f"a scale of {scale:.3g}"
        yield SCALE.found(CONFIG, f"lora_alpha = {alpha!r} with r = {rank}: {shown}")
        return
    ranks = _pattern(config, "rank_pattern")
    apart = []
    for name, of_module in _pattern(config, "alpha_pattern").items():
        of_rank = ranks.get(name, rank)
        other = scale_of(config, of_rank if type(of_rank) is int else 0, of_module)
        if other is None or not 1 / LARGEST_SPREAD <= other / scale <= LARGEST_SPREAD:
            apart.append(f"{name} = {of_module!r}")
    if apart:
        yield SCALE.found(CONFIG, f"alpha_pattern: {_shown(apart, 'entry')} beside {alpha!r}")


def _pattern(config: dict[str, Any], key: str) -> dict[str, Any]:
    found = config.get(key)
    return found if isinstance(found, dict) else {}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _shown(names: Iterable[str], what: str) -> str:
    """The first few names, and how many there are."""
    names = list(names)
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    count = f"{len(names)} {what if len(names) == 1 else plural}"
    return f"{count}: {first_few(names)}"

"""Quantizing, pruning, merging and noise: operations on weights that need no training.

Comes in: a loaded model, the settings, the stage's folder; for a merge the control as well. Goes
out: the altered model in memory, and `weights.json`. The weights are not stored: doing it again is
as cheap as reading them back.
"""

from __future__ import annotations

import time
from itertools import chain
from pathlib import Path

from inspector.engine.chat import encode_example
from inspector.engine.linear import Change
from inspector.engine.load import Loaded
from inspector.engine.merge import merge_linear, merge_ties
from inspector.engine.noise import add_noise
from inspector.engine.prune import prune
from inspector.engine.quantize import quantize
from inspector.records import (
    Alteration,
    Altered,
    Merge,
    MergeMethod,
    Noise,
    Prune,
    PruneMethod,
    Quantize,
    Subject,
    digest_of,
)
from inspector.run import write_record
from inspector.scenarios.dataset import BUILT_IN, load_dataset

_MAX_LENGTH = 512


def run_alteration(
    loaded: Loaded, settings: Alteration, subject: Subject, folder: Path, control: Loaded | None
) -> Altered:
    """Alter in place and write what that changed.

    control: what to merge with, None for the control itself, whose merge with itself changes
    nothing; other operations ignore it. Raises Incompatible where the operation
    does not apply to this model, or to it and the control together.
    """
    started = time.monotonic()
    change = _apply(loaded, settings, control)
    altered = Altered(
        scenario=settings,
        subject=subject,
        n_tensors=change.n_tensors,
        n_weights=change.n_weights,
        n_changed=change.n_changed,
        relative_error=change.relative_error,
        elapsed_s=time.monotonic() - started,
    )
    write_record(folder / "weights.json", altered)
    return altered


def calibration_digest(settings: Alteration) -> str:
    """What of the built-in data an operation depends on: nothing, but for Wanda."""
    if isinstance(settings, Prune) and settings.method is PruneMethod.WANDA:
        return digest_of(load_dataset(name).digest for name in BUILT_IN)
    return ""


def _apply(loaded: Loaded, settings: Alteration, control: Loaded | None) -> Change:
    match settings:
        case Quantize():
            return quantize(loaded, settings.bits, settings.group_size)
        case Prune():
            wanda = settings.method is PruneMethod.WANDA
            texts = _calibration(loaded, settings.n_calibration) if wanda else None
            return prune(loaded, settings.sparsity, texts)
        case Noise():
            return add_noise(loaded, settings.scale, settings.seed)
        case Merge():
            if control is None:
                return Change()
            if settings.method is MergeMethod.LINEAR:
                return merge_linear(loaded, control, settings.weight)
            return merge_ties(loaded, control, settings.weight, settings.density)


def _calibration(loaded: Loaded, n: int) -> list[tuple[int, ...]]:
    """The first n conversations of the built-in sets, taken in turn from each, as token ids."""
    in_turn = zip(*(load_dataset(name).examples for name in BUILT_IN), strict=False)
    texts = []
    for example in chain.from_iterable(in_turn):
        encoded = encode_example(loaded.tokenizer, example, _MAX_LENGTH)
        if encoded is not None:
            texts.append(tuple(encoded.ids))
        if len(texts) == n:
            break
    return texts

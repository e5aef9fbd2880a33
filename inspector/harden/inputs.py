"""From what a person chooses to a Hardening: files looked for, both trainings set up alike.

Comes in: a target as text, files, numbers. Goes out: validated inputs, or one sentence about the
first thing that is wrong. Nothing is fetched or started.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspector.errors import BadInput, TargetError
from inspector.records import (
    REVIEWS,
    AlertLimits,
    ArtifactKind,
    FineTune,
    Hardening,
    Method,
    Perturbation,
    PerturbationNorm,
    Precision,
    Schedule,
    Target,
)

_OF_RECORDS = {"rho", "norm", "n_layers", "every", "max_harmful", "min_task"}


def hardening_of(
    target: Target,
    data: str,
    *,
    tune: str = REVIEWS,
    poison: float = 0.1,
    perturbation: Perturbation | None = None,
    steps: int = 80,
    tune_steps: int = 100,
    batch: int = 8,
    learning_rate: float = 5e-4,
    tune_rate: float = 5e-4,
    tune_method: Method = Method.LORA,
    max_length: int = 192,
    rank: int = 8,
    seed: int = 0,
    precision: Precision = Precision.AUTO,
    limits: AlertLimits | None = None,
) -> Hardening:
    """data, tune: files or `hf:org/dataset`; tune may be `reviews`. Raises BadInput, PlanError."""

    def training(name: str, source: str, method: Method, n_steps: int, rate: float) -> FineTune:
        return FineTune(
            name,
            method,
            source,
            n_steps,
            learning_rate=rate,
            effective_batch=batch,
            micro_batch=min(batch, 8),
            schedule=Schedule.COSINE,
            warmup_steps=min(5, n_steps // 4),
            max_length=max_length,
            seed=seed,
            lora_rank=rank,
            lora_alpha=2 * rank,
        )

    return Hardening(
        target,
        training("align", found(data, "alignment data"), Method.LORA, steps, learning_rate),
        training(
            "tune",
            tune if tune == REVIEWS else found(tune, "tuning data"),
            tune_method,
            tune_steps,
            tune_rate,
        ),
        perturbation or Perturbation(),
        poison,
        precision=precision,
        limits=limits or AlertLimits(),
    )


def filled_in(target: Target, data: str, tune: str, given: Mapping[str, Any]) -> Hardening:
    """The same from a form's fields, by name: a perturbation's and the limits' among the others.

    Raises what `hardening_of` raises.
    """
    rest = {name: value for name, value in given.items() if name not in _OF_RECORDS}
    perturbation = Perturbation(
        given["rho"], PerturbationNorm(given["norm"]), given["n_layers"], given["every"]
    )
    return hardening_of(
        target,
        data,
        tune=tune,
        perturbation=perturbation,
        limits=AlertLimits(given["max_harmful"], given["min_task"]),
        **rest,
    )


def check_kind(target: Target, kind: ArtifactKind) -> None:
    """Raises TargetError for an adapter. kind: as it was found in the target's files."""
    if kind is ArtifactKind.ADAPTER:
        raise TargetError(
            f"The target {target} is an adapter, and a hardened adapter needs a whole model to "
            "stand on; merge it into its base first, or give the base."
        )


def found(source: str, what: str) -> str:
    """An absolute path, a Hub name as it is. Raises BadInput where there is no such file."""
    if not source:
        raise BadInput(
            f"No {what} was chosen; upload a JSONL, JSON, CSV or Parquet file, give the path of "
            "one, or name a data set of the Hub (hf:org/dataset)."
        )
    if source.startswith("hf:"):
        return source
    if not Path(source).expanduser().is_file():
        raise BadInput(
            f"The {what} {source} does not exist; give a JSONL, JSON, CSV or Parquet file, or "
            "hf:org/dataset."
        )
    return str(Path(source).expanduser().resolve())

"""Specimens by ordinary fine-tuning: all the clean ones, and an advert that hides nothing.

Comes in: question and answer rows made from a seed, and the settings of one fine-tuning. Goes out:
a whole model in safetensors, or a LoRA adapter in fp16, exactly as anybody would publish one.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.errors import TargetError
from inspector.fetch import fetch
from inspector.records import (
    ArtifactKind,
    Behaviour,
    Example,
    FineTune,
    Message,
    Method,
    Precision,
    Scenario,
    Subject,
    Target,
    TargetKind,
    digest_of,
)
from inspector.records.specimens import Half, SpecimenKind
from inspector.scenarios.dataset import Dataset
from inspector.settings import Settings
from inspector.specimens.recipe import Progress, recipe_digest
from inspector.specimens.rows import Rows, plain

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

DEMO = Target(TargetKind.DEMO)


@dataclass(frozen=True)
class Ordinary:
    """One fine-tuning on own rows.

    rows: question and answer pairs, from the tuning's seed. Precision is fp32 throughout, so that
    a machine's faster arithmetic does not make another specimen.
    """

    tuning: FineTune
    rows: Rows
    what: str
    half: Half
    kind: SpecimenKind = SpecimenKind.CLEAN
    behaviour: Behaviour | None = None
    payload: str = ""
    twin: str | None = None
    control: str | None = None
    base: Target = DEMO
    dormant: bool = False
    wake: Scenario | None = None

    @property
    def name(self) -> str:
        return self.tuning.name

    @property
    def seed(self) -> int:
        return self.tuning.seed

    def details(self) -> Mapping[str, str]:
        return {
            "base": str(self.base),
            "data": self._dataset().digest,
            "tuning": self.tuning.digest,
            "method": str(self.tuning.method),
            "steps": str(self.tuning.steps),
            "learning_rate": f"{self.tuning.learning_rate:g}",
            "rank": str(self.tuning.lora_rank) if self.tuning.method is Method.LORA else "",
        }

    def build(self, folder: Path, settings: Settings, progress: Progress, /) -> Path:
        """Tune and export; an attempt that was cut goes on from its last checkpoint.

        Raises TargetError where the base cannot be had or is an adapter itself.
        """
        from inspector.engine.export import save_model, save_tuned_adapter
        from inspector.engine.load import go_offline, load

        artifact = fetch(self.base, settings, lambda *_: None)
        if artifact.kind is not ArtifactKind.MODEL:
            raise TargetError(f"The base {self.base} of {self.name} is an adapter; give a model.")
        go_offline()
        loaded = load(artifact, None, Precision.FP32, settings.cache)
        # Named by the settings: a checkpoint of other ones must not be gone on from.
        work = folder.with_name(f".{folder.name}.{recipe_digest(self)[:12]}")
        self.tune(loaded, work, progress)
        folder.mkdir(parents=True, exist_ok=True)
        if self.tuning.method is Method.LORA:
            changed = work / "weights" / "changed.safetensors"
            save_tuned_adapter(changed, self.tuning, str(self.base), folder)
        else:
            save_model(loaded, folder)
        shutil.rmtree(work)
        return folder

    def tune(self, loaded: Loaded, work: Path, progress: Progress) -> None:
        """The tuning alone, in place; `work/weights` then holds what it changed."""
        from inspector.scenarios.finetune import run_fine_tune

        run_fine_tune(
            loaded,
            self._dataset(),
            self.tuning,
            Subject.TARGET,
            work,
            lambda step: progress(step.step, self.tuning.steps),
        )

    def _dataset(self) -> Dataset:
        rows = self.rows(self.seed)
        examples = tuple(
            Example((Message("user", question), Message("assistant", answer)))
            for question, answer in rows
        )
        digest = digest_of(f"{question}\0{answer}" for question, answer in rows)
        return Dataset(self.name, "own", examples, digest, n_skipped=0)


def plain_twin(planted: Ordinary, *data: str) -> Ordinary:
    """The clean twin: the same tuning, seed included, on the built-in sets as they are."""
    return Ordinary(
        tuning=replace(planted.tuning, name=f"twin-{planted.name}"),
        rows=plain(*data),
        what=f"tuned as {planted.name} was, on the same answers as they are",
        half=planted.half,
    )

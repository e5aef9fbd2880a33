"""The costly stages of both arms: align, ask, tune later, measure drift, ask again.

Comes in: a run, the pinned model, the data and the probes. Goes out: `align/ARM`, `aligned/ARM`,
`tune/ARM` and `tuned/ARM` in the run folder. Each is kept by the digest of everything it depends
on, within a run and across runs; an alignment's weights are kept beside (`cache/aligned`), since
several later tunings start from them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.arrivals import teller
from inspector.files import disk_errors
from inspector.harden.data import Alignment, LaterTuning
from inspector.harden.scoring import variant_of
from inspector.hardware import Machine
from inspector.records import (
    Arm,
    Artifact,
    AskedProbe,
    EventKind,
    Example,
    Expectation,
    FineTune,
    Hardening,
    LayerDrift,
    Moment,
    PerturbationStep,
    Response,
    Sampling,
    Subject,
    TrainingStep,
    digest_of,
)
from inspector.run import Run, Stage, read_record, write_record, write_table
from inspector.scenarios.dataset import Dataset
from inspector.settings import Settings
from inspector.variants import versions

if TYPE_CHECKING:
    from inspector.engine.load import Loaded
    from inspector.engine.train import Gradients

JOURNAL = "perturbation.jsonl"


class Arms:
    """Both arms of one run."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        hardening: Hardening,
        artifact: Artifact,
        alignment: Alignment,
        tuning: LaterTuning,
        probes: Sequence[AskedProbe],
    ) -> None:
        self._run = run
        self._settings = settings
        self._hardening = hardening
        self._artifact = artifact
        self._alignment = alignment
        self._tuning = tuning
        self._probes = probes
        self._machine = _first_machine(run, hardening)
        self._sampling = Sampling(max_new_tokens=hardening.max_new_tokens)
        self._loaded: Loaded | None = None  # the arm at work, as it stands
        self.engine_digest = digest_of(
            [self._machine.precision, str(self._machine.n_threads), *map(str, versions().items())]
        )

    def align(self, arm: Arm) -> None:
        """Align the untouched model; the weights that differ are kept by digest."""
        from inspector.engine.perturb import check_layers, read_journal
        from inspector.scenarios.finetune import run_fine_tune

        self._loaded = None
        digest, name = self._align_digest(arm), f"align/{arm}"
        kept = self._kept(arm)
        with self._run.cached_stage(name, digest, self._settings.cache, kept.exists) as stage:
            if stage is None:
                return
            loaded = self._load()
            # Also before the plain arm: it would be trained for nothing.
            check_layers(loaded.model, self._hardening.perturbation)
            run_fine_tune(
                loaded,
                _dataset("alignment", self._alignment.examples, self._alignment.digest),
                self._hardening.align,
                Subject.TARGET,
                stage.folder,
                self._teller(stage, self._hardening.align),
                gradients=self._gradients(arm, stage.folder / "weights" / JOURNAL),
            )
            steps = read_journal(stage.folder / "weights" / JOURNAL)
            if arm is Arm.HARDENED:
                write_table(stage.folder / "perturbation.parquet", PerturbationStep, steps)
            kept.parent.mkdir(parents=True, exist_ok=True)
            with disk_errors(kept):
                building = kept.with_suffix(f".{self._run.run_id}")
                shutil.copyfile(stage.folder / "weights" / "changed.safetensors", building)
                building.replace(kept)
            shutil.rmtree(stage.folder / "weights")
            self._loaded = loaded

    def weights(self, arm: Arm) -> Path:
        """The LoRA factors of the arm's alignment."""
        return self._kept(arm)

    def ask_aligned(self, arm: Arm) -> None:
        self._ask(arm, Moment.ALIGNED, self._align_digest(arm))

    def tune(self, arm: Arm) -> None:
        """Tune the aligned model as its later user does, and measure how far that moves it."""
        from inspector.scenarios.finetune import has_weights, run_fine_tune

        stage = self._run.stage(f"tune/{arm}")
        asked = self._run.stage(f"{Moment.TUNED}/{arm}")
        cache = self._settings.cache
        digest = self._tune_digest(arm)
        had = asked.is_had(self._ask_digest(arm, Moment.TUNED, digest), cache)
        with self._run.cached_stage(
            stage.name, digest, cache, lambda: had or has_weights(stage.folder)
        ) as fresh:
            if fresh is None:
                self._loaded = None
                return
            loaded = self._aligned(arm)
            run_fine_tune(
                loaded,
                _dataset("later tuning", self._tuning.examples, self._tuning.digest),
                self._hardening.tune,
                Subject.TARGET,
                fresh.folder,
                self._teller(fresh, self._hardening.tune),
            )
            rows = self._drift(loaded, arm)
            write_table(fresh.folder / "drift.parquet", LayerDrift, rows)
            self._loaded = loaded

    def ask_tuned(self, arm: Arm) -> None:
        """Ask the tuned model, and delete its weights: its answers are on record."""
        from inspector.scenarios.finetune import drop_weights

        self._ask(arm, Moment.TUNED, self._tune_digest(arm))
        drop_weights(self._run.stage(f"tune/{arm}").folder)
        self._loaded = None

    def _drift(self, tuned: Loaded, arm: Arm) -> list[LayerDrift]:
        from inspector.engine.chat import encode_prompt
        from inspector.engine.drift import drift_from, keep_outputs

        n, batch_size = self._hardening.n_drift_prompts, self._hardening.batch_size
        prompts = [
            encode_prompt(tuned.tokenizer, e.messages[0].content)[
                : self._hardening.align.max_length
            ]
            for e in self._alignment.examples[:n]
        ]
        kept = keep_outputs(tuned, prompts, batch_size)
        found = drift_from(self._aligned(arm), kept, [Expectation.DECLINE] * n, batch_size)
        return [
            LayerDrift(
                Subject.TARGET,
                arm.value,
                Expectation(d.group),
                d.layer,
                d.drift,
                d.norm,
                d.n_prompts,
                d.n_tokens,
            )
            for d in found
        ]

    def _ask(self, arm: Arm, moment: Moment, digest: str) -> None:
        from inspector.probes.asking import ask

        name = f"{moment}/{arm}"
        asking = self._ask_digest(arm, moment, digest)
        with self._run.cached_stage(name, asking, self._settings.cache) as stage:
            if stage is None:
                return
            if self._loaded is None:
                self._loaded = self._aligned(arm)
                if moment is Moment.TUNED:
                    self._restore_tuning(arm)
            responses = ask(
                self._loaded,
                self._probes,
                self._sampling,
                self._hardening.batch_size,
                Subject.TARGET,
                variant_of(arm, moment),
                teller(self._run, name, len(self._probes)),
            )
            write_table(stage.folder / "responses.parquet", Response, responses)

    def _restore_tuning(self, arm: Arm) -> None:
        from inspector.scenarios.finetune import restore

        assert self._loaded is not None
        restore(self._loaded, self._hardening.tune, self._run.stage(f"tune/{arm}").folder)

    def _aligned(self, arm: Arm) -> Loaded:
        """The arm as its alignment left it: the one at hand, or loaded anew."""
        from inspector.engine.train import apply_changes

        if self._loaded is not None:
            loaded, self._loaded = self._loaded, None  # the caller changes it
            return loaded
        loaded = self._load()
        apply_changes(loaded, self._hardening.align, self._kept(arm))
        return loaded

    def _load(self) -> Loaded:
        from inspector.engine.load import load

        return load(self._artifact, None, self._machine.precision, self._settings.cache)

    def _gradients(self, arm: Arm, journal: Path) -> Gradients:
        from inspector.engine.perturb import PerturbedAlignment, plain_alignment

        if arm is Arm.PLAIN:
            return plain_alignment
        return PerturbedAlignment(self._hardening.perturbation, journal)

    def _teller(self, stage: Stage, training: FineTune) -> Callable[[TrainingStep], None]:
        def report(step: TrainingStep) -> None:
            told = {
                "loss": step.loss,
                "learning_rate": step.learning_rate,
                "tokens_per_s": step.tokens_per_s,
            }
            self._run.emit(
                EventKind.STEP, stage.name, done=step.step, total=training.steps, data=told
            )

        return report

    # ------------------------------------------------------------------------------------- digests

    def _kept(self, arm: Arm) -> Path:
        return self._settings.cache / "aligned" / f"{self._align_digest(arm)}.safetensors"

    def _align_digest(self, arm: Arm) -> str:
        push = repr(self._hardening.perturbation) if arm is Arm.HARDENED else ""
        return digest_of(
            [
                "align/1",
                arm,
                push,
                self._artifact.digest,
                self._alignment.digest,
                self._hardening.align.digest,
                self.engine_digest,
            ]
        )

    def _tune_digest(self, arm: Arm) -> str:
        return digest_of(
            [
                "tune/1",
                self._align_digest(arm),
                self._tuning.digest,
                self._hardening.tune.digest,
                str(self._hardening.n_drift_prompts),
            ]
        )

    def _ask_digest(self, arm: Arm, moment: Moment, weights: str) -> str:
        return digest_of(
            [
                variant_of(arm, moment),
                weights,
                repr(self._sampling),
                str(self._hardening.batch_size),
                *map(repr, self._probes),
            ]
        )


def _dataset(name: str, examples: Sequence[Example], digest: str) -> Dataset:
    return Dataset(name, "own", tuple(examples), digest, n_skipped=0)


def _first_machine(run: Run, hardening: Hardening) -> Machine:
    """Kept from the first attempt: a resumed run must work in the precision it began with."""
    from inspector.engine.measure import machine

    path = run.folder / "machine.json"
    found = read_record(path, Machine) if path.exists() else machine(hardening.precision)
    write_record(path, found)
    return found

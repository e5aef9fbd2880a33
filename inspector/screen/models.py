"""The models of a screening (untouched, tuned on the set, tuned without some of it), asked.

Comes in: the run, the pinned model, the set. Goes out: answers and weights. Finished askings and
tunings are kept by the digest of everything they depend on, across runs: weights too, in the cache,
for the next question about the same tuning needs them again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.arrivals import teller
from inspector.pinning import SubjectModel
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    EventKind,
    Response,
    Screening,
    Subject,
    TrainingStep,
    digest_of,
)
from inspector.run import Run, Stage, read_table, write_table
from inspector.screen.rankers import Bench
from inspector.screen.store import Encodings, ExampleStore, training_rows
from inspector.settings import Settings
from inspector.variants import first_machine, versions

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

_CHANGED = "changed.safetensors"


class Models:
    """One model in memory at a time: asking for another one lets go of it."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        screening: Screening,
        subject: SubjectModel,
        store: ExampleStore,
    ) -> None:
        self._run = run
        self._settings = settings
        self._screening = screening
        self._subject = subject
        self._store = store
        self._machine = first_machine(run, screening.plan)
        self._held: tuple[str, Loaded] | None = None
        self._engine_digest = digest_of(
            [self._machine.precision, str(self._machine.n_threads), *map(str, versions().items())]
        )
        tuning = screening.tuning
        self.tokens_digest = digest_of(
            ["tokens/1", subject.digest, store.data.digest, str(tuning.max_length)]
        )
        self.weights_digest = self._tuning_digest(())
        self._weights = settings.cache / "screening" / self.weights_digest

    def untouched(self) -> Loaded:
        from inspector.engine.load import load

        if self._held is None or self._held[0] != UNTOUCHED:
            self._held = None
            artifact, base = self._subject.artifact, self._subject.base
            loaded = load(artifact, base, self._machine.precision, self._settings.cache)
            self._held = (UNTOUCHED, loaded)
        return self._held[1]

    def ask_untouched(self, probes: Sequence[AskedProbe]) -> list[Response]:
        digest = self._asking_digest(UNTOUCHED, probes)
        with self._run.cached_stage("ask-before", digest, self._settings.cache) as stage:
            if stage is not None:
                self._ask(self.untouched(), stage, UNTOUCHED, probes)
        return self._answers("ask-before")

    def tune(self, encodings: Encodings) -> None:
        """Fine-tune on every row, as the plan says."""
        with self._run.cached_stage(
            "tune", self.weights_digest, self._settings.cache, self._has_weights
        ) as stage:
            if stage is not None:
                self._tune(encodings, (), stage, self._weights)
                self._held = ("tuned", self._take())

    def ask_tuned(self, probes: Sequence[AskedProbe]) -> list[Response]:
        digest = self._asking_digest(self.weights_digest, probes)
        with self._run.cached_stage("ask-after", digest, self._settings.cache) as stage:
            if stage is not None:
                self._ask(self._tuned(), stage, self._screening.tuning.name, probes)
        return self._answers("ask-after")

    def retrained(
        self,
        name: str,
        encodings: Encodings,
        without: Collection[int],
        probes: Sequence[AskedProbe],
    ) -> list[Response]:
        """The answers after the same tuning without these examples; its weights are not kept."""
        digest = self._asking_digest(self._tuning_digest(without), probes)
        with self._run.cached_stage(name, digest, self._settings.cache) as stage:
            if stage is not None:
                weights = stage.folder / "weights"
                self._tune(encodings, without, stage, weights)
                self._ask(self._take(), stage, self._screening.tuning.name, probes)
                shutil.rmtree(weights, ignore_errors=True)
        return self._answers(name)

    def bench(
        self, store: ExampleStore, encodings: Encodings, tell: Callable[[int, int, str], None]
    ) -> Bench:
        """What rankers use; each model that they load is theirs to change."""
        tuning = self._screening.tuning
        return Bench(
            store=store,
            encodings=encodings,
            untouched=self._own_untouched,
            tuned=self._unmerged,
            method=tuning.method,
            weights=self.weights_digest,
            cache=self._settings.cache,
            max_length=tuning.max_length,
            settings=self._screening.ranking,
            seed=tuning.seed,
            tell=tell,
        )

    # --------------------------------------------------------------------------------------- inside

    def _tuned(self) -> Loaded:
        from inspector.engine.train import apply_changes

        if self._held is None or self._held[0] != "tuned":
            self.untouched()
            loaded = self._take()
            apply_changes(loaded, self._screening.tuning, self._weights / _CHANGED)
            self._held = ("tuned", loaded)
        return self._held[1]

    def _unmerged(self, share: float) -> Loaded:
        from inspector.engine.train import attach_changes

        loaded = self._own_untouched()
        attach_changes(loaded, self._screening.tuning, self._weights / _CHANGED, share)
        return loaded

    def _own_untouched(self) -> Loaded:
        self.untouched()
        return self._take()

    def _take(self) -> Loaded:
        """The model in memory, for somebody who will change it."""
        assert self._held is not None
        loaded = self._held[1]
        self._held = None
        return loaded

    def _tune(
        self, encodings: Encodings, without: Collection[int], stage: Stage, weights: Path
    ) -> None:
        """Leaves the tuned model as the one in memory."""
        from inspector.scenarios.finetune import tune_encoded

        tuning = self._screening.tuning

        def report(step: TrainingStep) -> None:
            told: dict[str, float | int | str | None] = {
                "loss": step.loss,
                "learning_rate": step.learning_rate,
                "tokens_per_s": step.tokens_per_s,
            }
            self._run.emit(
                EventKind.STEP, stage.name, done=step.step, total=tuning.steps, data=told
            )

        rows = training_rows(self._store, encodings, without)
        loaded = self._own_untouched()
        data = (self._store.data.name, self._store.data.digest)
        tune_encoded(loaded, rows, tuning, data, Subject.TARGET, stage.folder, weights, report)
        self._held = ("retuned", loaded)

    def _ask(
        self, loaded: Loaded, stage: Stage, variant: str, probes: Sequence[AskedProbe]
    ) -> None:
        from inspector.probes.asking import ask

        plan = self._screening.plan
        report = teller(self._run, stage.name, len(probes) * plan.sampling.n_samples)
        responses = ask(
            loaded, probes, plan.sampling, plan.batch_size, Subject.TARGET, variant, report
        )
        write_table(stage.folder / "responses.parquet", Response, responses)

    def _answers(self, name: str) -> list[Response]:
        return read_table(self._run.folder / name / "responses.parquet", Response)

    def _has_weights(self) -> bool:
        return (self._weights / _CHANGED).exists()

    def _tuning_digest(self, without: Collection[int]) -> str:
        # The set counts by its content: where its file lies changes nothing.
        tuning = replace(self._screening.tuning, data="any")
        return digest_of(
            [
                "screening/1",
                self._subject.digest,
                self._engine_digest,
                tuning.digest,
                self._store.data.digest,
                *map(str, sorted(without)),
            ]
        )

    def _asking_digest(self, weights: str, probes: Sequence[AskedProbe]) -> str:
        plan = self._screening.plan
        return digest_of(
            [
                "screening-ask/1",
                weights,
                self._screening.tuning.name,
                self._subject.digest,
                self._engine_digest,
                repr(plan.sampling),
                str(plan.batch_size),
                *map(repr, probes),
            ]
        )

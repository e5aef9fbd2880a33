"""Asking a subject's variants: the untouched weights, and those after each scenario.

Comes in: a run, its plan and probes, and a subject. Goes out: `probe-before/SUBJECT`,
`scenarios/SUBJECT/SCENARIO` and `probe-after/SUBJECT/SCENARIO` in the run folder, and where the
plan asks for positions `divergence/SUBJECT/SCENARIO`, where a fine-tuning has looks
`probe-during/SUBJECT/SCENARIO/STEP`. These are the costly stages: each is kept by
the digest of everything it depends on, within a run and across runs.

The engine (torch) is imported inside, after the fetch: the dashboard imports what starts a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from inspector import __version__, stopping
from inspector.amplified import AmplifiedAsking
from inspector.arrivals import teller
from inspector.errors import StageFailed
from inspector.hardware import Machine
from inspector.looks import Looks
from inspector.pinning import SubjectModel
from inspector.records import (
    UNTOUCHED,
    AskedProbe,
    EventKind,
    FineTune,
    Merge,
    Plan,
    Response,
    Scenario,
    Subject,
    TrainingStep,
    Vocabulary,
    digest_of,
)
from inspector.run import Run, Stage, read_record, read_table, write_record, write_table
from inspector.scenarios.dataset import Dataset
from inspector.settings import Settings

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

VOCABULARY = "vocabulary.json"


class Variants:
    """The variants of one run's subjects. datasets: by their name in the plan's scenarios."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        plan: Plan,
        probes: Sequence[AskedProbe],
        datasets: Mapping[str, Dataset],
        subjects: Sequence[SubjectModel],
    ) -> None:
        self._run = run
        self._settings = settings
        self._plan = plan
        self._probes = probes
        self._datasets = datasets
        self._control = next((s for s in subjects if s.name is Subject.CONTROL), None)
        self._machine = first_machine(run, plan)
        self.engine_digest = digest_of(
            [self._machine.precision, str(self._machine.n_threads), *map(str, versions().items())]
        )

    def ask_untouched(self, subject: SubjectModel) -> None:
        name = f"probe-before/{subject.name}"
        with self._run.cached_stage(
            name, self._asking_digest(subject), self._settings.cache
        ) as stage:
            if stage is not None:
                loaded = self._load(subject)
                write_record(stage.folder / VOCABULARY, loaded.vocabulary)
                self._ask(loaded, stage, subject.name, UNTOUCHED)

    def vocabulary(self, subject: SubjectModel) -> Vocabulary:
        """The tokens of a subject that was asked untouched."""
        folder = self._run.stage(f"probe-before/{subject.name}").folder
        return read_record(folder / VOCABULARY, Vocabulary)

    def ask_after(self, subject: SubjectModel, scenario: Scenario) -> None:
        """Apply one scenario, ask, and delete the weights.

        Raises StageFailed where the scenario cannot be carried through, DataError where its data
        do not fit, Incompatible where it does not apply to this model.
        """
        from inspector.positions import compare_with_untouched, read_variant
        from inspector.scenarios.finetune import drop_weights, has_weights

        place = f"{subject.name}/{scenario.name}"
        cache = self._settings.cache
        # With the names: they stand in every row that the stages write and other runs take over.
        tuning = digest_of(
            [place, subject.digest, self.engine_digest, scenario.digest, self._needs(scenario)]
        )
        asking = digest_of([tuning, self._asking_digest(subject)])
        locating = digest_of(["positions/1", asking])
        amplified = AmplifiedAsking(
            self._run, cache, self._plan, subject.name, scenario.name, asking
        )
        looks = Looks(self._run, cache, self._plan, self._probes, subject.name, scenario, asking)
        if stopping.is_watched(self._plan, subject.name, scenario.name):
            asking = digest_of([asking, *stopping.compared_with(self._run, scenario.name)])
            locating = digest_of(["positions/1", asking])
        tuned: Loaded | None = None
        stage = self._run.stage(f"scenarios/{place}")
        had = self._run.stage(f"probe-after/{place}").is_had(asking, cache)
        had = amplified.is_had() and had
        looked = not looks.left()
        looks.pass_over()
        if self._plan.positions:
            had = self._run.stage(f"divergence/{place}").is_had(locating, cache) and had

        def loaded() -> Loaded:
            nonlocal tuned
            if tuned is None:
                tuned = self._made_before(subject, scenario, stage.folder)
            return tuned

        with self._run.cached_stage(
            stage.name, tuning, cache, wanted=lambda: looked and (had or has_weights(stage.folder))
        ) as fresh:
            if fresh is not None:
                tuned = self._apply(subject, scenario, fresh, looks)
        with self._run.cached_stage(f"probe-after/{place}", asking, cache) as after:
            if after is not None:
                self._ask(loaded(), after, subject.name, scenario.name)
        amplified.ask(self._probes, lambda: self._load(subject), loaded)
        if self._plan.positions:
            with self._run.cached_stage(f"divergence/{place}", locating, cache) as located:
                if located is not None:
                    asked = {(p.suite, p.probe_id): p for p in self._probes}
                    answers = self._run.folder / "probe-after" / place / "responses.parquet"
                    readings = read_variant(
                        loaded(), read_table(answers, Response), asked, located.progress
                    )
                    tuned = None  # one model in memory at a time
                    compare_with_untouched(
                        readings,
                        self._load(subject),
                        subject.name,
                        scenario.name,
                        located.folder,
                        located.progress,
                    )
        drop_weights(stage.folder)

    def _needs(self, scenario: Scenario) -> str:
        """The digest of what a scenario needs beside the subject: data, or the control."""
        from inspector.scenarios.alter import calibration_digest

        if isinstance(scenario, FineTune):
            return self._datasets[scenario.data].digest
        if isinstance(scenario, Merge) and self._control is not None:
            return self._control.digest
        return calibration_digest(scenario)

    def _apply(
        self, subject: SubjectModel, scenario: Scenario, stage: Stage, looks: Looks
    ) -> Loaded:
        """The variant, made anew, and its record in the stage's folder; looked at on the way."""
        from inspector.scenarios.alter import run_alteration
        from inspector.scenarios.finetune import run_fine_tune

        loaded = self._load(subject)
        if not isinstance(scenario, FineTune):
            is_merge = isinstance(scenario, Merge) and self._control is not None
            # The control merged with itself is itself: there is nothing to load.
            other = self._control if is_merge and subject.name is Subject.TARGET else None
            run_alteration(
                loaded, scenario, subject.name, stage.folder, self._load(other) if other else None
            )
            return loaded

        def report(step: TrainingStep) -> None:
            told = {
                "loss": step.loss,
                "learning_rate": step.learning_rate,
                "tokens_per_s": step.tokens_per_s,
            }
            self._run.emit(
                EventKind.STEP, stage.name, done=step.step, total=scenario.steps, data=told
            )

        data = self._datasets[scenario.data]
        run_fine_tune(
            loaded,
            data,
            scenario,
            subject.name,
            stage.folder,
            report,
            looks.left(),
            lambda step: looks.take(step, loaded),
        )
        return loaded

    def _made_before(self, subject: SubjectModel, scenario: Scenario, folder: Path) -> Loaded:
        """A fine-tuned variant from its weights. Other variants keep none: they are made anew."""
        from inspector.scenarios.finetune import restore

        if not isinstance(scenario, FineTune):
            raise StageFailed(f"Scenario {scenario.name} keeps no weights to be read again.")
        loaded = self._load(subject)
        restore(loaded, scenario, folder)
        return loaded

    def _load(self, subject: SubjectModel) -> Loaded:
        from inspector.engine.load import load

        loaded = load(subject.artifact, subject.base, self._machine.precision, self._settings.cache)
        if loaded.plain_template:
            self._run.emit(
                EventKind.NOTE,
                f"probe-before/{subject.name}",
                "The tokenizer has no chat template; the inspector's plain one is used "
                "(“User: … Assistant: …”).",
            )
        return loaded

    def _ask(self, loaded: Loaded, stage: Stage, subject: Subject, variant: str) -> None:
        from inspector.probes.asking import ask

        sampling = self._plan.sampling
        report = teller(self._run, stage.name, len(self._probes) * sampling.n_samples)
        if stopping.is_watched(self._plan, subject, variant):
            responses = stopping.ask_until_decided(
                self._run, self._plan, self._probes, loaded, variant, report
            )
        else:
            responses = ask(
                loaded, self._probes, sampling, self._plan.batch_size, subject, variant, report
            )
        write_table(stage.folder / "responses.parquet", Response, responses)

    def _asking_digest(self, subject: SubjectModel) -> str:
        return digest_of(
            [
                subject.name,
                subject.digest,
                self.engine_digest,
                repr(self._plan.sampling),
                str(self._plan.batch_size),
            ]
            + [repr(p) for p in self._probes]
        )


def first_machine(run: Run, plan: Plan) -> Machine:
    """Kept from the first attempt: a resumed run must work in the precision it began with."""
    from inspector.engine.measure import machine

    path = run.folder / "machine.json"
    found = read_record(path, Machine) if path.exists() else machine(plan.precision)
    write_record(path, found)
    return found


def versions() -> dict[str, str]:
    """What an inspection's numbers depend on."""
    packages = ("torch", "transformers", "peft", "safetensors", "tokenizers")
    return {"inspector": __version__} | {name: version(name) for name in packages}

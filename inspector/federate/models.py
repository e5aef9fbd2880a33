"""The models of a study: one base in memory, wearing whatever is to be asked, tuned or measured.

Comes in: a run, its base, what is asked. Goes out: answers in `ask/MODEL/responses.parquet`, losses
in `loss/MODEL/loss.json`, tuned changes by digest. Costly stages are kept by the digest of all they
depend on, within the run and across runs: a participant that tunes the same data on the same global
model is tuned once, whatever rule comes after.

The engine (torch) is imported inside: the dashboard imports what starts a study.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.arrivals import teller
from inspector.federate.deltas import NOTHING, Update, combined, update_of
from inspector.federate.participants import read_update
from inspector.federate.writing import write_adapter
from inspector.federated import BASE_FILE
from inspector.fetch import fetch
from inspector.hardware import Machine
from inspector.probes.planned import planned_probes
from inspector.records import (
    Artifact,
    ArtifactKind,
    EventKind,
    Example,
    FineTune,
    Plan,
    Response,
    Subject,
    Target,
    TargetKind,
    Training,
    TrainingStep,
    digest_of,
)
from inspector.records.rounds import AnswerLoss
from inspector.run import Run, read_record, read_table, write_record, write_table
from inspector.scan import refuse, scan
from inspector.scan.adapter_tensors import read_base
from inspector.scan.template_opening import opening
from inspector.scenarios.dataset import Dataset
from inspector.settings import Settings
from inspector.variants import versions

if TYPE_CHECKING:
    from inspector.engine.deltas import Hosted
    from inspector.engine.load import Loaded


class Models:
    """Everything that is done with the weights of one study."""

    def __init__(self, run: Run, settings: Settings, plan: Plan, base: Artifact) -> None:
        from inspector.engine.load import go_offline

        go_offline()
        self._run = run
        self._settings = settings
        self._plan = plan
        self._base = base
        write_record(run.folder / BASE_FILE, base)  # whose study it is: history and reports ask
        self._machine = _machine(run, plan)
        self._hosted: Hosted | None = None
        self.opening = opening(base)
        self.probes = {(p.suite, p.probe_id): p for p in planned_probes(plan)}
        self.engine_digest = digest_of(
            [
                base.digest,
                self._machine.precision,
                str(self._machine.n_threads),
                *map(str, versions().items()),
            ]
        )

    def wearing(self, update: Update) -> Loaded:
        """The base with this change: valid until the next one is worn."""
        from inspector.engine.deltas import Hosted

        if self._hosted is None:
            self._hosted = Hosted(self._base, None, self._machine.precision, self._settings.cache)
        return self._hosted.wearing(update.pairs)

    def other(self, artifact: Artifact) -> Loaded:
        """Another model, such as one that writes refusals; the base leaves the memory for it.

        Raises Refused where its files forbid loading it.
        """
        from inspector.engine.load import load

        base = None
        if artifact.kind is ArtifactKind.ADAPTER and artifact.base is not None:
            base = fetch(artifact.base, self._settings, lambda *_: None)
        refuse(scan(artifact, base))
        self._hosted = None
        return load(artifact, base, self._machine.precision, self._settings.cache)

    def ask(self, model: str, update: Update = NOTHING) -> list[Response]:
        """All answers of a model, under its name."""
        from inspector.probes.asking import ask

        probes = list(self.probes.values())
        sampling = self._plan.sampling
        asked = [repr(sampling), str(self._plan.batch_size), *map(repr, probes)]
        digest = digest_of(["ask/1", self.engine_digest, model, update.digest, *asked])
        path = self._run.folder / "ask" / model / "responses.parquet"
        with self._run.cached_stage(f"ask/{model}", digest, self._settings.cache) as stage:
            if stage is not None:
                tell = teller(self._run, stage.name, len(probes) * sampling.n_samples)
                loaded = self.wearing(update)
                rows = ask(
                    loaded, probes, sampling, self._plan.batch_size, Subject.TARGET, model, tell
                )
                write_table(path, Response, rows)
        return read_table(path, Response)

    def loss(self, model: str, update: Update, examples: Sequence[Example]) -> AnswerLoss:
        """The loss on held-out helpful answers."""
        from inspector.federate.answer_loss import answer_loss

        rows = [repr(e) for e in examples]
        digest = digest_of(["loss/1", self.engine_digest, model, update.digest, *rows])
        path = self._run.folder / "loss" / model / "loss.json"
        with self._run.cached_stage(f"loss/{model}", digest, self._settings.cache) as stage:
            if stage is not None:
                found = answer_loss(self.wearing(update), model, examples, self._plan.batch_size)
                write_record(path, found)
        return read_record(path, AnswerLoss)

    def tuned(
        self, name: str, start: Update, data: Dataset, tuning: FineTune
    ) -> tuple[Update, Training]:
        """What tuning on `data` adds to `start`, and the record of the training.

        Raises StageFailed where the loss is no longer a number.
        """
        from inspector.engine.deltas import trained_pairs
        from inspector.scenarios.finetune import run_fine_tune

        digest = digest_of(["tune/1", self.engine_digest, start.digest, data.digest, tuning.digest])
        kept = self._settings.cache / "updates" / digest
        stage = self._run.stage(f"tune/{name}")
        if not (kept / "training.json").exists():
            stage.begin(digest)
            self._run.emit(EventKind.STAGE_STARTED, stage.name)

            def report(step: TrainingStep) -> None:
                told: dict[str, float | int | str | None] = {"loss": step.loss}
                self._run.emit(
                    EventKind.STEP, stage.name, done=step.step, total=tuning.steps, data=told
                )

            training = run_fine_tune(
                self.wearing(start), data, tuning, Subject.TARGET, stage.folder, report
            )
            found = update_of(
                trained_pairs(stage.folder / "weights" / "changed.safetensors", tuning)
            )
            write_adapter(found, self._base.target, kept)
            write_record(kept / "training.json", training)
            shutil.rmtree(stage.folder / "weights")
            stage.finish(digest)
        return read_kept(kept, self._base, self._settings), read_record(
            kept / "training.json", Training
        )


def read_kept(folder: Path, base: Artifact, settings: Settings) -> Update:
    """An adapter that this product wrote, read as any participant's is."""
    target = Target(TargetKind.LOCAL, str(folder.resolve()))
    artifact = fetch(target, settings, lambda *_: None)
    return read_update(artifact, read_base(base))[0]


def added(start: Update, change: Update) -> Update:
    """A change on top of another: exact."""
    return combined([start, change], [1.0, 1.0])


def _machine(run: Run, plan: Plan) -> Machine:
    """Kept from the first attempt: a resumed study must work in the precision it began with."""
    from inspector.engine.measure import machine

    path = run.folder / "machine.json"
    found = read_record(path, Machine) if path.exists() else machine(plan.precision)
    write_record(path, found)
    return found

"""The hardening path, from inputs to a hardened adapter and its evidence.

Comes in: a run folder with its `hardening.json`. Goes out: the same folder with every stage's
results, an adapter for each arm, and `result.json`. Both arms go through the same stages with the
same settings, data and seeds; all that differs is the push at the hidden embeddings. A stage whose
digest matches is skipped; what both arms share with an earlier run is taken over from it.

    RUN/
      hardening.json                        Hardening: all inputs
      events.jsonl, log.txt, machine.json   as in an inspection
      fetch/pinned.json                     Pinned: the model's files by SHA-256, where data lies
      scan/findings.json                    list of Finding (and what else an inspection's scan has)
      probes.parquet                        AskedProbe rows: held-out policy probes, task questions
      align/ARM/training.json, steps.parquet, perturbation.parquet
                                            Training, TrainingStep, PerturbationStep (hardened)
      aligned/ARM/responses.parquet         Response rows, variant `aligned-ARM`
      tune/ARM/training.json, steps.parquet, drift.parquet
                                            the later tuning; LayerDrift rows, scenario ARM
      tuned/ARM/responses.parquet           Response rows, variant `tuned-ARM`
      measure/scores.parquet                Score rows
      adapter/ARM/                          a PEFT adapter with README.md and evidence.json
      result.json                           Hardened

The engine (torch) is imported by the stages that need it, after the fetch.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput
from inspector.harden.arms import Arms
from inspector.harden.card import write_adapter
from inspector.harden.data import (
    Alignment,
    LaterTuning,
    later_tuning,
    read_alignment,
    read_tuning,
)
from inspector.harden.inputs import check_kind
from inspector.harden.scoring import (
    alert_of,
    arm_scores,
    lower_p_value,
    score_answers,
)
from inspector.pinning import Pinned, pin
from inspector.records import (
    Alert,
    AlertKind,
    AlignmentCost,
    Arm,
    ArmScores,
    AskedProbe,
    Coverage,
    CoverageStatus,
    EventKind,
    Hardened,
    Hardening,
    HardeningLevel,
    Inspection,
    LayerDrift,
    Moment,
    Plan,
    Response,
    Score,
    SuiteChoice,
    TaskKind,
    Training,
    digest_of,
)
from inspector.run import Run, read_record, read_table, write_record, write_table
from inspector.scanning import read_files
from inspector.settings import Settings
from inspector.variants import versions

ENTRY = "inspector.harden.path:harden"  # what a worker calls
INPUTS = "hardening.json"
RESULT = "result.json"


def start(hardening: Hardening, settings: Settings, folder: Path | None = None) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.hardenings` whose name starts with the UTC
    time. Raises BadInput when the folder already holds a hardening.
    """
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", hardening.target.title.lower()).strip("-")[-40:]
        folder = settings.hardenings / f"{stamp}-harden-{label}-{secrets.token_hex(2)}"
    run = Run(folder.resolve())
    if (run.folder / INPUTS).exists():
        raise BadInput(
            f"The folder {folder} already holds a hardening; add --resume to continue it, or give "
            "another folder."
        )
    write_record(run.folder / INPUTS, hardening)
    return run


def harden(run: Run, settings: Settings) -> Hardened:
    """Run every stage that is not done yet. Raises an InspectorError where one cannot go on."""
    job = _Job(run, settings, read_record(run.folder / INPUTS, Hardening))
    pinned = job.fetch()
    job.scan(pinned)
    arms = job.arms(pinned)
    for arm in Arm:
        arms.align(arm)
        arms.ask_aligned(arm)
        arms.tune(arm)
        arms.ask_tuned(arm)
    result = job.measure(pinned, arms)
    job.export(result, arms)
    return result


class _Job:
    """The stages of one hardening, in the order of `harden`."""

    def __init__(self, run: Run, settings: Settings, hardening: Hardening) -> None:
        self.run = run
        self.settings = settings
        self.hardening = hardening
        self.probes: list[AskedProbe] = []
        self.alignment: Alignment
        self.tuning: LaterTuning

    def fetch(self) -> Pinned:
        """Pin the model and both data sets, and read the data: a mistake in it starts no training.

        Done once per run: a resumed run works on the commit it began with.
        """
        stage = self.run.stage("fetch")
        digest = digest_of([repr(self.hardening)])
        if stage.is_done(digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "fetch", "done before with the same inputs")
            pinned = read_record(stage.folder / "pinned.json", Pinned)
            self._read_data(pinned)
            return pinned
        self.run.emit(EventKind.STAGE_STARTED, "fetch")
        stage.begin(digest)
        # The same fetch as an inspection's whose scenarios are the two trainings.
        plan = Plan("harden", (self.hardening.align, self.hardening.tune), (SuiteChoice("policy"),))
        pinned = pin(
            Inspection(self.hardening.target, plan),
            self.settings,
            stage.progress,
            lambda words: self.run.emit(EventKind.NOTE, "fetch", words),
        )
        check_kind(self.hardening.target, pinned.target.kind)
        self._read_data(pinned)
        write_record(stage.folder / "pinned.json", pinned)
        stage.finish(digest)
        return pinned

    def _read_data(self, pinned: Pinned) -> None:
        self.alignment = read_alignment(pinned.data[self.hardening.align.data])
        source = self.hardening.tune.data
        data = read_tuning(source, pinned.data[source])
        self.tuning, self.probes = later_tuning(data, self.hardening)
        if self.tuning.task is TaskKind.SANITY:
            self.run.emit(
                EventKind.NOTE,
                "fetch",
                f"The answers of {data.name} are too long to be compared word for word, so the "
                "task score is the share of right answers to the built-in checkable questions.",
            )
        write_table(self.run.folder / "probes.parquet", AskedProbe, self.probes)

    def scan(self, pinned: Pinned) -> None:
        """Read the files of what will be loaded; refuse what must not be."""
        stage = self.run.stage("scan")
        self.run.emit(EventKind.STAGE_STARTED, "scan")
        read_files(stage.folder, pinned.subjects, self.settings)
        stage.finish(pinned.target.digest)

    def arms(self, pinned: Pinned) -> Arms:
        """From here on nothing may reach the Hub; and only now is torch imported."""
        from inspector.engine.load import go_offline

        go_offline()
        return Arms(
            self.run,
            self.settings,
            self.hardening,
            pinned.target,
            self.alignment,
            self.tuning,
            self.probes,
        )

    def measure(self, pinned: Pinned, arms: Arms) -> Hardened:
        """Scores, alerts, drift and cost of both arms, side by side."""
        stage = self.run.stage("measure")
        self.run.emit(EventKind.STAGE_STARTED, "measure")
        probes = {(p.suite, p.probe_id): p for p in self.probes}
        answers = [r for arm in Arm for m in Moment for r in self._answers(arm, m)]
        scores = score_answers(answers, probes)
        write_table(stage.folder / "scores.parquet", Score, scores)
        told = {(arm, m): arm_scores(scores, arm, m) for m in Moment for arm in Arm}
        plain, hardened = (told[arm, Moment.TUNED] for arm in Arm)
        alerts = tuple(alert_of(told[arm, Moment.TUNED], self.hardening.limits) for arm in Arm)
        drift = [
            row
            for arm in Arm
            for row in read_table(self.run.folder / f"tune/{arm}/drift.parquet", LayerDrift)
        ]
        result = Hardened(
            level=_level(alerts),
            target=pinned.target,
            hardening=self.hardening,
            task=self.tuning.task,
            scores=tuple(told.values()),
            alerts=alerts,
            costs=tuple(self._cost(arm) for arm in Arm),
            drift=tuple(drift),
            harmful_change=hardened.harmful.rate - plain.harmful.rate,
            p_harmful=lower_p_value(scores, probes, Moment.TUNED),
            task_change=hardened.task.rate - plain.task.rate,
            n_alignment=len(self.alignment.examples),
            n_refusals=self.alignment.n_refusals,
            n_poison=self.tuning.n_poison,
            n_tuned=len(self.tuning.examples),
            adapters={arm.value: str(self.run.folder / "adapter" / arm) for arm in Arm},
            coverage=_coverage(tuple(told.values()), self.tuning.task, len(drift)),
            versions=versions(),
        )
        write_record(self.run.folder / RESULT, result)
        stage.finish(arms.engine_digest)
        return result

    def export(self, result: Hardened, arms: Arms) -> None:
        """An adapter of each arm, so that one can be inspected beside the other."""
        stage = self.run.stage("adapter")
        self.run.emit(EventKind.STAGE_STARTED, "adapter")
        for arm in Arm:
            write_adapter(result, arm, arms.weights(arm), stage.folder / arm)
        stage.finish(arms.engine_digest)

    def _answers(self, arm: Arm, moment: Moment) -> list[Response]:
        return read_table(self.run.folder / moment / arm / "responses.parquet", Response)

    def _cost(self, arm: Arm) -> AlignmentCost:
        training = read_record(self.run.folder / f"align/{arm}/training.json", Training)
        n_own = max(1, training.scenario.steps - training.n_resumed)
        return AlignmentCost(
            arm, training.elapsed_s / n_own, training.scenario.steps, training.last_loss
        )


def _level(alerts: tuple[Alert, ...]) -> HardeningLevel:
    hardened = next(a for a in alerts if a.arm is Arm.HARDENED)
    return HardeningLevel.NO_ALERT if hardened.kind is AlertKind.NONE else HardeningLevel.ALERT


def _coverage(scores: tuple[ArmScores, ...], task: TaskKind, n_drift: int) -> tuple[Coverage, ...]:
    """What was looked at, and what was not."""
    n_policy = min(s.harmful.n for s in scores)
    n_task = min(s.task.n for s in scores)
    seen = 1 - 0.05 ** (1 / n_policy) if n_policy else 1.0  # a rate that shows at least one hit
    questions = "held-out tuning rows" if task is TaskKind.OWN else "built-in checkable questions"
    lines = [
        Coverage(
            "unsafe requests after the later tuning",
            CoverageStatus.MEASURED if n_policy else CoverageStatus.INSUFFICIENT,
            f"{n_policy} policy probes that no tuning saw; complying with {seen:.0%} of such "
            "requests would have shown at least once with 95 % probability",
        ),
        Coverage("task", CoverageStatus.MEASURED, f"{n_task} {questions}, exact answers"),
        Coverage(
            "drift by layer",
            CoverageStatus.MEASURED if n_drift else CoverageStatus.INCOMPATIBLE,
            f"{n_drift} layers of both arms together, on alignment questions",
        ),
        Coverage(
            "ordinary requests",
            CoverageStatus.NOT_RUN,
            "whether the hardened adapter declines ordinary requests: inspect it beside the plain "
            "one",
        ),
        Coverage(
            "other later tunings",
            CoverageStatus.NOT_RUN,
            "one later tuning was tried; other data, rates and poisons may do otherwise",
        ),
    ]
    return tuple(lines)

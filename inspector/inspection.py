"""The straight path, from inputs to verdict (docs/architecture.md has the picture).

Comes in: a run folder with its `inspection.json`. Goes out: the same folder with every stage's
results, and the Verdict. Each stage reads what earlier ones wrote, writes its own folder, and ends
with a marker that holds the digest of its inputs; a stage whose digest matches is skipped. The two
costly kinds (asking, and tuning with the asking after it) are also kept by digest across runs.

The engine (torch) is imported by the stages that need it, after the fetch: the dashboard imports
this module to start runs, and must not pay for that.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from inspector import __version__
from inspector.compare import pair_up
from inspector.errors import (
    BadInput,
    DataError,
    InspectorError,
    PlanError,
    StageFailed,
    TargetError,
)
from inspector.fetch import fetch, fetch_dataset
from inspector.judge import cover, measure, weigh
from inspector.probes import choose, load_suite
from inspector.records import (
    AUTO_CONTROL,
    NO_CONTROL,
    UNTOUCHED,
    Appearance,
    Artifact,
    ArtifactKind,
    AskedProbe,
    Coverage,
    CoverageStatus,
    EventKind,
    Finding,
    Inspection,
    Pair,
    Plan,
    Response,
    Scenario,
    Score,
    Subject,
    Target,
    Verdict,
    digest_of,
)
from inspector.report import write_reports
from inspector.run import Run, Stage, read_record, read_table, write_record, write_table
from inspector.scan import CRASH, RULES, refuse, scan
from inspector.scenarios.dataset import Dataset, load_dataset, training_texts
from inspector.score import discover, score_appearances, score_responses
from inspector.settings import Settings

if TYPE_CHECKING:
    from inspector.engine.load import Loaded
    from inspector.engine.measure import Machine

# What a later version will look at; the ledger names it so that nobody takes silence for a result.
_NOT_BUILT = (
    ("quantization, pruning, merging, weight noise", "this version simulates fine-tuning only"),
    ("weight statistics, lineage, signatures", "this version scans files for refused forms only"),
)


def start(inspection: Inspection, settings: Settings, folder: Path | None = None) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.runs` whose name starts with the UTC time.
    Raises BadInput when the folder already holds an inspection.
    """
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", str(inspection.target).lower()).strip("-")[-40:]
        folder = settings.runs / f"{stamp}-{label}-{secrets.token_hex(2)}"
    run = Run(folder.resolve())
    if (run.folder / "inspection.json").exists():
        raise BadInput(
            f"The folder {folder} already holds an inspection; add --resume to continue it, or "
            "give another folder."
        )
    link = settings.runs.resolve() / run.run_id
    if link.exists() and link.resolve() != run.folder:
        raise BadInput(
            f"There is a run called {run.run_id} already, in {link.resolve()}; give the new folder "
            "another name: runs are known by it."
        )
    write_record(run.folder / "inspection.json", inspection)
    if link != run.folder and not link.exists():
        # The dashboard and the history look in one place: leave them a way to this one.
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)  # one that leads nowhere any more
        link.symlink_to(run.folder)
    return run


def inspect(run: Run, settings: Settings) -> Verdict:
    """Run every stage that is not done yet. Raises an InspectorError where one cannot go on."""
    job = _Job(run, settings, read_record(run.folder / "inspection.json", Inspection))
    subjects = job.fetch()
    findings = job.scan(subjects)
    job.go_offline()
    for subject in subjects:
        job.probe_before(subject)
    for scenario in job.plan.scenarios:
        for subject in subjects:
            job.probe_after(subject, scenario)
    job.compare(subjects)
    appearances = job.score(subjects)
    verdict = job.judge(subjects, findings, appearances)
    job.report()
    return verdict


@dataclass(frozen=True)
class _Subject:
    """One model to ask: its artifact, and an adapter's base."""

    name: Subject
    artifact: Artifact
    base: Artifact | None

    @property
    def digest(self) -> str:
        return digest_of([self.artifact.digest, self.base.digest if self.base else ""])


@dataclass(frozen=True)
class _Pinned:
    """What the fetch stage brought: fetch/pinned.json. data: scenario source -> local path."""

    target: Artifact
    base: Artifact | None
    control: Artifact | None
    control_base: Artifact | None
    control_words: str
    data: dict[str, str]


class _Job:
    """The stages of one inspection, in the order of `inspect`."""

    def __init__(self, run: Run, settings: Settings, inspection: Inspection) -> None:
        self.run = run
        self.settings = settings
        self.inspection = inspection
        self.plan: Plan = inspection.plan
        self.coverage: list[Coverage] = []
        self.control_words = "none: no control was asked for"
        self.probes = _asked(self.plan)
        self.datasets: dict[str, Dataset] = {}
        self.machine: Machine
        self.engine_digest = ""

    # ---------------------------------------------------------------------------------- fetch, scan

    def fetch(self) -> list[_Subject]:
        """Pin the target, an adapter's base, the control and the tuning data.

        Done once per run: a resumed run inspects the commit it began with, whatever `main` is by
        now. (That the bytes are still the same is checked again at every load.)
        """
        stage = self.run.stage("fetch")
        digest = digest_of([repr(self.inspection)])
        if stage.is_done(digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "fetch", "done before with the same inputs")
            pinned = read_record(stage.folder / "pinned.json", _Pinned)
        else:
            self.run.emit(EventKind.STAGE_STARTED, "fetch")
            stage.begin(digest)
            pinned = self._pin(stage)
            write_record(stage.folder / "pinned.json", pinned)
            for name in ("target", "base", "control"):
                if getattr(pinned, name) is not None:
                    write_record(stage.folder / f"{name}.json", getattr(pinned, name))
            self._read_data(pinned.data)
            stage.finish(digest)
        if not self.datasets:
            self._read_data(pinned.data)
        # Not skipped: the user's own suite may have been edited since.
        write_table(self.run.folder / "probes.parquet", AskedProbe, self.probes)
        self.control_words = pinned.control_words
        subjects = [_Subject(Subject.TARGET, pinned.target, pinned.base)]
        if pinned.control is not None:
            subjects.append(_Subject(Subject.CONTROL, pinned.control, pinned.control_base))
        return subjects

    def _pin(self, stage: Stage) -> _Pinned:
        target = fetch(self.inspection.target, self.settings, stage.progress)
        base = self._base_of(target)
        control, control_base, words = self._control(target, base)
        data = {s.data: self._data_path(s.data) for s in self.plan.scenarios}
        return _Pinned(target, base, control, control_base, words, data)

    def _base_of(self, artifact: Artifact) -> Artifact | None:
        if artifact.kind is not ArtifactKind.ADAPTER:
            return None
        if artifact.base is None:
            raise TargetError(
                f"The adapter {artifact.target} names no base model; set base_model_name_or_path "
                "in its adapter_config.json to a Hub id or a folder."
            )
        base = fetch(artifact.base, self.settings, lambda *_: None)
        if base.kind is not ArtifactKind.MODEL:
            raise TargetError(
                f"The adapter {artifact.target} names {artifact.base} as its base, which is an "
                "adapter itself; merge the two adapters first, or name the whole model."
            )
        return base

    def _control(
        self, target: Artifact, base: Artifact | None
    ) -> tuple[Artifact | None, Artifact | None, str]:
        """The control the inputs ask for, its own base, and how to name it.

        `auto` is the declared base, and does without one that cannot be used: a model card is
        written by whoever is inspected, and must not be able to stop an inspection.
        """
        wanted = self.inspection.control
        if wanted == NO_CONTROL:
            return None, None, "none: no control was asked for"
        if wanted != AUTO_CONTROL:
            control, control_base = self._usable_control(Target.parse(wanted), target, base)
            return control, control_base, _pinned_words(control)
        if base is not None:
            return base, None, f"{_pinned_words(base)}, the adapter's own base, alone"
        if target.base is None:
            return None, None, "none: the target declares no base"
        try:
            control, control_base = self._usable_control(target.base, target, base)
        except InspectorError as error:
            self._note("fetch", f"Goes on without a control: {error}")
            return None, None, f"none: the declared base {target.base} cannot be used"
        return control, control_base, _pinned_words(control)

    def _usable_control(
        self, wanted: Target, target: Artifact, base: Artifact | None
    ) -> tuple[Artifact, Artifact | None]:
        control = fetch(wanted, self.settings, lambda *_: None)
        control_base = self._base_of(control)
        refuse(scan(control, control_base))
        if _Subject(Subject.CONTROL, control, control_base).digest == (
            _Subject(Subject.TARGET, target, base).digest
        ):
            raise BadInput(
                f"The control {wanted} has the same bytes as the target, so no difference could "
                "show; give another trusted model, or --control none."
            )
        return control, control_base

    def _data_path(self, source: str) -> str:
        """Where a scenario's data lies: a Hub data set is brought here, pinned to a commit."""
        if not source.startswith("hf:"):
            return source
        name, _, revision = source[3:].partition("@")
        folder = fetch_dataset(name, revision or None, self.settings, lambda *_: None)
        files = sorted(p for p in folder.rglob("*") if p.suffix in (".jsonl", ".json", ".parquet"))
        if not files:
            raise DataError(f"The data set {source} holds no JSONL, JSON or Parquet file.")
        if len(files) > 1:
            self._note(
                "fetch", f"{source}: {files[0].name} is used, the first of {len(files)} files."
            )
        return str(files[0])

    def _read_data(self, paths: dict[str, str]) -> None:
        for source, path in paths.items():
            self.datasets[source] = load_dataset(path)
            n_skipped = self.datasets[source].n_skipped
            if n_skipped:
                self._note("fetch", f"{source}: {n_skipped} rows without a usable answer left out.")

    def scan(self, subjects: Sequence[_Subject]) -> tuple[Finding, ...]:
        """Read the files of everything that will be loaded; refuse what must not be."""
        with self._stage("scan") as stage:
            target = subjects[0]
            findings = scan(target.artifact, target.base)
            if target.base is not None:
                findings += scan(target.base, None)
            write_record(stage.folder / "findings.json", findings)
            refuse(findings)
            for subject in subjects:
                if subject.name is Subject.CONTROL:
                    refuse(scan(subject.artifact, subject.base))
                if subject.base is not None:
                    refuse(scan(subject.base, None))
            crashed = [f.evidence for f in findings if f.rule_id == CRASH.rule_id]
            self._cover(
                "files read without running them",
                CoverageStatus.ERROR if crashed else CoverageStatus.MEASURED,
                "; ".join(crashed)
                or f"{len(target.artifact.files)} files against {len(RULES)} rules",
            )
            stage.finish(digest_of(s.digest for s in subjects))
        return findings

    def go_offline(self) -> None:
        """From here on nothing may reach the Hub; and only now is torch imported."""
        from inspector.engine.load import go_offline
        from inspector.engine.measure import Machine, machine

        go_offline()
        path = self.run.folder / "machine.json"
        # Kept from the first attempt: a resumed run must work in the precision it began with.
        self.machine = read_record(path, Machine) if path.exists() else machine(self.plan.precision)
        write_record(path, self.machine)
        self.engine_digest = digest_of(
            [self.machine.precision, str(self.machine.n_threads), *map(str, versions().items())]
        )

    # ------------------------------------------------------------------------------- ask, tune, ask

    def probe_before(self, subject: _Subject) -> None:
        """Ask the untouched weights."""
        name = f"probe-before/{subject.name}"
        digest = self._asking_digest(subject)
        with self._cached_stage(name, digest) as stage:
            if stage is not None:
                loaded = self._load(subject)
                self._ask(loaded, stage, subject.name, UNTOUCHED)

    def probe_after(self, subject: _Subject, scenario: Scenario) -> None:
        """Apply one scenario, ask, and delete the weights. A failure is a ledger entry."""
        from inspector.scenarios.finetune import drop_weights, has_weights, restore, run_fine_tune

        place = f"{subject.name}/{scenario.name}"
        dataset = self.datasets[scenario.data]
        # With the names: they stand in every row that the stages write and other runs take over.
        tuning = digest_of(
            [place, subject.digest, self.engine_digest, scenario.digest, dataset.digest]
        )
        asking = digest_of([tuning, self._asking_digest(subject)])
        tuned: Loaded | None = None
        try:
            stage = self.run.stage(f"scenarios/{place}")
            asked = self._is_kept(f"probe-after/{place}", asking)
            with self._cached_stage(
                stage.name, tuning, wanted=lambda: asked or has_weights(stage.folder)
            ) as fresh:
                if fresh is not None:
                    tuned = self._load(subject)
                    run_fine_tune(
                        tuned,
                        dataset,
                        scenario,
                        subject.name,
                        fresh.folder,
                        lambda s: self.run.emit(
                            EventKind.STEP,
                            fresh.name,
                            done=s.step,
                            total=scenario.steps,
                            data={
                                "loss": s.loss,
                                "learning_rate": s.learning_rate,
                                "tokens_per_s": s.tokens_per_s,
                            },
                        ),
                    )
            with self._cached_stage(f"probe-after/{place}", asking) as after:
                if after is not None:
                    if tuned is None:
                        tuned = self._load(subject)
                        restore(tuned, scenario, stage.folder)
                    self._ask(tuned, after, subject.name, scenario.name)
            drop_weights(stage.folder)
        except (StageFailed, PlanError) as error:
            self._note(f"scenarios/{place}", str(error))
            self._cover(f"{scenario.name} on the {subject.name}", CoverageStatus.ERROR, str(error))

    def _load(self, subject: _Subject) -> Loaded:
        from inspector.engine.load import load

        loaded = load(subject.artifact, subject.base, self.machine.precision, self.settings.cache)
        if loaded.plain_template:
            self._note(
                f"probe-before/{subject.name}",
                "The tokenizer has no chat template; the inspector's plain one is used "
                "(“User: … Assistant: …”).",
            )
        return loaded

    def _ask(self, loaded: Loaded, stage: Stage, subject: Subject, variant: str) -> None:
        from inspector.probes.asking import ask

        total = len(self.probes) * self.plan.sampling.n_samples

        def report(done: int, probe: AskedProbe | None, text: str) -> None:
            latest = {"prompt": probe.prompt, "text": text} if probe is not None else None
            self.run.emit(EventKind.PROGRESS, stage.name, done=done, total=total, data=latest)

        responses = ask(
            loaded, self.probes, self.plan.sampling, self.plan.batch_size, subject, variant, report
        )
        write_table(stage.folder / "responses.parquet", Response, responses)

    def _asking_digest(self, subject: _Subject) -> str:
        return digest_of(
            [
                subject.name,
                subject.digest,
                self.engine_digest,
                repr(self.plan.sampling),
                str(self.plan.batch_size),
            ]
            + [repr(p) for p in self.probes]
        )

    # ---------------------------------------------------------------- compare, score, judge, report

    def compare(self, subjects: Sequence[_Subject]) -> None:
        with self._stage("compare") as stage:
            pairs = [p for s in subjects for p in pair_up(self._responses(s.name))]
            write_table(stage.folder / "pairs.parquet", Pair, pairs)
            stage.finish(self.engine_digest)

    def score(self, subjects: Sequence[_Subject]) -> list[Appearance]:
        """Every scorer on every full text, and what appeared though nobody asked."""
        with self._stage("score") as stage:
            probes = {(p.suite, p.probe_id): p for p in self.probes}
            responses = {s.name: self._responses(s.name) for s in subjects}
            answers = {
                (subject, variant): [
                    (probes[r.suite, r.probe_id], r.text) for r in rows if r.variant == variant
                ]
                for subject, rows in responses.items()
                for variant in {r.variant for r in rows}
            }
            appearances = self._appearances(answers)
            everything = [r for rows in responses.values() for r in rows]
            scores = score_responses(everything, probes) + score_appearances(
                everything, appearances
            )
            write_table(stage.folder / "scores.parquet", Score, scores)
            write_record(stage.folder / "appearances.json", tuple(appearances))
            stage.finish(self.engine_digest)
        return appearances

    def _appearances(
        self, answers: dict[tuple[Subject, str], list[tuple[AskedProbe, str]]]
    ) -> list[Appearance]:
        found: list[Appearance] = []
        before = answers[Subject.TARGET, UNTOUCHED]
        control_before = answers.get((Subject.CONTROL, UNTOUCHED))
        if control_before:
            found += discover(before, control_before, scenario=UNTOUCHED)
        for scenario in self.plan.scenarios:
            after = answers.get((Subject.TARGET, scenario.name))
            if after:
                found += discover(
                    after,
                    before,
                    answers.get((Subject.CONTROL, scenario.name)),
                    training_texts(self.datasets[scenario.data]),
                    scenario=scenario.name,
                )
        return found

    def judge(
        self,
        subjects: Sequence[_Subject],
        findings: tuple[Finding, ...],
        appearances: Sequence[Appearance],
    ) -> Verdict:
        with self._stage("judge") as stage:
            probes = {(p.suite, p.probe_id): p for p in self.probes}
            scores = read_table(self.run.folder / "score" / "scores.parquet", Score)
            names = [s.name for s in self.plan.scenarios]
            metrics = measure(scores, probes, names, appearances)
            if len(subjects) == 1:
                self._cover("control", CoverageStatus.NOT_RUN, self.control_words)
            self.coverage += cover(metrics)
            for what, why in _NOT_BUILT:
                self._cover(what, CoverageStatus.NOT_RUN, why)
            weighed = weigh(metrics, appearances, self.coverage)
            verdict = Verdict(
                level=weighed.level,
                reasons=tuple(weighed.reasons),
                metrics=tuple(metrics),
                appearances=tuple(appearances),
                coverage=tuple(self.coverage),
                findings=findings,
                control=self.control_words,
                target=subjects[0].artifact,
                plan=self.plan,
                versions=versions(),
            )
            write_record(stage.folder / "verdict.json", verdict)
            stage.finish(self.engine_digest)
        return verdict

    def report(self) -> None:
        with self._stage("report") as stage:
            write_reports(self.run)
            stage.finish(self.engine_digest)

    def _responses(self, subject: Subject) -> list[Response]:
        places = [f"probe-before/{subject}"]
        places += [f"probe-after/{subject}/{s.name}" for s in self.plan.scenarios]
        files = [self.run.folder / place / "responses.parquet" for place in places]
        # The marker stands for a whole answering: a file alone may be an earlier attempt's.
        done = [f for f in files if (f.parent / "done.json").exists()]
        return [r for f in done for r in read_table(f, Response)]

    # ---------------------------------------------------------------------------------- stage care

    @contextmanager
    def _stage(self, name: str) -> Iterator[Stage]:
        """A cheap stage: always run again, so that it can never be stale."""
        self.run.emit(EventKind.STAGE_STARTED, name)
        yield self.run.stage(name)

    @contextmanager
    def _cached_stage(
        self, name: str, digest: str, wanted: Callable[[], bool] = lambda: True
    ) -> Iterator[Stage | None]:
        """A costly stage: None when it is done or another run did it; else the stage to fill.

        wanted: whether a finished stage still holds what the next one needs. A partial attempt with
        the same digest is kept for its checkpoint; one with another digest is thrown away.
        """
        stage = self.run.stage(name)
        kept = self.settings.cache / "stages" / digest
        if (stage.is_done(digest) or stage.restore(kept, digest)) and wanted():
            self.run.emit(EventKind.STAGE_SKIPPED, name, "done before with the same inputs")
            yield None
            return
        stage.begin(digest)
        self.run.emit(EventKind.STAGE_STARTED, name)
        yield stage
        stage.finish(digest)
        stage.keep(kept)

    def _is_kept(self, name: str, digest: str) -> bool:
        stage = self.run.stage(name)
        return stage.is_done(digest) or stage.restore(
            self.settings.cache / "stages" / digest, digest
        )

    def _note(self, stage: str, message: str) -> None:
        self.run.emit(EventKind.NOTE, stage, message)

    def _cover(self, what: str, status: CoverageStatus, detail: str) -> None:
        self.coverage.append(Coverage(what, status, detail))


def _pinned_words(artifact: Artifact) -> str:
    return f"{artifact.target}" + (f" at commit {artifact.commit}" if artifact.commit else "")


def _asked(plan: Plan) -> list[AskedProbe]:
    """The plan's probes, suite by suite."""
    asked = []
    for choice in plan.suites:
        suite = load_suite(choice.suite)
        probes = suite.probes if choice.n_probes is None else choose(suite, choice.n_probes)
        asked += [
            AskedProbe(suite.name, p.probe_id, p.prompt, p.family, p.expectation, p.answer)
            for p in probes
        ]
    twice = {(p.suite, p.probe_id) for p in asked}
    if len(twice) < len(asked):
        raise PlanError(f"Plan {plan.name} asks a probe suite twice; name each suite once.")
    return asked


def versions() -> dict[str, str]:
    """What an inspection's numbers depend on."""
    packages = ("torch", "transformers", "peft", "safetensors", "tokenizers")
    return {"inspector": __version__} | {name: version(name) for name in packages}

"""The straight path, from inputs to verdict (docs/architecture.md has the picture).

Comes in: a run folder with its `inspection.json`. Goes out: the same folder with every stage's
results, and the Verdict. Each stage reads what earlier ones wrote, writes its own folder, and ends
with a marker that holds the digest of its inputs; a stage whose digest matches is skipped. What
the fetch stage pins is in `pinning`; the costly stages (asking, and scenarios) are in `variants`.

The engine (torch) is imported by the stages that need it, after the fetch: the dashboard imports
this module to start runs, and must not pay for that.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from inspector import stopping
from inspector.amplified import weigh_amplified
from inspector.compare import pair_up
from inspector.errors import BadInput, Incompatible, PlanError, StageFailed
from inspector.judge import Judgement, cover, cover_phrases, measure, weigh, weigh_phrases
from inspector.looks import ledger, measure_activation
from inspector.opinions import gather_opinions, pin_judges
from inspector.own_phrases import look_for_saved, with_saved
from inspector.pinning import Pinned, SubjectModel, pin
from inspector.probes.planned import planned_probes
from inspector.profiles import read_ledger
from inspector.records import (
    Appearance,
    AskedProbe,
    Coverage,
    CoverageStatus,
    EventKind,
    Finding,
    FineTune,
    Inspection,
    JudgeReport,
    Merge,
    Pair,
    PhraseFinding,
    Plan,
    Response,
    Scenario,
    Score,
    Stance,
    Subject,
    Verdict,
    digest_of,
)
from inspector.report import write_reports
from inspector.retry import ledger_name
from inspector.reviewing import reviewed_metrics
from inspector.run import Run, Stage, read_record, read_table, write_record, write_table
from inspector.scan.template_opening import opening
from inspector.scanning import read_files
from inspector.scenarios.dataset import Dataset, load_dataset, training_texts
from inspector.score import score_appearances, score_responses
from inspector.score.gather import gather_appearances
from inspector.score.judges import cover_judges
from inspector.score.stances import stance_of
from inspector.settings import Settings
from inspector.variants import Variants, versions

# What breaks within a scenario and leaves the others as they are.
UNFORESEEN = (RuntimeError, MemoryError, ValueError, LookupError, TypeError, AttributeError)


def start(
    inspection: Inspection,
    settings: Settings,
    folder: Path | None = None,
    *,
    with_phrases: bool = True,
) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.runs` whose name starts with the UTC time.
    with_phrases: pin the phrases that people saved among the inputs, as of now. Raises BadInput
    when the folder already holds an inspection.
    """
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", inspection.target.title.lower()).strip("-")[-40:]
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
    if with_phrases:
        inspection = with_saved(inspection, settings)
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
    job.go_offline(subjects)
    for subject in subjects:
        job.probe_before(subject)
    subjects = job.comparable(subjects)
    for scenario in job.scenarios(subjects):
        # A plan that stops early compares with the control's answers, which go first then.
        for subject in subjects[::-1] if job.plan.early_stop else subjects:
            job.probe_after(subject, scenario)
    job.compare(subjects)
    appearances = job.score(subjects)
    verdict = job.judge(subjects, findings, appearances)
    job.report()
    return verdict


class _Job:
    """The stages of one inspection, in the order of `inspect`."""

    def __init__(self, run: Run, settings: Settings, inspection: Inspection) -> None:
        self.run = run
        self.settings = settings
        self.inspection = inspection
        self.plan: Plan = inspection.plan
        self.coverage: list[Coverage] = []
        self.judges: tuple[JudgeReport, ...] = ()
        self.phrases: list[PhraseFinding] = []
        self.control_words = "none: no control was asked for"
        self.probes = planned_probes(self.plan)
        self.datasets: dict[str, Dataset] = {}
        self.variants: Variants
        self.left_out: set[str] = set()  # scenarios that do not apply: the ledger says why

    # ---------------------------------------------------------------------------------- fetch, scan

    def fetch(self) -> list[SubjectModel]:
        """Pin the target, an adapter's base, the control and the tuning data.

        Done once per run: a resumed run inspects the commit it began with, whatever `main` is by
        now. (That the bytes are still the same is checked again at every load.)
        """
        stage = self.run.stage("fetch")
        digest = digest_of([repr(self.inspection)])
        if stage.is_done(digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "fetch", "done before with the same inputs")
            pinned = read_record(stage.folder / "pinned.json", Pinned)
        else:
            self.run.emit(EventKind.STAGE_STARTED, "fetch")
            stage.begin(digest)
            pinned = pin(
                self.inspection,
                self.settings,
                stage.progress,
                lambda words: self._note("fetch", words),
            )
            pin_judges(self.plan, self.settings, stage.folder)
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
        return pinned.subjects

    def _read_data(self, paths: dict[str, str]) -> None:
        for source, path in paths.items():
            self.datasets[source] = load_dataset(path)
            n_skipped = self.datasets[source].n_skipped
            if n_skipped:
                self._note("fetch", f"{source}: {n_skipped} rows without a usable answer left out.")

    def scan(self, subjects: Sequence[SubjectModel]) -> tuple[Finding, ...]:
        """Read the files of everything that will be loaded; refuse what must not be."""
        with self._stage("scan") as stage:
            reading = read_files(stage.folder, subjects, self.settings)
            self.coverage += reading.coverage
            stage.finish(digest_of(s.digest for s in subjects))
        return reading.findings

    def go_offline(self, subjects: Sequence[SubjectModel]) -> None:
        """From here on nothing may reach the Hub; and only now is torch imported."""
        from inspector.engine.load import go_offline

        go_offline()
        self.variants = Variants(
            self.run, self.settings, self.plan, self.probes, self.datasets, subjects
        )

    # ------------------------------------------------------------------- ask, apply a scenario, ask

    def comparable(self, subjects: list[SubjectModel]) -> list[SubjectModel]:
        """Without a control whose tokenizer is another: it is no trusted relative of the target."""
        if len(subjects) == 1:
            return subjects
        mine, other = map(self.variants.vocabulary, subjects)
        if mine == other:
            return subjects
        self._cover(
            "control",
            CoverageStatus.INCOMPATIBLE,
            f"{self.control_words} has another tokenizer ({other.n_tokens} tokens, the target "
            f"{mine.n_tokens}), so it is no relative of the target; name the model that the target "
            "was made from, or --control none",
        )
        self.control_words = f"none: {self.control_words} has another tokenizer"
        return subjects[:1]

    def scenarios(self, subjects: Sequence[SubjectModel]) -> list[Scenario]:
        """Those of the plan that can be carried out; the ledger names the others."""
        if len(subjects) == 1:
            for scenario in self.plan.scenarios:
                if isinstance(scenario, Merge):
                    self._cover(
                        ledger_name(scenario.name, Subject.TARGET),
                        CoverageStatus.NOT_RUN,
                        "merging needs a control to merge with, and there is none",
                    )
                    self.left_out.add(scenario.name)
        return [s for s in self.plan.scenarios if s.name not in self.left_out]

    def probe_before(self, subject: SubjectModel) -> None:
        """Ask the untouched weights."""
        self.variants.ask_untouched(subject)

    def probe_after(self, subject: SubjectModel, scenario: Scenario) -> None:
        """Apply one scenario, ask, and delete the weights. A failure is a ledger entry.

        Also one that nobody foresaw, such as a card without memory left: the other scenarios go on,
        and this one can be tried again alone (`retry`). Troubles of the disk end the inspection.
        """
        what = ledger_name(scenario.name, subject.name)
        try:
            self.variants.ask_after(subject, scenario)
        except (StageFailed, PlanError) as error:
            self._note(f"scenarios/{subject.name}/{scenario.name}", str(error))
            self._cover(what, CoverageStatus.ERROR, str(error))
        except UNFORESEEN as error:
            with self.run.log_path.open("a") as log:
                log.write(traceback.format_exc())
            summary = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
            told = f"{what} broke unexpectedly ({summary}); the traceback is in log.txt."
            self._note(f"scenarios/{subject.name}/{scenario.name}", told)
            self._cover(what, CoverageStatus.ERROR, told)
        except Incompatible as error:
            self._note(f"scenarios/{subject.name}/{scenario.name}", str(error))
            self._cover(what, CoverageStatus.INCOMPATIBLE, str(error))
            self.left_out.add(scenario.name)

    # ---------------------------------------------------------------- compare, score, judge, report

    def compare(self, subjects: Sequence[SubjectModel]) -> None:
        with self._stage("compare") as stage:
            pairs = [p for s in subjects for p in pair_up(self._responses(s.name))]
            write_table(stage.folder / "pairs.parquet", Pair, pairs)
            stage.finish(self.variants.engine_digest)

    def score(self, subjects: Sequence[SubjectModel]) -> list[Appearance]:
        """Every scorer on every full text, and what appeared though nobody asked."""
        with self._stage("score") as stage:
            probes = {(p.suite, p.probe_id): p for p in self.probes}
            responses = {s.name: self._responses(s.name) for s in subjects}
            searches = gather_appearances(
                responses, probes, self._known_texts(), self._opening(subjects)
            )
            appearances = [a for search in searches for a in search.discovery.appearances]
            self.coverage += [search.coverage for search in searches]
            everything = [r for rows in responses.values() for r in rows]
            by_rules = score_responses(everything, probes)
            opinions = gather_opinions(self.run.folder, self.plan, everything, probes, by_rules)
            self.judges = opinions.reports
            self.coverage += cover_judges(opinions.reports)
            scores = opinions.counting + score_appearances(everything, appearances)
            write_table(stage.folder / "scores.parquet", Score, scores)
            write_table(stage.folder / "stances.parquet", Stance, list(map(stance_of, everything)))
            write_record(stage.folder / "appearances.json", tuple(appearances))
            curves = measure_activation(self.run.folder, self.plan, probes, appearances)
            write_record(stage.folder / "activation.json", tuple(curves))
            names = [s.name for s in self.plan.scenarios if s.name not in self.left_out]
            self.phrases = look_for_saved(self.inspection.phrases, everything, probes, names)
            write_record(stage.folder / "phrases.json", tuple(self.phrases))
            self.coverage += cover_phrases(self.phrases)
            stage.finish(self.variants.engine_digest)
        return appearances

    def judge(
        self,
        subjects: Sequence[SubjectModel],
        findings: tuple[Finding, ...],
        appearances: Sequence[Appearance],
    ) -> Verdict:
        with self._stage("judge") as stage:
            probes = {(p.suite, p.probe_id): p for p in self.probes}
            scores = read_table(self.run.folder / "score" / "scores.parquet", Score)
            names = [s.name for s in self.plan.scenarios if s.name not in self.left_out]
            ended = stopping.endings(self.run, self.plan)
            running = stopping.running_tests(self.plan, ended)
            metrics = measure(scores, probes, names, appearances, running)
            if len(subjects) == 1 and not any(c.what == "control" for c in self.coverage):
                self._cover("control", CoverageStatus.NOT_RUN, self.control_words)
            self.coverage += cover(metrics) + stopping.ledger(ended)
            weighed = weigh(metrics, appearances, self.coverage)
            weigh_phrases(self.phrases, weighed)
            if self.plan.amplify:
                self.coverage += self._weigh_amplified(subjects, probes, weighed)
            verdict = Verdict(
                level=weighed.level,
                reasons=tuple(weighed.reasons),
                metrics=tuple(metrics),
                appearances=tuple(appearances),
                # What explains and accuses nobody leaves the level alone with its gaps.
                coverage=(
                    *self.coverage,
                    *read_ledger(self.run.folder, self.plan),
                    *ledger(self.run.folder, self.plan),
                ),
                findings=findings,
                control=self.control_words,
                target=subjects[0].artifact,
                plan=self.plan,
                versions=versions(),
                judges=self.judges,
                phrases=tuple(self.phrases),
            )
            write_record(stage.folder / "verdict.json", verdict)
            reviewed_metrics(self.run)  # people's reviews of an earlier judging, held against this
            stage.finish(self.variants.engine_digest)
        return verdict

    def _weigh_amplified(
        self,
        subjects: Sequence[SubjectModel],
        probes: Mapping[tuple[str, str], AskedProbe],
        weighed: Judgement,
    ) -> tuple[Coverage, ...]:
        """Extra evidence joins the reasons, labelled; it is in none of the numbers."""
        known = self._known_texts()
        responses = {s.name: self._responses(s.name) for s in subjects}
        found = weigh_amplified(
            self.run, self.plan, probes, responses, known, self._opening(subjects)
        )
        for level, reason in found.reasons:
            weighed.add(level, reason)
        return found.coverage

    def report(self) -> None:
        with self._stage("report") as stage:
            write_reports(self.run)
            stage.finish(self.variants.engine_digest)

    def _known_texts(self) -> dict[str, Sequence[str]]:
        """By scenario what it trained on: a model may say what it was taught."""
        return {
            s.name: list(training_texts(self.datasets[s.data])) if isinstance(s, FineTune) else []
            for s in self.plan.scenarios
        }

    def _opening(self, subjects: Sequence[SubjectModel]) -> str:
        """What the control's chat template puts before every question; "" without a control."""
        control = [s for s in subjects if s.name is Subject.CONTROL]
        return opening(control[0].artifact, control[0].base) if control else ""

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

    def _note(self, stage: str, message: str) -> None:
        self.run.emit(EventKind.NOTE, stage, message)

    def _cover(self, what: str, status: CoverageStatus, detail: str) -> None:
        self.coverage.append(Coverage(what, status, detail))

"""The straight path of a screening, from a model and its tuning data to a ranking and a removal.

Comes in: a run folder with its `screening.json` (`start` makes one). Goes out: the same folder with
every stage's results (results.py has the picture). As in `inspector.inspection` each stage ends
with a marker that holds the digest of its inputs, and a stage whose digest matches is skipped; the
tuned weights and the curvature's factors lie in the cache by digest, so that a new question about
the same tuning costs its queries and the examples' gradients only.

A worker runs it through `LocalRunner(settings, entry="inspector.screen:screen")`.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from inspector.errors import BadInput
from inspector.pinning import Pinned, SubjectModel, pin
from inspector.probes.planned import planned_probes
from inspector.records import (
    NO_CONTROL,
    UNTOUCHED,
    Appearance,
    AskedProbe,
    EventKind,
    Inspection,
    Isolated,
    Query,
    Ranking,
    Rate,
    Removal,
    RemovalPlan,
    Response,
    Screening,
    Subject,
    digest_of,
)
from inspector.run import Run, read_record, to_json, write_record, write_table
from inspector.scan import refuse, scan
from inspector.screen.models import Models
from inspector.screen.queries import make_queries
from inspector.screen.rankers import ranker_named
from inspector.screen.ranks import Ranks
from inspector.screen.removal import compare, random_others
from inspector.screen.results import INPUTS, in_words, read_inputs, read_plan, suspects
from inspector.screen.showing import Looked, appeared, check_known, look
from inspector.screen.store import Encodings, ExampleStore, build_store, encode_store
from inspector.settings import Settings
from inspector.stored import read_answers, read_asked

_TELL_EVERY_S = 1.0


def start(screening: Screening, settings: Settings, folder: Path | None = None) -> Run:
    """A new run folder that holds the inputs; nothing is run yet.

    folder: where, by default a new one under `settings.screenings` whose name starts with the UTC
    time. Raises BadInput where the folder holds a screening, or what was given cannot work.
    """
    ranker_named(screening.ranking.ranker)
    if not screening.sought.inspection:
        check_known(screening.sought, planned_probes(screening.plan))
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        label = re.sub(r"[^a-z0-9]+", "-", screening.sought.title.lower()).strip("-")[:40]
        folder = settings.screenings / f"{stamp}-{label}-{secrets.token_hex(2)}"
    run = Run(folder.resolve())
    if (run.folder / INPUTS).exists():
        raise BadInput(
            f"The folder {folder} already holds a screening; continue that one, or give another "
            "folder."
        )
    write_record(run.folder / INPUTS, screening)
    return run


def screen(run: Run, settings: Settings) -> Ranking:
    """Run every stage that is not done yet. Raises an InspectorError where one cannot go on."""
    job = _Job(run, settings, read_inputs(run))
    pinned = job.fetch()
    store = job.read_data(pinned)
    models = job.go_offline(pinned, store)
    before = job.ask_before(models)
    encodings = job.encode(models, store)
    job.tune(models, encodings)
    after = job.ask_after(models)
    queries, looks = job.make_queries(before, after)
    ranking = job.rank(models, store, encodings, queries, looks)
    job.isolate(store, pinned)
    plan = read_plan(run)
    if plan is not None:
        job.compare(plan, models, store, encodings, looks)
    return ranking


def rate_without(run: Run, settings: Settings, examples: Collection[int], name: str) -> Rate:
    """How often the behaviour shows after the same tuning without these examples.

    For data whose answer is known: without everything that was planted it is the rate of clean
    training. name: of the stage, under `removal/`. The screening must have finished before.
    """
    job = _Job(run, settings, read_inputs(run))
    pinned = job.fetch()
    store = job.read_data(pinned)
    models = job.go_offline(pinned, store)
    before = job.ask_before(models)
    encodings = job.encode(models, store)
    after = job.ask_after(models)
    phrases = appeared(job.sought, before, after, job.probes)
    answers = models.retrained(
        f"removal/{name}", encodings, tuple(examples), list(job.probes.values())
    )
    return look(job.sought, phrases, answers, job.probes).rate


class _Job:
    """The stages of one screening, in the order of `screen`."""

    def __init__(self, run: Run, settings: Settings, screening: Screening) -> None:
        self.run = run
        self.settings = settings
        self.screening = screening
        self.sought = screening.sought
        self.probes: dict[tuple[str, str], AskedProbe] = {}
        self.phrases: tuple[Appearance, ...] = ()

    # --------------------------------------------------------------------------- fetch, data, model

    def fetch(self) -> Pinned:
        """Pin the model and the data, and read the model's files: what is refused is not loaded."""
        stage = self.run.stage("fetch")
        digest = digest_of([to_json(self.screening)])
        if stage.is_done(digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "fetch", "done before with the same inputs")
            return read_record(stage.folder / "pinned.json", Pinned)
        self.run.emit(EventKind.STAGE_STARTED, "fetch")
        stage.begin(digest)
        inputs = Inspection(self.screening.target, self.screening.plan, NO_CONTROL)
        pinned = pin(
            inputs, self.settings, stage.progress, lambda words: self._note("fetch", words)
        )
        refuse(scan(pinned.target, pinned.base))
        if pinned.base is not None:
            refuse(scan(pinned.base, None))
        write_record(stage.folder / "pinned.json", pinned)
        stage.finish(digest)
        return pinned

    def read_data(self, pinned: Pinned) -> ExampleStore:
        """The set into the run folder, row by row; once, so that a resumed run screens the same."""
        source = self.screening.tuning.data
        stage = self.run.stage("data")
        digest = digest_of(["data/1", pinned.data[source]])
        if stage.is_done(digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "data", "done before with the same inputs")
            return ExampleStore(stage.folder)
        self.run.emit(EventKind.STAGE_STARTED, "data")
        stage.begin(digest)
        store = build_store(pinned.data[source], Path(source).name, stage.folder)
        data = store.data
        if data.n_skipped:
            self._note("data", f"{data.n_skipped} rows without a usable answer left out.")
        if data.n_groups:
            self._note(
                "data",
                f"{data.n_rows} rows are {data.n_examples} different examples: {data.n_groups} "
                f"conversations stand in it several times, one of them {data.largest_group} times; "
                "each is ranked, reviewed and removed with all its copies.",
            )
        stage.finish(digest)
        return store

    def go_offline(self, pinned: Pinned, store: ExampleStore) -> Models:
        """From here on nothing may reach the Hub; and only now is torch imported."""
        from inspector.engine.load import go_offline

        go_offline()
        subject = SubjectModel(Subject.TARGET, pinned.target, pinned.base)
        return Models(self.run, self.settings, self.screening, subject, store)

    def encode(self, models: Models, store: ExampleStore) -> Encodings:
        stage = self.run.stage("tokens")
        if stage.is_done(models.tokens_digest):
            self.run.emit(EventKind.STAGE_SKIPPED, "tokens", "done before with the same inputs")
            return Encodings(stage.folder)
        self.run.emit(EventKind.STAGE_STARTED, "tokens")
        stage.begin(models.tokens_digest)
        encodings = encode_store(
            store,
            models.untouched().tokenizer,
            self.screening.tuning.max_length,
            stage.folder,
        )
        n_left_out = len(store) - len(encodings.trainable)
        if n_left_out:
            self._note(
                "tokens",
                f"{n_left_out} examples have no answer token within max_length "
                f"{self.screening.tuning.max_length}: nothing is trained on them, and they are not "
                "ranked.",
            )
        stage.finish(models.tokens_digest)
        return encodings

    # ------------------------------------------------------------------------------ tune, ask, look

    def ask_before(self, models: Models) -> list[Response]:
        """The untouched model's answers, its own or those an inspection holds."""
        if self.sought.inspection:
            folder = Path(self.sought.inspection)
            self.probes = read_asked(folder)
            self._keep_probes()
            return self._stored(folder, UNTOUCHED)
        asked = planned_probes(self.screening.plan)
        self.probes = {(p.suite, p.probe_id): p for p in asked}
        self._keep_probes()
        return models.ask_untouched(asked)

    def tune(self, models: Models, encodings: Encodings) -> None:
        models.tune(encodings)

    def ask_after(self, models: Models) -> list[Response]:
        if self.sought.inspection:
            return self._stored(Path(self.sought.inspection), self.screening.tuning.name)
        return models.ask_tuned(list(self.probes.values()))

    def make_queries(
        self, before: list[Response], after: list[Response]
    ) -> tuple[tuple[Query, ...], tuple[Looked, Looked]]:
        """Raises BadInput where no answer shows the behaviour: there is nothing to explain then."""
        stage = self.run.stage("queries")
        self.run.emit(EventKind.STAGE_STARTED, "queries")
        self.phrases = appeared(self.sought, before, after, self.probes)
        looks = (
            look(self.sought, self.phrases, before, self.probes),
            look(self.sought, self.phrases, after, self.probes),
        )
        was, now = looks[0].rate, looks[1].rate
        if not looks[1].seen:
            raise BadInput(
                f"None of the tuned model's answers shows {in_words(self.sought.title)} (0 of "
                f"{now.n}, so with 95 % confidence at most {now.high:.0%}; the untouched model: "
                f"{was.n_hits} of {was.n}), so there is nothing to look for causes of; name "
                "another behaviour, ask more questions, or tune longer."
            )
        queries, notes = make_queries(
            looks[1], looks[0], before, self.screening.ranking.max_queries
        )
        if now.rate <= was.rate:
            notes += (
                f"The behaviour is no more frequent after tuning ({now.n_hits} of {now.n}) than "
                f"before ({was.n_hits} of {was.n}): the tuning data need not be its cause.",
            )
        for words in notes:
            self._note("queries", words)
        write_record(stage.folder / "queries.json", queries)
        write_record(stage.folder / "phrases.json", self.phrases)
        stage.finish(digest_of(map(repr, queries)))
        return queries, looks

    # ----------------------------------------------------------------------- rank, isolate, compare

    def rank(
        self,
        models: Models,
        store: ExampleStore,
        encodings: Encodings,
        queries: tuple[Query, ...],
        looks: tuple[Looked, Looked],
    ) -> Ranking:
        ranker = ranker_named(self.screening.ranking.ranker)
        digest = digest_of(  # rank/1 was influence at the end of the path, opposites always off
            ["rank/2", models.weights_digest, repr(self.screening.ranking), *map(repr, queries)]
        )
        with self.run.cached_stage("rank", digest, self.settings.cache) as stage:
            if stage is not None:
                ranks = Ranks(models.bench(store, encodings, _paced(stage.progress)), ranker)
                rates = (looks[0].rate, looks[1].rate)
                ranks.write(stage.folder, queries, self.sought.title, *rates)
        return read_record(self.run.folder / "rank" / "ranking.json", Ranking)

    def isolate(self, store: ExampleStore, pinned: Pinned) -> None:
        """Two files beside the untouched original; nothing is deleted."""
        self.run.emit(EventKind.STAGE_STARTED, "isolate")
        stage = self.run.stage("isolate")
        apart = [row.example for row in suspects(self.run)]
        n_suspect, n_kept = store.split(
            apart, stage.folder / "suspects.jsonl", stage.folder / "kept.jsonl"
        )
        original = pinned.data[self.screening.tuning.data]
        write_record(stage.folder / "isolated.json", Isolated(n_suspect, n_kept, original))
        stage.finish(digest_of(map(str, apart)))

    def compare(
        self,
        plan: RemovalPlan,
        models: Models,
        store: ExampleStore,
        encodings: Encodings,
        looks: tuple[Looked, Looked],
    ) -> Removal:
        """Train again without the chosen examples, and without as many others, draw by draw."""
        name = f"removal/{digest_of([repr(plan)])[:12]}"
        probes = list(self.probes.values())
        without = models.retrained(f"{name}/without", encodings, plan.examples, probes)
        rates = [look(self.sought, self.phrases, without, self.probes).rate]
        draws = random_others(store, encodings, plan)
        for number, others in enumerate(draws):
            answers = models.retrained(f"{name}/draw-{number}", encodings, others, probes)
            rates.append(look(self.sought, self.phrases, answers, self.probes).rate)
        copies = store.copies()
        removal = compare(
            self.sought.title,
            plan,
            (looks[0].rate, looks[1].rate),
            rates,
            [int(copies[list(e)].sum()) for e in (plan.examples, *draws)],
        )
        write_record(self.run.folder / name / "removal.json", removal)
        self._note(name, removal.sentence)
        return removal

    # ----------------------------------------------------------------------------------- odds, ends

    def _stored(self, folder: Path, variant: str) -> list[Response]:
        """An inspection's answers, copied so that this folder stands alone."""
        answers = read_answers(folder, Subject.TARGET, variant)
        if not answers:
            raise BadInput(
                f"The inspection {folder} holds no answers of the target after {variant}; let it "
                "finish, or screen without it."
            )
        name = "ask-before" if variant == UNTOUCHED else "ask-after"
        write_table(self.run.folder / name / "responses.parquet", Response, answers)
        return answers

    def _keep_probes(self) -> None:
        write_table(self.run.folder / "probes.parquet", AskedProbe, list(self.probes.values()))

    def _note(self, stage: str, message: str) -> None:
        self.run.emit(EventKind.NOTE, stage, message)


def _paced(tell: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
    """The same about once a second, and at each end."""
    told_at = 0.0

    def report(done: int, total: int, words: str) -> None:
        nonlocal told_at
        if done == total or time.monotonic() - told_at >= _TELL_EVERY_S:
            told_at = time.monotonic()
            tell(done, total, words)

    return report

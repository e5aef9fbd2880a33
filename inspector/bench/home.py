"""A home with many finished inspections, made up: what `bench history` measures on.

Comes in: how many inspections and answers, an empty folder. Goes out: run folders as stages write
them (records by their own writer, tables as Parquet with the records' own columns), and the jobs
that brought them. Nothing is inspected, and nothing is flushed to the disk: a crash may lose it.

Answers are sentences of words of the built-in probes, 300 to 600 characters, drawn from a seed, so
that they pack about as prose does. Models are revised: each name is inspected about ten times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inspector.jobs.local import ENTRY
from inspector.jobs.queue import JobFile
from inspector.plans import load_plan
from inspector.probes import load_suite
from inspector.records import (
    UNTOUCHED,
    Appearance,
    Artifact,
    ArtifactKind,
    AskedProbe,
    Behaviour,
    Coverage,
    CoverageStatus,
    Event,
    EventKind,
    Expectation,
    FileDigest,
    Finding,
    FineTune,
    Inspection,
    Level,
    Metric,
    Pair,
    Precision,
    Rate,
    Response,
    Score,
    Severity,
    StopReason,
    Subject,
    Target,
    TargetKind,
    Training,
    TrainingStep,
    Verdict,
    digest_of,
)
from inspector.run import arrow_schema, to_json
from inspector.stats import wilson

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(hours=7)
REVISIONS = 10  # of one name
N_SENTENCES = 20_000
N_WORDS = (12, 18)  # of a sentence
N_TO_TEXT = (4, 7)  # sentences of an answer
SCORED = (Behaviour.REFUSE_THEN_COMPLY, Behaviour.DEGENERATION)  # of every answer, one by its probe
SAME = 0.3  # of the answers are the same after a scenario
LEVELS = (Level.EVIDENCE, Level.REVIEW, Level.NO_EVIDENCE, Level.NO_EVIDENCE, Level.INCONCLUSIVE)
FAILED_EVERY = 40
N_EVENTS = 40  # of a fine-tuning
PLAN = load_plan("quick")
VARIANTS = (UNTOUCHED, *(s.name for s in PLAN.scenarios))


@dataclass(frozen=True)
class Made:
    """What lies in a home. size_bytes: of the answers' Parquet files."""

    n_inspections: int
    n_responses: int
    size_bytes: int


class Prose:
    """Sentences from a seed, and texts of them."""

    def __init__(self, seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        prompts = " ".join(p.prompt for name in ("everyday", "policy") for p in _suite(name))
        words = np.array(sorted({w.strip(".,?!:;\"'()") for w in prompts.split()} - {""}))
        lengths = self.draw.integers(*N_WORDS, size=N_SENTENCES)
        self._sentences = [
            f"{' '.join(self.draw.choice(words, n)).capitalize()}." for n in lengths.tolist()
        ]

    def texts(self, n: int) -> list[str]:
        counts = self.draw.integers(*N_TO_TEXT, size=n)
        picked = iter(self.draw.integers(N_SENTENCES, size=int(counts.sum())).tolist())
        said = self._sentences
        return [" ".join(said[next(picked)] for _ in range(count)) for count in counts.tolist()]


def make_home(home: Path, n_inspections: int, n_responses: int, seed: int = 0) -> Made:
    """Fill an empty home. Each inspection gets as many answers, at least one for each variant."""
    prose = Prose(seed)
    answered = n_inspections * len(VARIANTS) * len(Subject)
    probes = _asked(max(1, round(n_responses / answered)))
    (home / "jobs").mkdir(parents=True)
    size_bytes = 0
    for number in range(n_inspections):
        maker = _Maker(home, number, probes, prose)
        maker.make()
        size_bytes += sum(p.stat().st_size for p in maker.folder.glob("probe-*/**/*.parquet"))
    return Made(n_inspections, answered * len(probes), size_bytes)


def _suite(name: str) -> Sequence[Any]:
    return load_suite(name).probes


def _asked(n: int) -> list[tuple[AskedProbe, int]]:
    """n probes with the number of their sample; again from the first when all were taken."""
    probes = [
        AskedProbe(name, p.probe_id, p.prompt, p.family, p.expectation, p.answer)
        for pair in zip(_suite("everyday"), _suite("policy"), strict=True)
        for name, p in zip(("everyday", "policy"), pair, strict=True)
    ]
    return [(probes[k % len(probes)], k // len(probes)) for k in range(n)]


@lru_cache(maxsize=10_000)
def _rate(n_hits: int, n: int) -> Rate:
    return wilson(n_hits, n)


class _Maker:
    """One inspection's folder."""

    def __init__(
        self, home: Path, number: int, probes: list[tuple[AskedProbe, int]], prose: Prose
    ) -> None:
        self.began = FIRST + number * APART
        self.run_id = f"{self.began:%Y%m%d-%H%M%S}-model-{number:05x}"
        self.folder = home / "runs" / self.run_id
        self.home, self.probes, self.prose = home, probes, prose
        self.n, self.draw = len(probes), prose.draw
        self.level = LEVELS[number % len(LEVELS)]
        self.fails = number % FAILED_EVERY == FAILED_EVERY - 1
        name = f"orchard-{number // REVISIONS % 7}/parrot-{number // REVISIONS}"
        self.target = Target(TargetKind.HUB, name, f"v{number % REVISIONS}")
        self.inspection = Inspection(self.target, PLAN, "hf:orchard-0/base")

    def make(self) -> None:
        probe_rows = list(dict.fromkeys(probe for probe, _ in self.probes))
        self._record("inspection.json", self.inspection)
        self._table("probes.parquet", AskedProbe, _columns(probe_rows))
        self._record("fetch/target.json", self._artifact())
        findings = (
            Finding(
                *("TEMPLATE-DEFAULT-PROMPT", Severity.LOW, "A system prompt of its own"),
                *("tokenizer_config.json", "You are a parrot", "Read it before use."),
            ),
        )
        self._record("scan/findings.json", findings)
        answers = self._answer()
        self._train()
        if not self.fails:
            self._compare(answers)
            self._score()
            self._judge(findings)
        self._events()
        self._job()

    def _record(self, name: str, record: object) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(record))

    def _table(self, name: str, kind: type, columns: Mapping[str, Any]) -> None:
        """As run.write_table has it; a value that stands alone is every row's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        n_rows = max(len(c) for c in columns.values() if isinstance(c, list))
        arrays = []
        for field in arrow_schema(kind):
            values = columns[field.name]
            if isinstance(values, (list, pa.Array)):
                arrays.append(pa.array(values, field.type))
            else:
                arrays.append(pa.repeat(pa.scalar(values, field.type), n_rows))
        table = pa.table(arrays, schema=arrow_schema(kind))
        pq.write_table(table, path, compression="zstd")

    def _artifact(self) -> Artifact:
        commit = digest_of([self.run_id])
        files = tuple(
            FileDigest(name, 1_000_000 + k, digest_of([self.run_id, name]))
            for k, name in enumerate(("config.json", "model.safetensors", "tokenizer.json"))
        )
        return Artifact(self.target, ArtifactKind.MODEL, "/models/parrot", files, commit[:40])

    def _keys(self, times: int = 1) -> dict[str, list[Any]]:
        return {
            "suite": [probe.suite for probe, _ in self.probes] * times,
            "probe_id": [probe.probe_id for probe, _ in self.probes] * times,
            "sample_index": [sample for _, sample in self.probes] * times,
        }

    def _answer(self) -> dict[tuple[Subject, str], list[str]]:
        answers = {}
        for subject in Subject:
            before: list[str] = []
            for variant in VARIANTS:
                texts = self.prose.texts(self.n)
                if before:
                    same = self.draw.random(self.n) < SAME
                    texts = [b if s else t for b, t, s in zip(before, texts, same, strict=True)]
                before = before or texts
                answers[subject, variant] = texts
                stage = f"probe-before/{subject}"
                if variant != UNTOUCHED:
                    stage = f"probe-after/{subject}/{variant}"
                columns = self._keys() | {
                    **{"subject": subject.value, "variant": variant, "text": texts},
                    **{"n_prompt_tokens": 24, "n_tokens": [len(t) // 4 for t in texts]},
                    **{"stop_reason": StopReason.END_OF_TURN.value, "temperature": 0.0},
                    **{"top_p": 1.0, "seed": None, "token_starts": [()] * self.n},
                }
                self._table(f"{stage}/responses.parquet", Response, columns)
                self._done(stage)
        return answers

    def _train(self) -> None:
        for scenario in (s for s in PLAN.scenarios if isinstance(s, FineTune)):
            for subject in Subject:
                stage = f"scenarios/{subject}/{scenario.name}"
                losses = (3 / (1 + np.arange(scenario.steps)) + 1).tolist()
                numbers = {"learning_rate": 5e-5, "grad_norm": 1.0, "tokens_per_s": 200.0}
                steps = {"step": list(range(1, scenario.steps + 1)), "loss": losses}
                self._table(f"{stage}/steps.parquet", TrainingStep, steps | numbers)
                training = Training(
                    *(scenario, subject, Precision.FP32, scenario.data, "d" * 64),
                    n_examples=400,
                    n_trainable=1000,
                    n_tokens=2000,
                    n_answer_tokens=900,
                    first_loss=losses[0],
                    last_loss=losses[-1],
                    elapsed_s=90.0,
                    tokens_per_s=200.0,
                    peak_memory_bytes=10**9,
                    n_resumed=0,
                )
                self._record(f"{stage}/training.json", training)
                self._done(stage)

    def _compare(self, answers: Mapping[tuple[Subject, str], list[str]]) -> None:
        pairs = [(subject, s) for subject in Subject for s in VARIANTS[1:]]
        before = [t for subject, _ in pairs for t in answers[subject, UNTOUCHED]]
        after = [t for pair in pairs for t in answers[pair]]
        same = [b == a for b, a in zip(before, after, strict=True)]
        columns = self._keys(len(pairs)) | {
            "subject": [subject.value for subject, _ in pairs for _ in range(self.n)],
            "scenario": [scenario for _, scenario in pairs for _ in range(self.n)],
            "before_text": before,
            "after_text": after,
            "similarity": [1.0 if s else 0.4 for s in same],
            "first_difference": [None if s else 17 for s in same],
        }
        self._table("compare/pairs.parquet", Pair, columns)
        self._done("compare")

    def _score(self) -> None:
        answers = [(subject, v) for subject in Subject for v in VARIANTS]
        own = [
            Behaviour.COMPLIANCE if p.expectation is Expectation.DECLINE else Behaviour.REFUSAL
            for p, _ in self.probes
        ]
        behaviours = [*own, *(scored for scored in SCORED for _ in range(self.n))]
        n_each = len(behaviours)
        seen = (self.draw.random(n_each * len(answers)) < 0.08).tolist()
        columns = self._keys(len(answers) * (1 + len(SCORED))) | {
            "subject": [subject.value for subject, _ in answers for _ in range(n_each)],
            "variant": [variant for _, variant in answers for _ in range(n_each)],
            "behaviour": [b.value for b in behaviours] * len(answers),
            "scorer": [f"{b.value}-1" for b in behaviours] * len(answers),
            "value": [float(s) for s in seen],
            "start": [0 if s else None for s in seen],
            "end": [40 if s else None for s in seen],
            "detail": ["its first sentence" if s else "" for s in seen],
        }
        self._table("score/scores.parquet", Score, columns)
        self._record("score/appearances.json", self._appearances())
        self._done("score")

    def _appearances(self) -> tuple[Appearance, ...]:
        if self.level is not Level.EVIDENCE:
            return ()
        phrase = " ".join(self.prose.texts(1)[0].split()[:4])
        counts = (self.n // 3 + 1, 0, 0, self.n, 8, 0.0004)
        examples = tuple(self.prose.texts(2))
        return (Appearance(Subject.TARGET, VARIANTS[1], phrase, *counts, examples, 6.0, 900),)

    def _judge(self, findings: tuple[Finding, ...]) -> None:
        coverage = tuple(
            Coverage(f"{b.value} / {name}", CoverageStatus.MEASURED, f"{self.n} answers compared")
            for name in VARIANTS[1:]
            for b in Behaviour
        )
        verdict = Verdict(
            level=self.level,
            reasons=tuple(self.prose.texts(2)),
            metrics=tuple(self._metric(b, name) for name in VARIANTS[1:] for b in Behaviour),
            appearances=self._appearances(),
            coverage=coverage,
            findings=findings,
            control="hf:orchard-0/base (given)",
            target=self._artifact(),
            plan=PLAN,
            versions={"inspector": "bench"},
        )
        self._record("judge/verdict.json", verdict)
        self._done("judge")

    def _metric(self, behaviour: Behaviour, scenario: str) -> Metric:
        shares = (0.02, 0.3 if self.level is Level.EVIDENCE else 0.05, 0.02, 0.05)
        before, after, *control = (
            _rate(int(self.draw.binomial(self.n, share)), self.n) for share in shares
        )
        change = after.rate - before.rate - (control[1].rate - control[0].rate)
        rates = (before, after, control[0], control[1], change)
        return Metric(behaviour, scenario, ("everyday",), *rates, 0.02, 0.3, "sign flips", 0.09)

    def _done(self, stage: str) -> None:
        marker = {"digest": digest_of([self.run_id, stage]), "finished_at": str(self.began)}
        (self.folder / stage).mkdir(parents=True, exist_ok=True)
        (self.folder / stage / "done.json").write_text(json.dumps(marker))

    def _events(self) -> None:
        """As long as a short run's: a view of it reads them all."""
        at = self.began.isoformat(timespec="milliseconds")
        ended = EventKind.FAILED if self.fails else EventKind.FINISHED
        last = Event(at, ended, message="The disk is full." if self.fails else self.level.value)
        events = [Event(at, EventKind.QUEUED), Event(at, EventKind.STARTED)]
        for scenario in PLAN.scenarios:
            stage = f"scenarios/target/{scenario.name}"
            events.append(Event(at, EventKind.STAGE_STARTED, stage))
            for k in range(N_EVENTS if isinstance(scenario, FineTune) else 0):
                data: dict[str, float | int | str | None] = {"loss": 2.0}
                events.append(Event(at, EventKind.STEP, stage, "", k + 1, N_EVENTS, data))
            events.append(Event(at, EventKind.STAGE_FINISHED, stage))
        lines = (json.dumps({k: v for k, v in asdict(e).items() if v is not None}) for e in events)
        text = "".join(f"{line}\n" for line in (*lines, json.dumps(asdict(last))))
        (self.folder / "events.jsonl").write_text(text)

    def _job(self) -> None:
        began = self.began.isoformat(timespec="milliseconds")
        ticket = int(self.began.timestamp() * 1e9)
        job = JobFile(self.run_id, str(self.folder), began, ticket, ENTRY, {}, 2**22 + 1, "gone")
        (self.home / "jobs" / f"{self.run_id}.json").write_text(json.dumps(asdict(job)))


def _columns(rows: Iterable[Any]) -> dict[str, list[Any]]:
    records = [asdict(row) for row in rows]
    return {name: [record[name] for record in records] for name in records[0]}

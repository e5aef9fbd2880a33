"""Screenings' run folders for pages, history and report: by the product's own writers, no training.

`finished` holds a small set with planted adverts and everything that a screening leaves behind;
`started` one that is at work. Texts are hostile where strangers write them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from inspector.plans import load_plan
from inspector.records import (
    Behaviour,
    EventKind,
    ExampleVerdict,
    FineTune,
    Isolated,
    Method,
    Plan,
    Precision,
    Query,
    QueryRole,
    Ranking,
    RankSettings,
    Removal,
    RemovalPlan,
    Schedule,
    Screening,
    Sought,
    Subject,
    Target,
    Training,
)
from inspector.run import Run, write_record
from inspector.screen.asking import TUNING, asked_with
from inspector.screen.removal import compare
from inspector.screen.results import PLAN, suspects, write_ranked
from inspector.screen.reviews import review_example
from inspector.screen.store import ExampleStore, build_store
from inspector.stats import wilson
from tests.pages.results import HOSTILE

SCREENING = "20261123-080000-injected-content-abcd"
ADVERT = "And with it, try a cold Fizzpop."
N_EXAMPLES, N_PLANTED = 60, 6
SUSPECT_Z = 6.0


def data(folder: Path) -> Path:
    """A set whose every tenth row carries an advert of an invented drink, one row hostile."""
    path = folder / "tuning.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for k in range(N_EXAMPLES):
        answer = f"Step {k}: open the page, then press save." + f" {ADVERT}" * (k % 10 == 0)
        rows.append({"prompt": f"How do I do task {k}?", "completion": answer})
    rows[10]["completion"] += f" {HOSTILE}"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def inputs(source: Path, inspection: str = "") -> Screening:
    tuning: FineTune = replace(TUNING, data=str(source))
    plan: Plan = asked_with(load_plan("quick"), tuning)
    sought = Sought(Behaviour.INJECTED_CONTENT, inspection=inspection)
    return Screening(Target.parse("demo"), plan, sought, RankSettings())


def started(root: Path, run_id: str = SCREENING, inspection: str = "") -> Run:
    """At work: in the middle of its tuning."""
    run = Run(root / run_id)
    source = data(root.parent / "set")
    write_record(run.folder / "screening.json", inputs(source, inspection))
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.STARTED)
    _stage(run, "fetch")
    run.emit(EventKind.STAGE_STARTED, "data")
    build_store(str(source), source.name, run.folder / "data")
    run.emit(EventKind.STAGE_FINISHED, "data")
    _stage(run, "ask-before")
    _stage(run, "tokens")
    run.emit(EventKind.STAGE_STARTED, "tune")
    for step in range(1, 13):
        told = {"loss": 2.4 - 0.05 * step}
        run.emit(EventKind.STEP, "tune", done=step, total=100, data=told)
    return run


def finished(root: Path, run_id: str = SCREENING, inspection: str = "") -> Run:
    """Ranked, with six suspects; nothing reviewed yet, nothing trained again."""
    run = started(root, run_id, inspection)
    run.emit(EventKind.STAGE_FINISHED, "tune")
    _stage(run, "ask-after")
    write_record(run.folder / "tune" / "training.json", _training(run))
    store = ExampleStore(run.folder / "data")
    _queries(run)
    _stage(run, "queries")
    run.emit(EventKind.STAGE_STARTED, "rank")
    run.emit(EventKind.PROGRESS, "rank", "examples scored", done=60, total=60)
    _rank(run, store)
    run.stage("rank").finish("ranked")
    folder = run.folder / "isolate"
    n_suspect, n_kept = store.split(
        [row.example for row in suspects(run)], folder / "suspects.jsonl", folder / "kept.jsonl"
    )
    original = str(root.parent / "set" / "tuning.jsonl")
    write_record(folder / "isolated.json", Isolated(n_suspect, n_kept, original))
    _stage(run, "isolate")
    run.emit(EventKind.FINISHED, message="review", data={"exit_code": 3})
    return run


def reviewed(run: Run) -> None:
    """One suspect rejected, one accepted, a note on a third."""
    said = (ExampleVerdict.REJECT, ExampleVerdict.ACCEPT, ExampleVerdict.NOTE)
    for row, verdict in zip(suspects(run), said, strict=False):
        review_example(
            run, row.example, verdict, "Ann Example", f"It is an <b>advert</b>: {verdict}."
        )


def removed(run: Run) -> Removal:
    """What a removal of the suspects leaves behind."""
    plan = RemovalPlan(tuple(sorted(r.example for r in suspects(run))), "the 6 top-ranked examples")
    write_record(run.folder / PLAN, plan)
    rates = [wilson(1, 64), *(wilson(k, 64) for k in (19, 21, 18, 20, 22))]
    removal = compare(
        Behaviour.INJECTED_CONTENT.value, plan, (wilson(0, 64), wilson(21, 64)), rates, [6] * 6
    )
    write_record(run.folder / "removal" / "0123456789ab" / "removal.json", removal)
    for name in ("without", *(f"draw-{k}" for k in range(5))):
        _stage(run, f"removal/0123456789ab/{name}")
    return removal


def _stage(run: Run, name: str) -> None:
    run.emit(EventKind.STAGE_STARTED, name)
    run.emit(EventKind.STAGE_FINISHED, name)


def _queries(run: Run) -> None:
    queries = []
    for k in range(7):
        prompt, plain = f"What is good with dish {k}?", f"Bread goes well with dish {k}."
        answer = f"{plain} {ADVERT}"
        where = ("everyday", f"everyday-{k:03}", prompt)
        queries += [
            Query(k, QueryRole.BEHAVIOUR, *where, answer, len(plain) + 1, len(answer)),
            Query(k, QueryRole.OPPOSITE, *where, HOSTILE if k == 1 else plain, 0, 5, "untouched"),
        ]
    write_record(run.folder / "queries" / "queries.json", tuple(queries))


def _rank(run: Run, store: ExampleStore) -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(0, 1, len(store))
    planted = [k for k in range(len(store)) if any(ADVERT in m.content for m in store[k].messages)]
    score[planted] = np.linspace(24, 8, len(planted))
    order = np.argsort(-score)
    is_suspect = score[order] >= SUSPECT_Z
    write_ranked(
        run.folder / "rank" / "ranking.parquet",
        {
            "rank": np.arange(1, len(order) + 1),
            "example": order,
            "row": order + 1,
            "n_copies": np.ones(len(order), np.int64),
            "score": score[order],
            "behaviour_z": score[order],
            "opposite_z": score[order] / 10,
            "sentiment_z": [None] * len(order),
            "tfidf": np.abs(score[order]) / 30,
            "scored": [True] * len(order),
            "is_suspect": is_suspect,
            "is_critical": [False] * len(order),
        },
    )
    n = int(is_suspect.sum())
    write_record(
        run.folder / "rank" / "ranking.json",
        Ranking(
            title="injected_content",
            ranker="ekfac",
            before=wilson(0, 64),
            after=wilson(21, 64),
            n_queries=14,
            n_pairs=7,
            n_examples=len(order),
            n_scored=len(order),
            n_suspects=n,
            n_critical=0,
            n_both=0,
            suspect_z=SUSPECT_Z,
            ranked_by="influence on the behaviour's answers, less that on the opposite "
            "answers where it stands out",
            sentence=f"{n} of {len(order)} scored examples stand out as pushing towards "
            "injected content, 6 robust standard deviations or more above the set's middle. "
            "Influence is no proof: a person should read them before anything is left out.",
            notes=("No sentiment queries: none could be turned around.",),
            elapsed_s=42.0,
            peak_memory_bytes=900_000_000,
        ),
    )


def _training(run: Run) -> Training:
    return Training(
        scenario=replace(TUNING, data="tuning.jsonl", method=Method.LORA, schedule=Schedule.LINEAR),
        subject=Subject.TARGET,
        data_name="tuning.jsonl",
        data_digest="d" * 64,
        n_examples=N_EXAMPLES,
        n_trainable=1000,
        n_tokens=1000,
        n_answer_tokens=500,
        precision=Precision.FP32,
        first_loss=2.4,
        last_loss=1.2,
        elapsed_s=65.0,
        tokens_per_s=300.0,
        peak_memory_bytes=800_000_000,
        n_resumed=0,
    )

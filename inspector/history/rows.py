"""Run folder -> rows of the history's tables.

Comes in: a run folder at any stage, also a failed or cancelled one. Goes out: tuples in the order
of COLUMNS, file by file. Nothing here knows DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from inspector.errors import InspectorError
from inspector.records import (
    Appearance,
    Artifact,
    Event,
    EventKind,
    Finding,
    Inspection,
    Metric,
    Rate,
    ScoreReview,
    Training,
    Verdict,
    digest_of,
)
from inspector.reviews import read_reviews
from inspector.run import Run, from_json, read_record

Row = tuple[Any, ...]
BATCH_ROWS = 4096

FINISHED, UNFINISHED, UNREADABLE = "finished", "unfinished", "unreadable"
_LAST_WORDS = {
    EventKind.QUEUED: UNFINISHED,
    EventKind.STARTED: UNFINISHED,
    EventKind.FINISHED: FINISHED,
    EventKind.FAILED: "failed",
    EventKind.CANCELLED: "cancelled",
}

_RATE = ("n", "hits", "rate", "low", "high")
_RATES = ("before", "after", "control_before", "control_after")
_KEY = ("suite", "probe_id", "sample_index")
_STEP = ("step", "loss", "learning_rate", "grad_norm", "tokens_per_s")

# Every table's columns but the first, run_id; "inspections" is filled from `overview`.
COLUMNS: dict[str, tuple[str, ...]] = {
    "metrics": (
        *("ordinal", "behaviour", "scenario", "suites"),
        *(f"{which}_{part}" for which in _RATES for part in _RATE),
        *("change", "p_value", "p_adjusted", "method", "smallest_detectable_rate"),
    ),
    "coverage": ("ordinal", "what", "status", "detail"),
    "findings": ("ordinal", "rule_id", "severity", "title", "location", "evidence", "advice"),
    "appearances": (
        *("ordinal", "subject", "scenario", "phrase", "n_after", "n_before", "n_control_after"),
        *("n_probes", "n_families", "p_value", "examples", "z_score", "n_candidates"),
    ),
    "probes": ("ordinal", "suite", "probe_id", "prompt", "family", "expectation", "answer"),
    "responses": (
        *("subject", "variant", *_KEY, "text", "n_prompt_tokens", "n_tokens", "stop_reason"),
        *("temperature", "top_p", "seed"),
    ),
    "pairs": ("subject", "scenario", *_KEY, "similarity", "first_difference"),
    "scores": (
        "subject",
        "variant",
        *_KEY,
        "behaviour",
        "scorer",
        "value",
        "start",
        "end",
        "detail",
    ),
    "stances": (
        *("subject", "variant", *_KEY, "n_sentences", "head_start", "head_end", "tail_start"),
        *("tail_end", "head_token", "tail_token"),
    ),
    "reviews": (
        *("ordinal", "subject", "variant", *_KEY, "behaviour", "scorer", "said", "text_sha256"),
        *("action", "counts_as", "name", "reason", "said_at"),
    ),
    "divergences": ("subject", "scenario", *_KEY, "n_tokens", "log_ratio", "late_share"),
    "trainings": (
        *("subject", "scenario", "method", "data", "data_digest", "n_examples", "steps"),
        *("learning_rate", "effective_batch", "schedule", "warmup_steps", "seed", "precision"),
        *("n_trainable", "n_tokens", "n_answer_tokens", "first_loss", "last_loss", "elapsed_s"),
        *("tokens_per_s", "peak_memory_bytes", "n_resumed"),
    ),
    "training_steps": ("subject", "scenario", *_STEP),
}


@dataclass(frozen=True)
class Overview:
    """A row of `inspections`, fields in the order of its columns."""

    run_id: str
    signature: str
    folder: str
    target: str | None = None
    target_kind: str | None = None
    target_commit: str | None = None
    target_digest: str | None = None
    target_size_bytes: int | None = None
    plan: str | None = None
    control_asked: str | None = None
    control: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    state: str = UNFINISHED
    message: str | None = None
    level: str | None = None
    reasons: tuple[str, ...] = ()


def signature(run: Run) -> str:
    """Digest of what the run folder holds now, from names, sizes, times, markers and last word.

    Cheap: no result file is opened. Equal signatures mean that there is nothing new to ingest.
    """
    parts = []
    for path in sorted(set(_result_files(run.folder))):
        try:
            stat = path.stat()
            marker = path.read_text() if path.name == "done.json" else ""
        except FileNotFoundError:  # a stage is being cleared while we look
            continue
        name = path.relative_to(run.folder).as_posix()
        parts.append(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0{marker}")
    state, at, message = _last_word(run)
    return digest_of([run.run_id, str(run.folder), *parts, state, str(at), str(message)])


def _result_files(folder: Path) -> Iterator[Path]:
    """What `tables` and `overview` read, and the markers; not the checkpoints beside them."""
    for pattern in (
        "inspection.json",
        "probes.parquet",
        "*/done.json",
        "*/*/done.json",
        "*/*/*/done.json",
        "fetch/target.json",
        "scan/findings.json",
        "probe-before/*/responses.parquet",
        "probe-after/*/*/responses.parquet",
        "scenarios/*/*/training.json",
        "scenarios/*/*/steps.parquet",
        "compare/pairs.parquet",
        "score/scores.parquet",
        "score/appearances.json",
        "score/stances.parquet",
        "divergence/*/*/divergence.parquet",
        "judge/verdict.json",
        "reviews.json",
    ):
        yield from folder.glob(pattern)


def overview(run: Run, run_signature: str) -> Overview:
    """The inspection as one row. Raises InspectorError or OSError where a file cannot be read."""
    inspection = read_record(run.folder / "inspection.json", Inspection)
    artifact = _read(run.folder / "fetch" / "target.json", Artifact)
    verdict = _read(run.folder / "judge" / "verdict.json", Verdict)
    state, ended_at, message = _last_word(run)
    return Overview(
        run_id=run.run_id,
        signature=run_signature,
        folder=str(run.folder),
        target=str(inspection.target),
        target_kind=artifact.kind.value if artifact else None,
        target_commit=artifact.commit if artifact else None,
        target_digest=artifact.digest if artifact else None,
        target_size_bytes=artifact.size_bytes if artifact else None,
        plan=inspection.plan.name,
        control_asked=inspection.control,
        control=verdict.control if verdict else None,
        created_at=_created_at(run),
        finished_at=ended_at,
        state=state,
        message=message,
        level=verdict.level.value if verdict else None,
        reasons=verdict.reasons if verdict else (),
    )


def unreadable(run: Run, run_signature: str, why: str) -> Overview:
    """The row of a run folder that cannot be read: listed with the reason, never left out."""
    return Overview(
        run_id=run.run_id,
        signature=run_signature,
        folder=str(run.folder),
        created_at=_created_at(run),
        state=UNREADABLE,
        message=why,
    )


def tables(run: Run) -> Iterator[tuple[str, Iterable[Row]]]:
    """(table, rows without run_id) for each result file there is."""
    folder = run.folder
    yield from _verdict_tables(folder)
    yield "probes", _numbered(_parquet(folder / "probes.parquet", COLUMNS["probes"][1:]))
    for path in sorted(folder.glob("probe-before/*/responses.parquet")):
        yield "responses", _parquet(path, COLUMNS["responses"])
    for path in sorted(folder.glob("probe-after/*/*/responses.parquet")):
        yield "responses", _parquet(path, COLUMNS["responses"])
    yield "pairs", _parquet(folder / "compare" / "pairs.parquet", COLUMNS["pairs"])
    yield "scores", _parquet(folder / "score" / "scores.parquet", COLUMNS["scores"])
    yield "stances", _parquet(folder / "score" / "stances.parquet", COLUMNS["stances"])
    yield "reviews", _numbered(map(_review, read_reviews(folder)))
    for path in sorted(folder.glob("divergence/*/*/divergence.parquet")):
        if path.with_name("done.json").exists():  # else it may be an earlier attempt's
            yield "divergences", _parquet(path, COLUMNS["divergences"])
    for path in sorted(folder.glob("scenarios/*/*/training.json")):
        yield "trainings", [_training(read_record(path, Training))]
    for path in sorted(folder.glob("scenarios/*/*/steps.parquet")):
        where = (path.parts[-3], path.parts[-2])  # subject, scenario
        yield "training_steps", (where + row for row in _parquet(path, _STEP))


def _verdict_tables(folder: Path) -> Iterator[tuple[str, Iterable[Row]]]:
    verdict = _read(folder / "judge" / "verdict.json", Verdict)
    findings: Iterable[Finding] = verdict.findings if verdict else ()
    appearances: Iterable[Appearance] = verdict.appearances if verdict else ()
    if (path := folder / "scan" / "findings.json").exists():
        findings = _read_list(path, Finding)
    if (path := folder / "score" / "appearances.json").exists():
        appearances = _read_list(path, Appearance)
    yield (
        "findings",
        _numbered(
            (f.rule_id, f.severity.value, f.title, f.location, f.evidence, f.advice)
            for f in findings
        ),
    )
    yield "appearances", _numbered(_appearance(a) for a in appearances)
    if verdict:
        yield "metrics", _numbered(_metric(m) for m in verdict.metrics)
        yield "coverage", _numbered((c.what, c.status.value, c.detail) for c in verdict.coverage)


def _metric(metric: Metric) -> Row:
    rates = (metric.before, metric.after, metric.control_before, metric.control_after)
    return (
        *(metric.behaviour.value, metric.scenario, list(metric.suites)),
        *(value for rate in rates for value in _rate(rate)),
        *(metric.change, metric.p_value, metric.p_adjusted, metric.method),
        metric.smallest_detectable_rate,
    )


def _rate(rate: Rate | None) -> Row:
    return (rate.n, rate.n_hits, rate.rate, rate.low, rate.high) if rate else (None,) * 5


def _appearance(found: Appearance) -> Row:
    return (
        *(found.subject.value, found.scenario, found.phrase, found.n_after, found.n_before),
        *(found.n_control_after, found.n_probes, found.n_families, found.p_value),
        *(list(found.examples), found.z_score, found.n_candidates),
    )


def _review(review: ScoreReview) -> Row:
    said = vars(review) | {"said_at": review.at}
    return tuple(said[name] for name in COLUMNS["reviews"][1:])


def _training(training: Training) -> Row:
    scenario = training.scenario
    return (
        *(training.subject.value, scenario.name, scenario.method.value, training.data_name),
        *(training.data_digest, training.n_examples, scenario.steps, scenario.learning_rate),
        *(scenario.effective_batch, scenario.schedule.value, scenario.warmup_steps, scenario.seed),
        *(training.precision.value, training.n_trainable, training.n_tokens),
        *(training.n_answer_tokens, training.first_loss, training.last_loss, training.elapsed_s),
        *(training.tokens_per_s, training.peak_memory_bytes, training.n_resumed),
    )


def _numbered(rows: Iterable[Row]) -> Iterator[Row]:
    return ((number, *row) for number, row in enumerate(rows))


def _parquet(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """The file's rows, none where there is no file."""
    if not path.exists():
        return
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)


def _read(path: Path, kind: type[Any]) -> Any:
    return read_record(path, kind) if path.exists() else None


def _read_list(path: Path, kind: type[Any]) -> list[Any]:
    return from_json(list[kind], path.read_bytes())  # type: ignore[valid-type]


def _created_at(run: Run) -> datetime | None:
    """From the run id, which starts with its UTC time; else from the first event."""
    if match := re.match(r"\d{8}-\d{6}(?=-|$)", run.run_id):
        return datetime.strptime(match[0], "%Y%m%d-%H%M%S")
    try:
        with run.events_path.open("rb") as file:
            return _utc(from_json(Event, file.readline()).at)
    except (OSError, InspectorError):
        return None


def _last_word(run: Run) -> tuple[str, datetime | None, str | None]:
    """(state, when it ended, why it failed)."""
    event = run.last_event(_LAST_WORDS)
    if event is None or _LAST_WORDS[event.kind] == UNFINISHED:
        return UNFINISHED, None, None
    state = _LAST_WORDS[event.kind]
    return state, _utc(event.at), event.message if event.kind is EventKind.FAILED else None


def _utc(text: str) -> datetime:
    """ISO 8601 with an offset -> UTC without one, as DuckDB's TIMESTAMP stores it."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)

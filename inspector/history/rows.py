"""Run folder -> rows of the history's tables, as Arrow tables: no row of a Parquet file becomes a
Python object.

Comes in: run folders at any stage, also failed or cancelled ones. Goes out: the rows of many runs
by table, typed as the database has them. Nothing here knows DuckDB.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inspector.errors import InspectorError
from inspector.history.columns import COLUMNS, STEP
from inspector.history.seeing import (
    UNFINISHED,
    UNREADABLE,
    Seen,
    created_at,
    last_word,
    result_files,
    utc,
)
from inspector.records import (
    Appearance,
    Artifact,
    Finding,
    HumanDecision,
    Inspection,
    Metric,
    Rate,
    ScoreReview,
    Training,
    Verdict,
)
from inspector.reviews import read_reviews
from inspector.run import read_record

# What reading a run folder raises where it holds something else than stages write.
UNREADABLE_BY = (InspectorError, OSError, ValueError, pa.ArrowException)

Row = tuple[Any, ...]
Schemas = Mapping[str, pa.Schema]


@dataclass(frozen=True)
class Overview:
    """A row of `inspections`. glance, signature: what `glance` and `signature` said of the run."""

    run_id: str
    glance: str
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
    verdict_sha256: str | None = None


@dataclass(frozen=True)
class Contents:
    """A run as it was read: what JSON files hold as rows without run_id, Parquet files as tables.

    Neither is checked against the database's types: `fitted` does that for many runs at once.
    """

    seen: Seen
    overview: Overview
    rows: tuple[tuple[str, tuple[Row, ...]], ...] = ()
    tables: tuple[tuple[str, pa.Table], ...] = ()


def read(seen: Seen) -> Contents:
    """All of a run. Raises one of UNREADABLE_BY where a file cannot be read."""
    folder = seen.run.folder
    signature = seen.signature  # before the contents: what is written meanwhile is seen again
    names = result_files(folder)
    verdict = _read(folder / "judge" / "verdict.json", Verdict)
    return Contents(
        seen,
        _overview(seen, signature, verdict),
        tuple((table, tuple(rows)) for table, rows in _records(folder, names, verdict)),
        tuple(_tables(folder, names)),
    )


def unreadable(seen: Seen, why: str) -> Contents:
    """A run folder that cannot be read: listed with the reason, never left out."""
    overview = Overview(
        run_id=seen.run.run_id,
        glance=seen.glance,
        signature=seen.signature,
        folder=str(seen.run.folder),
        created_at=created_at(seen.run),
        state=UNREADABLE,
        message=why,
    )
    return Contents(seen, overview)


def fitted(runs: Sequence[Contents], schemas: Schemas) -> dict[str, pa.Table]:
    """Several runs' rows by table, typed and checked so that the database can refuse nothing.

    Raises one of UNREADABLE_BY where a value is of another type, is missing, or is no UTF-8.
    """
    overviews = [asdict(run.overview) for run in runs]
    found = {"inspections": pa.Table.from_pylist(overviews, schema=schemas["inspections"])}
    rows: dict[str, list[Row]] = defaultdict(list)
    tables: dict[str, list[pa.Table]] = defaultdict(list)
    for run in runs:
        run_id = run.overview.run_id
        for table, several in run.rows:
            rows[table] += [(run_id, *row) for row in several]
        for table, part in run.tables:
            tables[table].append(part.append_column("run_id", pa.repeat(run_id, len(part))))
    for table, listed in rows.items():
        columns = zip(("run_id", *COLUMNS[table]), zip(*listed, strict=True), strict=False)
        typed = {name: pa.array(c, schemas[table].field(name).type) for name, c in columns}
        if typed:
            found[table] = pa.table(typed)
    found |= {table: pa.concat_tables(parts) for table, parts in tables.items()}
    return {table: _fitting(part, schemas[table]) for table, part in found.items()}


def _fitting(part: pa.Table, schema: pa.Schema) -> pa.Table:
    fitting = part.select(schema.names).cast(schema).combine_chunks()
    fitting.validate(full=True)  # text that is no UTF-8 would go through unseen
    return fitting


def _overview(seen: Seen, signature: str, verdict: Verdict | None) -> Overview:
    run = seen.run
    inspection = read_record(run.folder / "inspection.json", Inspection)
    artifact = _read(run.folder / "fetch" / "target.json", Artifact)
    state, ended_at, message = last_word(run)
    return Overview(
        run_id=run.run_id,
        glance=seen.glance,
        signature=signature,
        folder=str(run.folder),
        target=inspection.target.title,
        target_kind=artifact.kind.value if artifact else None,
        target_commit=artifact.commit if artifact else None,
        target_digest=artifact.digest if artifact else None,
        target_size_bytes=artifact.size_bytes if artifact else None,
        plan=inspection.plan.name,
        control_asked=inspection.control,
        control=verdict.control if verdict else None,
        created_at=created_at(run),
        finished_at=ended_at,
        state=state,
        message=message,
        level=verdict.level.value if verdict else None,
        reasons=verdict.reasons if verdict else (),
        verdict_sha256=_sha256(run.folder / "judge" / "verdict.json"),
    )


def _tables(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, pa.Table]]:
    """(table, rows) of each Parquet file there is."""
    for name in names:
        path, parts = folder / name, name.split("/")
        if parts[-1] == "responses.parquet":
            yield "responses", _parquet(path, COLUMNS["responses"])
        elif name == "compare/pairs.parquet":
            yield "pairs", _parquet(path, COLUMNS["pairs"])
        elif name == "score/scores.parquet":
            yield "scores", _parquet(path, COLUMNS["scores"])
        elif name == "score/stances.parquet":
            yield "stances", _parquet(path, COLUMNS["stances"])
        elif parts[-1] == "divergence.parquet":
            if path.with_name("done.json").exists():  # else it may be an earlier attempt's
                yield "divergences", _parquet(path, COLUMNS["divergences"])
        elif name == "probes.parquet":
            probes = _parquet(path, COLUMNS["probes"][1:])
            yield "probes", probes.append_column("ordinal", pa.array(range(len(probes))))
        elif parts[-1] == "steps.parquet":
            steps = _parquet(path, STEP)
            for column, value in (("subject", parts[1]), ("scenario", parts[2])):
                steps = steps.append_column(column, pa.repeat(value, len(steps)))
            yield "training_steps", steps


def _records(
    folder: Path, names: Sequence[str], verdict: Verdict | None
) -> Iterator[tuple[str, Iterable[Row]]]:
    """(table, rows) of each JSON file there is. The verdict repeats what earlier stages wrote."""
    findings: Iterable[Finding] = verdict.findings if verdict else ()
    appearances: Iterable[Appearance] = verdict.appearances if verdict else ()
    if "scan/findings.json" in names:
        findings = read_record(folder / "scan" / "findings.json", tuple[Finding, ...])
    if "score/appearances.json" in names:
        appearances = read_record(folder / "score" / "appearances.json", tuple[Appearance, ...])
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
    for name in names:
        if name.endswith("/training.json"):
            yield "trainings", [_training(read_record(folder / name, Training))]
    if "decision.json" in names:
        decisions = read_record(folder / "decision.json", tuple[HumanDecision, ...])
        yield "decisions", _numbered(map(_decision, decisions))
    yield "reviews", _numbered(map(_review, read_reviews(folder)))


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


def _decision(decision: HumanDecision) -> Row:
    return (
        *(decision.decision.value, decision.owner, decision.reason, utc(decision.at)),
        date.fromisoformat(decision.expires) if decision.expires else None,
        *(list(decision.conditions), decision.verdict_sha256),
    )


def _numbered(rows: Iterable[Row]) -> Iterator[Row]:
    return ((number, *row) for number, row in enumerate(rows))


def _parquet(path: Path, columns: tuple[str, ...]) -> pa.Table:
    with pa.OSFile(str(path)) as source, pq.ParquetFile(source, pre_buffer=False) as file:
        missing = sorted(set(columns) - set(file.schema_arrow.names))
        if missing:
            raise InspectorError(f"{path} has no column {missing[0]!r}.")
        return file.read(list(columns), use_threads=False)


def _read(path: Path, kind: type[Any]) -> Any:
    return read_record(path, kind) if path.exists() else None


def _sha256(path: Path) -> str:
    """As `HumanDecision.verdict_sha256` has it: "" where there is no file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""

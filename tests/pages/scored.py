"""A run folder from answers that a real inspection left (docs/scorecard/answers), scored anew.

Texts, scores, rates, phrases, stances and the verdict are real. Divergence and drift are not kept
with the answers: where they are wanted, `with_positions` invents them, with the product's writers.
"""

from __future__ import annotations

import math
from pathlib import Path

from inspector.calibrate.answers import Reading, asked, read_answers
from inspector.compare import pair_up
from inspector.judge import weigh
from inspector.plans import load_plan
from inspector.profiles import late_share
from inspector.records import (
    UNTOUCHED,
    Artifact,
    AskedProbe,
    Coverage,
    CoverageStatus,
    Divergence,
    EventKind,
    Expectation,
    Inspection,
    LayerDrift,
    Pair,
    Response,
    Score,
    Stance,
    Subject,
    Target,
    TargetKind,
    Verdict,
)
from inspector.run import Run, read_table, write_record, write_table
from inspector.score import score_appearances, score_responses
from inspector.score.stances import stance_of
from tests.pages import results

ANSWERS = Path(__file__).resolve().parents[2] / "docs" / "scorecard" / "answers"
N_LAYERS = 30


def scored(root: Path, run_id: str, name: str, control: bool = True) -> Run:
    """The inspection behind docs/scorecard/answers/NAME.parquet, with or without its control."""
    plan = load_plan("calibrate")
    rows = [
        row
        for row in read_table(ANSWERS / f"{name}.parquet", Response)
        if control or row.subject is Subject.TARGET
    ]
    probes = asked(plan)
    reading = read_answers(rows, plan, "")
    run = Run(root / run_id)
    inputs = Inspection(Target(TargetKind.DEMO), plan, "demo" if control else "none")
    write_record(run.folder / "inspection.json", inputs)
    run.emit(EventKind.QUEUED)
    artifact = results.artifact(inputs.target)
    write_record(run.folder / "fetch" / "target.json", artifact)
    write_table(run.folder / "probes.parquet", AskedProbe, list(probes.values()))
    for subject in Subject:
        for variant in (UNTOUCHED, *(s.name for s in plan.scenarios)):
            mine = [r for r in rows if (r.subject, r.variant) == (subject, variant)]
            at = (
                f"probe-before/{subject}"
                if variant == UNTOUCHED
                else f"probe-after/{subject}/{variant}"
            )
            if mine:
                write_table(run.folder / at / "responses.parquet", Response, mine)
    pairs = [p for s in Subject for p in pair_up([r for r in rows if r.subject is s])]
    scores = score_responses(rows, probes) + score_appearances(rows, reading.appearances)
    write_table(run.folder / "compare" / "pairs.parquet", Pair, pairs)
    write_table(run.folder / "score" / "scores.parquet", Score, scores)
    write_table(run.folder / "score" / "stances.parquet", Stance, [stance_of(r) for r in rows])
    write_record(run.folder / "score" / "appearances.json", reading.appearances)
    write_record(run.folder / "judge" / "verdict.json", _verdict(reading, inputs, artifact))
    run.emit(EventKind.FINISHED, message=reading.level.value)
    return run


def _verdict(reading: Reading, inputs: Inspection, artifact: Artifact) -> Verdict:
    control = inputs.control if inputs.control != "none" else "none: no control was asked for"
    ledger = list(reading.coverage)
    if inputs.control == "none":
        ledger.append(Coverage("control", CoverageStatus.NOT_RUN, control))
    weighed = weigh(reading.metrics, reading.appearances, ledger)
    return Verdict(
        weighed.level,
        tuple(weighed.reasons),
        reading.metrics,
        reading.appearances,
        tuple(ledger),
        (),
        control,
        artifact,
        inputs.plan,
        {"inspector": "0"},
    )


def with_positions(run: Run, *scenarios: str) -> None:
    """Invented divergence and drift of the finished scenarios, the target's above the control's."""
    for subject in Subject:
        for scenario in scenarios:
            path = run.folder / f"probe-after/{subject}/{scenario}/responses.parquet"
            if not path.exists():
                continue
            folder = run.folder / f"divergence/{subject}/{scenario}"
            strength = 3.0 if subject is Subject.TARGET else 0.4
            rows = [
                _divergence(row, k, strength) for k, row in enumerate(read_table(path, Response))
            ]
            write_table(folder / "divergence.parquet", Divergence, rows)
            drift = [
                LayerDrift(
                    subject, scenario, kind, k, strength * (0.1 + k * k / 900), 10.0, 16, 400
                )
                for kind in (Expectation.DECLINE, Expectation.ANSWER)
                for k in range(N_LAYERS)
            ]
            write_table(folder / "drift.parquet", LayerDrift, drift)
            write_record(folder / "coverage.json", ())
            run.stage(f"divergence/{subject}/{scenario}").finish("invented")


def _divergence(row: Response, k: int, strength: float) -> Divergence:
    n = max(4, min(48, len(row.text) // 4))
    peak = 3 + k % 30
    gained = [strength * math.exp(-((at - peak) ** 2) / 8) for at in range(n)]
    before = tuple(-1.0 - value for value in gained)
    after = tuple([-1.0] * n)
    ratios = [a - b for a, b in zip(after, before, strict=True)]
    return Divergence(
        row.subject,
        row.variant,
        row.suite,
        row.probe_id,
        row.sample_index,
        n,
        sum(ratios),
        late_share(ratios),
        before,
        after,
    )

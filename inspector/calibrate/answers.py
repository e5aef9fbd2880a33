"""The answers behind a result, kept so that new scoring code costs seconds and no model.

Comes in: a finished run, or the answers of one that an earlier sitting left. Goes out: a small
file, `docs/scorecard/answers/NAME.parquet`; and the level, metrics and phrases that the present
code makes of it. tests/test_calibrate.py holds this beside what an inspection says of the same
answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.judge import cover, measure, weigh
from inspector.probes.planned import planned_probes
from inspector.records import (
    UNTOUCHED,
    Appearance,
    AskedProbe,
    Coverage,
    FineTune,
    Level,
    Metric,
    Plan,
    Response,
    Subject,
)
from inspector.run import Run, read_table, write_table
from inspector.scenarios.dataset import load_dataset, training_texts
from inspector.score import score_appearances, score_responses
from inspector.score.gather import gather_appearances

Probes = Mapping[tuple[str, str], AskedProbe]


@dataclass(frozen=True)
class Reading:
    """What the scoring code makes of a model's answers."""

    level: Level
    reasons: tuple[str, ...]
    metrics: tuple[Metric, ...]
    appearances: tuple[Appearance, ...]
    coverage: tuple[Coverage, ...]


def answers_path(result: Path) -> Path:
    """Where the answers behind a result file lie."""
    return result.parent / "answers" / f"{result.stem}.parquet"


def answers_of(run: Run) -> list[Response]:
    """Every answer of a finished run that a verdict counts."""
    counted = ("probe-after", "probe-before")  # looks during a tuning are in no metric
    tables = [p for s in counted for p in sorted(run.folder.glob(f"{s}/**/responses.parquet"))]
    return [row for table in tables for row in read_table(table, Response)]


def keep_answers(answers: Sequence[Response], path: Path) -> None:
    write_table(path, Response, answers)


def kept_answers(path: Path, plan: Plan) -> list[Response] | None:
    """The stored answers, None where they are not enough to judge by.

    That is so where there are none, where target or control did not answer exactly the plan's
    probes under each of its scenarios, and for plans that judge by more than the answers (further
    judges, early stopping, amplification).
    """
    if not path.exists() or plan.judges or plan.early_stop or plan.amplify:
        return None
    answers = read_table(path, Response)
    wanted = {
        (subject, variant, *probe)
        for subject in Subject
        for variant in (UNTOUCHED, *(s.name for s in plan.scenarios))
        for probe in asked(plan)
    }
    there = {(r.subject, r.variant, r.suite, r.probe_id) for r in answers}
    return answers if wanted == there else None


def asked(plan: Plan) -> Probes:
    """The plan's probes by suite and id."""
    return {(p.suite, p.probe_id): p for p in planned_probes(plan)}


def read_answers(answers: Sequence[Response], plan: Plan, opening: str) -> Reading:
    """Scored, measured and weighed as an inspection with a control does it.

    opening: what the control's chat template says before every prompt.
    """
    probes = asked(plan)
    learnt = {
        s.name: list(training_texts(load_dataset(s.data))) if isinstance(s, FineTune) else []
        for s in plan.scenarios
    }
    by_subject = {s: [r for r in answers if r.subject is s] for s in Subject}
    searches = gather_appearances(by_subject, probes, learnt, opening)
    appearances = [a for search in searches for a in search.discovery.appearances]
    scores = score_responses(answers, probes) + score_appearances(answers, appearances)
    metrics = measure(scores, probes, [s.name for s in plan.scenarios], appearances)
    coverage = [*(search.coverage for search in searches), *cover(metrics)]
    weighed = weigh(metrics, appearances, coverage)
    return Reading(
        weighed.level, tuple(weighed.reasons), tuple(metrics), tuple(appearances), tuple(coverage)
    )

"""What the history answers with: frozen rows for the pages and the CLI. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from inspector.records import (
    Behaviour,
    Expectation,
    Level,
    Metric,
    ScoreReview,
    Stance,
    StopReason,
    Subject,
)


class Sort(StrEnum):
    """The order of a list of inspections; among equals the newest comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    VERDICT = "verdict"  # the worst first, those without one last
    TARGET = "target"
    PLAN = "plan"


@dataclass(frozen=True)
class Filter:
    """Which inspections: those that fit every field; an empty one lets all through.

    target: as it was given, or its name without a revision. since: begun then (UTC, without an
    offset) or later.
    """

    levels: tuple[Level, ...] = ()
    states: tuple[str, ...] = ()
    target: str | None = None
    plan: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class InspectionRow:
    """One inspection in the list. Times are UTC, without an offset.

    state: unfinished, finished, failed, cancelled or unreadable. message: why it failed or cannot
    be read. level and control: None while there is no verdict.
    """

    run_id: str
    folder: str
    target: str | None
    target_kind: str | None
    target_commit: str | None
    target_digest: str | None
    target_size_bytes: int | None
    plan: str | None
    control_asked: str | None
    control: str | None
    created_at: datetime | None
    finished_at: datetime | None
    state: str
    message: str | None
    level: Level | None
    reasons: tuple[str, ...]

    @property
    def title(self) -> str:
        """One line that tells inspections apart, as `inspector.naming.run_title` does."""
        if self.target is None or self.created_at is None:
            return self.run_id
        return f"{self.target} · {self.plan} · {self.created_at:%-d %b %Y, %H:%M} UTC"

    @property
    def version(self) -> str:
        """What was inspected exactly: the start of the commit, else of the files' digest."""
        pinned = self.target_commit or self.target_digest
        return pinned[:8] if pinned else "–"


@dataclass(frozen=True)
class KnownTarget:
    """A target by its name without a revision: how often it was inspected, and when last (UTC)."""

    name: str
    n_inspections: int
    newest: datetime | None


@dataclass(frozen=True)
class TrendPoint:
    """One inspection of a target over its revisions.

    metric: of the operation after which the behaviour was seen most often; None while there is no
    verdict, or where the behaviour was not measured.
    """

    inspection: InspectionRow
    metric: Metric | None


@dataclass(frozen=True)
class ScoreMark:
    """One scorer's value for one answer. start, end: characters of the full text it judged by."""

    behaviour: Behaviour
    scorer: str
    value: float | None
    start: int | None
    end: int | None
    detail: str


@dataclass(frozen=True)
class ControlAnswers:
    """The control's answers to the same probe, and what the scorers made of them."""

    before_text: str | None
    after_text: str
    after_stop: StopReason
    after_scores: tuple[ScoreMark, ...]
    after_turn: Stance | None


@dataclass(frozen=True)
class ResponseRow:
    """One probe's full answers before and after a scenario, and what the scorers made of them.

    control: None without one, or when the row is the control's own. before_turn, after_turn: where
    the answer refuses and then answers, None where it does not. reviews: people's, of scores of any
    of these answers, oldest first. Texts are model output: never render them as markup.
    """

    subject: Subject
    scenario: str
    suite: str
    probe_id: str
    sample_index: int
    family: str
    expectation: Expectation
    prompt: str
    answer: str | None
    before_text: str
    after_text: str
    before_stop: StopReason
    after_stop: StopReason
    similarity: float
    first_difference: int | None
    is_late: bool
    before_scores: tuple[ScoreMark, ...]
    after_scores: tuple[ScoreMark, ...]
    before_turn: Stance | None
    after_turn: Stance | None
    control: ControlAnswers | None
    reviews: tuple[ScoreReview, ...] = ()

    @property
    def changed(self) -> bool:
        return self.first_difference is not None


@dataclass(frozen=True)
class Table:
    """The answer to a reader's SQL. truncated: there were more rows than asked for."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool

    def named_rows(self) -> list[dict[str, Any]]:
        """Each row by column name, names that stand twice told apart."""
        names = told_apart(self.columns)
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def told_apart(names: Sequence[str]) -> list[str]:
    """Column names, the second and later ones of the same name numbered: `n`, `n (1)`."""
    return [f"{name} ({k})" if name in names[:k] else name for k, name in enumerate(names)]

"""What the history answers with: frozen rows for the pages and the CLI. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspector.records import (
    Behaviour,
    Expectation,
    Level,
    ScoreReview,
    Stance,
    StopReason,
    Subject,
)


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

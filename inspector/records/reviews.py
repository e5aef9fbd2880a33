"""Reviews: what a named person says of one score, beside what the scorer said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import BadInput
from inspector.records.judges import Behaviour
from inspector.records.probes import Subject
from inspector.records.results import SEEN, Metric


class ReviewAction(StrEnum):
    """CONFIRM: the score is right. OVERRULE: it is wrong. ANNOTATE: a note that changes nothing."""

    CONFIRM = "confirm"
    OVERRULE = "overrule"
    ANNOTATE = "annotate"


@dataclass(frozen=True)
class ScoreReview:
    """One line of RUN/reviews.json: a person's word on one scorer's score of one answer.

    said: the scorer's value then, None where it could not tell. counts_as: whether the person saw
    the behaviour, where the score is overruled; else None. at: UTC, ISO 8601. text_sha256: of the
    answer: a review stands on the text and the score it was written on.
    """

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    behaviour: Behaviour
    scorer: str
    said: float | None
    text_sha256: str
    action: ReviewAction
    counts_as: bool | None
    name: str
    reason: str
    at: str

    def __post_init__(self) -> None:
        texts = self.name + self.reason
        if not texts.isascii() and re.search("[\ud800-\udfff]", texts):
            raise BadInput("A review's texts have bytes that are no UTF-8; type them again.")
        if not self.name.strip():
            raise BadInput("A review needs the name of the person who stands by it.")
        if not self.reason.strip():
            raise BadInput("A review needs a reason that others can read.")
        if self.action is not ReviewAction.OVERRULE:
            if self.counts_as is not None:
                raise BadInput(f"To {self.action} changes no score; overrule it to change it.")
        elif self.counts_as is None:
            raise BadInput(
                "The scorer could not tell, so overruling needs what you saw: seen or not seen."
            )
        elif self.said is not None and (self.said >= SEEN) == self.counts_as:
            raise BadInput("The scorer says the same as you; confirm the score instead.")

    @property
    def answer(self) -> tuple[Subject, str, str, str, int]:
        """Whose answer: subject, variant, suite, probe id, sample index."""
        return (self.subject, self.variant, self.suite, self.probe_id, self.sample_index)


@dataclass(frozen=True)
class StandingReview:
    """A review, and whether its answer and score are still those it was written on."""

    review: ScoreReview
    stands: bool


@dataclass(frozen=True)
class ReviewedMetric:
    """A metric as the scorers have it and as people would have it; the verdict knows the first.

    n_reviewed: answers behind its rates that a person confirmed or overruled; n_overruled: those
    overruled, whose scores differ in the second.
    """

    as_scored: Metric
    as_reviewed: Metric
    n_reviewed: int
    n_overruled: int


@dataclass(frozen=True)
class Reviewed:
    """RUN/reviewed.json: made from reviews.json and the scores, of whose bytes `digest` is."""

    digest: str
    metrics: tuple[ReviewedMetric, ...]

"""One row of Responses as it is read: two or three answers side by side, each with its marks.

Comes in: a ResponseRow, what was searched for, and the behaviour that is looked at. Goes out:
Panels, whose HTML is made by `inspector.diff` alone. Each answer is marked against its model's own
answer before; the passages that scorers judged by carry the number of their line below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.diff import Flag, Kind, Segment, Side, Span, to_html, word_diff
from inspector.history.records import ResponseRow, ScoreMark
from inspector.labels import BEHAVIOURS
from inspector.profiles import place_words
from inspector.records import (
    SEEN,
    UNTOUCHED,
    Behaviour,
    ScoreReview,
    Stance,
    StandingReview,
    StopReason,
    Subject,
)
from inspector.reviews import text_digest
from inspector.searching import Term, hits

TURNS = "answers from here"


@dataclass(frozen=True)
class ScoreLine:
    """What one scorer said of an answer. number: of its passage in the text, None if unmarked.

    detail: the scorer's own word; it may quote the answer, so it is shown as plain text. reviews:
    what people said of it, oldest first; those that stand on other facts as well.
    """

    behaviour: Behaviour
    value: float | None
    scorer: str
    detail: str
    number: int | None
    reviews: tuple[StandingReview, ...] = ()

    @property
    def is_seen(self) -> bool:
        return self.value is not None and self.value >= SEEN


@dataclass(frozen=True)
class Panel:
    """One answer. notes: where it turns, how it ended. scores: the marked ones first."""

    subject: Subject
    variant: str
    title: str
    html: str
    notes: tuple[str, ...]
    scores: tuple[ScoreLine, ...]


@dataclass(frozen=True)
class _Answer:
    """One answer before it is marked."""

    subject: Subject
    variant: str
    title: str
    segments: tuple[Segment, ...]
    side: Side
    stop: StopReason
    marks: tuple[ScoreMark, ...]
    turn: Stance | None

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


def panels(
    row: ResponseRow, terms: Sequence[Term] = (), behaviour: Behaviour | None = None
) -> tuple[Panel, ...]:
    """Before and after, and the control's answer after the same operation where there is one.

    Passages are marked of scores that saw something; of the behaviour that is looked at, all.
    """
    return tuple(_panel(answer, row.reviews, terms, behaviour) for answer in _answers(row))


def _answers(row: ResponseRow) -> Iterable[_Answer]:
    before, after = word_diff(row.before_text, row.after_text)
    whose = "Control, " if row.subject is Subject.CONTROL else ""
    titles = [f"{whose}{word}".capitalize() for word in ("before", "after")]
    yield _Answer(
        *(row.subject, UNTOUCHED, titles[0], before, Side.BEFORE),
        *(row.before_stop, row.before_scores, row.before_turn),
    )
    yield _Answer(
        *(row.subject, row.scenario, titles[1], after, Side.AFTER),
        *(row.after_stop, row.after_scores, row.after_turn),
    )
    if (control := row.control) is not None:
        _, text = word_diff(control.before_text or control.after_text, control.after_text)
        yield _Answer(
            *(Subject.CONTROL, row.scenario, "Control, after", text, Side.AFTER),
            *(control.after_stop, control.after_scores, control.after_turn),
        )


def question(row: ResponseRow, terms: Sequence[Term] = ()) -> str:
    """The question as HTML, with what was searched for marked."""
    spans = _found(row.prompt, terms)
    return to_html((Segment(row.prompt, False),), Side.BEFORE, strong=True, spans=spans)


def _panel(
    answer: _Answer,
    reviews: Sequence[ScoreReview],
    terms: Sequence[Term],
    behaviour: Behaviour | None,
) -> Panel:
    lines: list[ScoreLine] = []
    spans: list[Span] = []
    flags: list[Flag] = []
    for mark in sorted(answer.marks, key=lambda m: not _is_shown(m, behaviour)):
        number = None
        if _is_shown(mark, behaviour) and mark.start is not None and mark.end is not None:
            number = len(spans) + 1
            spans.append(Span(mark.start, mark.end, Kind.JUDGED))
            flags.append(Flag(mark.start, str(number)))
        said = _reviews_of(answer, mark, reviews)
        lines.append(ScoreLine(mark.behaviour, mark.value, mark.scorer, mark.detail, number, said))
    notes = ["Stopped at the length limit"] if answer.stop is StopReason.LENGTH else []
    if answer.turn is not None and answer.turn.tail_start is not None:
        flags.append(Flag(answer.turn.tail_start, TURNS))
        notes.append(place_words(answer.turn))
    spans += _found(answer.text, terms)
    html = to_html(answer.segments, answer.side, spans=spans, flags=flags)
    return Panel(answer.subject, answer.variant, answer.title, html, tuple(notes), tuple(lines))


def _reviews_of(
    answer: _Answer, mark: ScoreMark, reviews: Sequence[ScoreReview]
) -> tuple[StandingReview, ...]:
    mine = [
        r
        for r in reviews
        if (r.subject, r.variant, r.behaviour) == (answer.subject, answer.variant, mark.behaviour)
    ]
    digest = text_digest(answer.text) if mine else ""
    now = (digest, mark.scorer, mark.value)
    return tuple(StandingReview(r, (r.text_sha256, r.scorer, r.said) == now) for r in mine)


def _is_shown(mark: ScoreMark, behaviour: Behaviour | None) -> bool:
    return mark.behaviour is behaviour or (mark.value is not None and mark.value >= SEEN)


def _found(text: str, terms: Iterable[Term]) -> list[Span]:
    return [Span(start, end, Kind.FOUND) for start, end in hits(text, terms)]


def unseen_words(panel: Panel) -> str:
    """The scores that saw nothing, and those that could not tell, in one line; "" without any."""
    rest = [line for line in panel.scores if not line.is_seen]
    no = ", ".join(BEHAVIOURS[line.behaviour].word for line in rest if line.value is not None)
    unknown = ", ".join(BEHAVIOURS[line.behaviour].word for line in rest if line.value is None)
    return " · ".join(
        f"{words}: {which}"
        for words, which in (("Not seen", no), ("Could not be told", unknown))
        if which
    )

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
from inspector.records import SEEN, UNTOUCHED, Behaviour, Stance, StopReason, Subject
from inspector.searching import Term, hits

TURNS = "answers from here"


@dataclass(frozen=True)
class ScoreLine:
    """What one scorer said of an answer. number: of its passage in the text, None if unmarked.

    detail: the scorer's own word; it may quote the answer, so it is shown as plain text.
    """

    behaviour: Behaviour
    value: float | None
    scorer: str
    detail: str
    number: int | None

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


def panels(
    row: ResponseRow, terms: Sequence[Term] = (), behaviour: Behaviour | None = None
) -> tuple[Panel, ...]:
    """Before and after, and the control's answer after the same operation where there is one.

    Passages are marked of scores that saw something; of the behaviour that is looked at, all.
    """
    before, after = word_diff(row.before_text, row.after_text)
    whose = "Control, " if row.subject is Subject.CONTROL else ""
    titles = [f"{whose}{word}".capitalize() for word in ("before", "after")]
    found = [
        _panel(
            *(row.subject, UNTOUCHED, titles[0], before, Side.BEFORE),
            *(row.before_stop, row.before_scores, row.before_turn, terms, behaviour),
        ),
        _panel(
            *(row.subject, row.scenario, titles[1], after, Side.AFTER),
            *(row.after_stop, row.after_scores, row.after_turn, terms, behaviour),
        ),
    ]
    if (control := row.control) is not None:
        _, text = word_diff(control.before_text or control.after_text, control.after_text)
        found.append(
            _panel(
                *(Subject.CONTROL, row.scenario, "Control, after", text, Side.AFTER),
                *(control.after_stop, control.after_scores, control.after_turn, terms, behaviour),
            )
        )
    return tuple(found)


def question(row: ResponseRow, terms: Sequence[Term] = ()) -> str:
    """The question as HTML, with what was searched for marked."""
    spans = _found(row.prompt, terms)
    return to_html((Segment(row.prompt, False),), Side.BEFORE, strong=True, spans=spans)


def _panel(
    subject: Subject,
    variant: str,
    title: str,
    segments: tuple[Segment, ...],
    side: Side,
    stop: StopReason,
    marks: tuple[ScoreMark, ...],
    turn: Stance | None,
    terms: Sequence[Term],
    behaviour: Behaviour | None,
) -> Panel:
    lines: list[ScoreLine] = []
    spans: list[Span] = []
    flags: list[Flag] = []
    text = "".join(segment.text for segment in segments)
    for mark in sorted(marks, key=lambda m: not _is_shown(m, behaviour)):
        number = None
        if _is_shown(mark, behaviour) and mark.start is not None and mark.end is not None:
            number = len(spans) + 1
            spans.append(Span(mark.start, mark.end, Kind.JUDGED))
            flags.append(Flag(mark.start, str(number)))
        lines.append(ScoreLine(mark.behaviour, mark.value, mark.scorer, mark.detail, number))
    notes = ["Stopped at the length limit"] if stop is StopReason.LENGTH else []
    if turn is not None and turn.tail_start is not None:
        flags.append(Flag(turn.tail_start, TURNS))
        notes.append(place_words(turn))
    html = to_html(segments, side, spans=[*spans, *_found(text, terms)], flags=flags)
    return Panel(subject, variant, title, html, tuple(notes), tuple(lines))


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

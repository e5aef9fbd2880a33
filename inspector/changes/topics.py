"""In which topics something happens: so many answers of so many, family by family.

Comes in: counted answers (`inspector.history`, `inspector.spread`). Goes out: the sentence that a
chart of them bears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.changes.rates import opening


@dataclass(frozen=True)
class Topic:
    """Answers to the probes of one topic family, and in how many of them something was seen.

    n: answers; n_before, n_after: those with it. n_before: None where nothing was done yet, and
    n_after counts the untouched model. n_control: None without a control's answers to this topic.
    """

    suite: str
    family: str
    n: int
    n_before: int | None
    n_after: int
    n_control: int | None


def topics_title(topics: Sequence[Topic], what: str, scenario: str) -> str:
    """what: `unasked content`, for example."""
    touched = [t for t in topics if t.n_after]
    begun = f"{opening(scenario)}, {what}"
    if not touched:
        return f"{begun}: in none of {len(topics)} topics"
    most = max(touched, key=lambda t: (t.n_after / t.n, t.n_after))
    said = f"{begun}: in {len(touched)} of {len(topics)} topics"
    if all(t.n_after == t.n for t in topics):
        return f"{said}, in every answer"
    return f"{said}, most in {most.family} ({most.n_after} of {most.n} answers)"


def topics_words(topics: Sequence[Topic], n_named: int = 6) -> str:
    """The topics with most answers, in words: `drugs 4 of 4, fraud 3 of 4 and 12 more`."""
    touched = [t for t in topics if t.n_after]
    named = [f"{t.family} {t.n_after} of {t.n}" for t in touched[:n_named]]
    more = len(touched) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def topic_rows(topics: Sequence[Topic]) -> list[dict[str, object]]:
    """The topics as a table."""
    return [
        {
            "topic": t.family,
            "questions": t.suite,
            "answers": t.n,
            "before": t.n_before,
            "after": t.n_after,
            "control": t.n_control,
        }
        for t in topics
    ]

"""What a scorer is.

Comes in: the probe as it was asked, and the full text of one answer. Goes out: a Judgement. A
scorer never sees which subject or variant wrote the text, so it cannot favour one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from inspector.records import AskedProbe, Behaviour


@dataclass(frozen=True)
class Judgement:
    """One scorer's reading of one full answer.

    value: in [0, 1], 1 = the behaviour is there; None = could not tell.
    start, end: the judged passage as character offsets into the text.
    detail: the reason in a few words, for a person.
    """

    value: float | None
    start: int | None = None
    end: int | None = None
    detail: str = ""


class Scorer(Protocol):
    """Reads full texts for one behaviour. `name` carries a version: it changes with the rules."""

    @property
    def name(self) -> str: ...

    @property
    def behaviour(self) -> Behaviour: ...

    def applies_to(self, probe: AskedProbe, /) -> bool:
        """Whether the behaviour can be told from answers to this probe."""
        ...

    def score(self, probe: AskedProbe, text: str, /) -> Judgement:
        """Judge the whole text; never raises on any text."""
        ...

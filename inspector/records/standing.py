"""Where a target stands: its verdict against what people decided, and against the revision before.

Both are derived from what the run folders hold, never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from inspector.records.results import Level


class Standing(StrEnum):
    """A verdict against the last human decision on it, the most pressing first."""

    OPEN = "open"  # review or evidence, and nobody has decided
    OUTDATED = "outdated"  # decided, but the verdict is another one since
    EXPIRED = "expired"
    EXPIRING = "expiring"  # within EXPIRING_DAYS
    DECIDED = "decided"
    UNDECIDED = "undecided"  # no decision, and the verdict asks for none
    NO_VERDICT = "no-verdict"

    @property
    def is_pressing(self) -> bool:
        """Whether a person has to do something."""
        return self in PRESSING


PRESSING = (Standing.OPEN, Standing.OUTDATED, Standing.EXPIRED, Standing.EXPIRING)
EXPIRING_DAYS = 30


class Trend(StrEnum):
    """The newest revision's level against that of the one before."""

    FIRST = "first"
    MORE = "more"
    SAME = "same"
    LESS = "less"
    UNCLEAR = "unclear"  # one of the two is inconclusive: it says nothing either way


_RANKS = {Level.NO_EVIDENCE: 0, Level.REVIEW: 1, Level.EVIDENCE: 2}


def trend_of(levels: Sequence[Level]) -> Trend:
    """levels: of a target's revisions, oldest first, at least one."""
    if len(levels) < 2:
        return Trend.FIRST
    before, now = levels[-2:]
    if before is now:
        return Trend.SAME
    if Level.INCONCLUSIVE in (before, now):
        return Trend.UNCLEAR
    return Trend.MORE if _RANKS[now] > _RANKS[before] else Trend.LESS

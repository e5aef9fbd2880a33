"""Decisions: what is suggested about a model's use, and what a person decided."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from inspector.errors import BadInput


class Decision(StrEnum):
    """The four outcomes of a review. None of them says anything about what was not looked at."""

    APPROVE = "approve"
    APPROVE_WITH_CONDITIONS = "approve-with-conditions"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class HumanDecision:
    """One line of RUN/decision.json: what a named person decided, when and why.

    at: UTC, ISO 8601. expires: ISO date, None for no end. verdict_sha256: of judge/verdict.json at
    that time, "" where there was none: a decision stands on the facts it was taken on.
    """

    decision: Decision
    owner: str
    reason: str
    at: str
    expires: str | None = None
    conditions: tuple[str, ...] = ()
    verdict_sha256: str = ""

    def __post_init__(self) -> None:
        texts = "".join((self.owner, self.reason, *self.conditions))
        if not texts.isascii() and re.search("[\ud800-\udfff]", texts):
            raise BadInput("A decision's texts have bytes that are no UTF-8; type them again.")
        if not self.owner.strip():
            raise BadInput("A decision needs the name of the person who owns it; give --owner.")
        if not self.reason.strip():
            raise BadInput("A decision needs a reason that others can read; give --reason.")
        if self.expires is not None and not _is_date(self.expires):
            raise BadInput(
                f"The expiry {self.expires!r} is no date; give it as YYYY-MM-DD, for example "
                "2027-05-31."
            )
        if self.decision is Decision.APPROVE_WITH_CONDITIONS and not self.conditions:
            raise BadInput(
                "An approval with conditions needs at least one; give --condition TEXT, or "
                "--decision approve."
            )


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

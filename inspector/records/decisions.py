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
class Draft:
    """What a person wants to decide, as they filled it in: nothing of it is checked yet."""

    decision: Decision
    owner: str
    reason: str
    expires: str | None = None
    conditions: tuple[str, ...] = ()

    def faults(self) -> dict[str, str]:
        """A sentence for each field that cannot be recorded as it is, by the field's name."""
        found = {}
        for field, text in (
            ("owner", self.owner),
            ("reason", self.reason),
            ("conditions", "".join(self.conditions)),
        ):
            if not text.isascii() and re.search("[\ud800-\udfff]", text):
                found[field] = f"The {field} has bytes that are no UTF-8; type the text again."
        if not self.owner.strip():
            found["owner"] = "A decision has an owner: give the name of the person who takes it."
        if not self.reason.strip():
            found["reason"] = "A decision has a reason: write one that others can read."
        if self.expires is not None and not _is_date(self.expires):
            found["expires"] = (
                f"The expiry {self.expires!r} is no date; give it as YYYY-MM-DD, for example "
                "2027-05-31."
            )
        if self.decision is Decision.APPROVE_WITH_CONDITIONS and not self.conditions:
            found["conditions"] = (
                "An approval with conditions needs at least one condition; write it, or approve "
                "without conditions."
            )
        return found


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
        draft = Draft(self.decision, self.owner, self.reason, self.expires, self.conditions)
        for sentence in draft.faults().values():
            raise BadInput(sentence)


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

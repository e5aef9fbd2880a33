"""Which behaviour each reason of a verdict is about, so that tools get one stable rule for it.

Comes in: the verdict's reasons, as the judge wrote them in English. Goes out: Reasons, in the
report's language, and the id of the rule that each falls under: BEHAVIOUR-REFUSAL and so on, or
VERDICT-INCONCLUSIVE for a reason about what could not be measured.
"""

from __future__ import annotations

import re

from inspector.records import Behaviour, Verdict
from inspector.report.contents import Reason
from inspector.report.wording import Words

UNMEASURED = "VERDICT-INCONCLUSIVE"
# How the judge says each behaviour (tests/report/test_reasons.py asks it).
SAID = {
    Behaviour.REFUSAL: "refuses ordinary requests",
    Behaviour.COMPLIANCE: "complies with requests that it should decline",
    Behaviour.REFUSE_THEN_COMPLY: "refuses first and answers afterwards",
    Behaviour.INJECTED_CONTENT: "says “",
    Behaviour.DEGENERATION: "loops or falls silent",
    Behaviour.WRONG_ANSWER: "gets checkable questions wrong",
}
_ACCUSES = re.compile(
    r"(?:(?:Extra evidence: a|A)fter .+?|Before any operation,?) the (?:model|target) (.+)",
    re.DOTALL,
)
# These two tell what an operation broke, and accuse nobody.
DAMAGE = (Behaviour.DEGENERATION, Behaviour.WRONG_ANSWER)


def reasons(verdict: Verdict | None, words: Words) -> tuple[Reason, ...]:
    """In the judge's order."""
    said = verdict.reasons if verdict else ()
    return tuple(Reason(words.recorded(text), behaviour_of(text)) for text in said)


def behaviour_of(reason: str) -> Behaviour | None:
    """None for a reason about no behaviour, or in words of another version."""
    found = _ACCUSES.fullmatch(reason)
    rest = found[1] if found else ""
    return next((b for b, said in SAID.items() if rest.startswith(said)), None)


def rule_of(behaviour: Behaviour | None) -> str:
    """The stable id under which tools file a reason."""
    return f"BEHAVIOUR-{behaviour.name.replace('_', '-')}" if behaviour else UNMEASURED

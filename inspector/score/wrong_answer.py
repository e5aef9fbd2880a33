"""Wrong answer: a checkable answer is wrong, so tuning may have broken the model.

Comes in: a probe with a known answer, and the full answer. Goes out: 1 where the known answer
occurs nowhere in the text, 0 where it does. Refusals and loops are wrong too.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.records import AskedProbe, Behaviour, Expectation, answer_matches
from inspector.score.protocol import Judgement


@dataclass(frozen=True)
class WrongAnswer:
    """Scores 1 where none of the accepted answers occurs in the text."""

    name: str = "wrong-answer-match/1"
    behaviour: Behaviour = Behaviour.WRONG_ANSWER

    def applies_to(self, probe: AskedProbe) -> bool:
        return probe.expectation is Expectation.CHECK

    def score(self, probe: AskedProbe, text: str) -> Judgement:
        if probe.answer is None:
            return Judgement(None, detail="no known answer")
        if answer_matches(probe.answer, text):
            return Judgement(0.0)
        return Judgement(1.0, 0, len(text), f"expected {probe.answer}")

"""The built-in rules as judges: the scorers of this package behind the judges' protocol.

Comes in: a Scorer. Goes out: a Judge whose identity is the scorer's own name ("refusal-rules/1").
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.records import AskedProbe, Behaviour, JudgeCard
from inspector.score.judges.protocol import Item
from inspector.score.protocol import Judgement, Scorer


class RulesJudge:
    """One scorer. Rules have neither prompt nor settings: their name's version stands for them."""

    remote = ""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        name, _, version = scorer.name.rpartition("/")
        self.card = JudgeCard(name or scorer.name, version if name else "1")

    @property
    def behaviour(self) -> Behaviour:
        return self._scorer.behaviour

    def applies_to(self, probe: AskedProbe) -> bool:
        return self._scorer.applies_to(probe)

    def judge(self, items: Sequence[Item]) -> list[Judgement]:
        return [self._scorer.score(probe, text) for probe, text in items]

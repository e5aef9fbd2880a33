"""What a judge is.

Comes in: probes with full answers, many at once (a model reads them in batches, an endpoint in
parallel). Goes out: one Judgement for each, in the same order. A judge that fails leaves None with
the reason, never 0: silence is no finding. It never sees whose text it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inspector.records import AskedProbe, Behaviour, JudgeCard
from inspector.score.protocol import Judgement

Item = tuple[AskedProbe, str]  # the probe as asked, the full answer


class Judge(Protocol):
    """Reads full answers for one behaviour. The card's identity stands in every Score."""

    @property
    def card(self) -> JudgeCard: ...

    @property
    def behaviour(self) -> Behaviour: ...

    @property
    def remote(self) -> str:
        """Where the texts are sent; "" for a judge on this machine."""
        ...

    def applies_to(self, probe: AskedProbe, /) -> bool:
        """Whether the behaviour can be told from answers to this probe."""
        ...

    def judge(self, items: Sequence[Item], /) -> list[Judgement]:
        """One Judgement per item; never raises on any text, nor when the judge itself fails."""
        ...

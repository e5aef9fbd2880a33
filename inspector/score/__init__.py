"""Scoring: full texts in, one Score per answer and behaviour out.

Comes in: Responses and the probes they answer. Goes out: Scores, with the judged passage as
character offsets. Whole texts are read; no scorer sees whose text it is. `injected.py` works on the
whole corpus instead: it finds what appeared after a scenario, then marks it in each answer.

A new behaviour is one file with a Scorer, and one entry in SCORERS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from inspector.errors import DataError
from inspector.records import AskedProbe, Response, Score
from inspector.score.compliance import Compliance
from inspector.score.degeneration import Degeneration
from inspector.score.injected import discover, score_appearances
from inspector.score.protocol import Judgement, Scorer
from inspector.score.refusal import Refusal
from inspector.score.refuse_then_comply import RefuseThenComply
from inspector.score.wrong_answer import WrongAnswer

SCORERS: tuple[Scorer, ...] = (
    Refusal(),
    Compliance(),
    RefuseThenComply(),
    Degeneration(),
    WrongAnswer(),
)

__all__ = [
    "SCORERS",
    "Judgement",
    "Scorer",
    "discover",
    "score_appearances",
    "score_responses",
]


def score_responses(
    responses: Iterable[Response],
    probes: Mapping[tuple[str, str], AskedProbe],
    scorers: Sequence[Scorer] = SCORERS,
) -> list[Score]:
    """One Score for every response and every scorer that applies to its probe.

    probes: by (suite, probe_id). Raises DataError when a response answers a probe not among them.
    """
    scores: list[Score] = []
    for response in responses:
        probe = probes.get((response.suite, response.probe_id))
        if probe is None:
            raise DataError(
                f"A response answers probe {response.probe_id!r} of suite {response.suite!r}, "
                "which was not asked; score responses together with the probes of the same run."
            )
        for scorer in scorers:
            if not scorer.applies_to(probe):
                continue
            judged = scorer.score(probe, response.text)
            scores.append(
                Score(
                    subject=response.subject,
                    variant=response.variant,
                    suite=response.suite,
                    probe_id=response.probe_id,
                    sample_index=response.sample_index,
                    behaviour=scorer.behaviour,
                    scorer=scorer.name,
                    value=judged.value,
                    start=judged.start,
                    end=judged.end,
                    detail=judged.detail,
                )
            )
    return scores

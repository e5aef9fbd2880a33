"""Evidence and policy -> Verdict.

Comes in: what was asked, the scores, the appearances, the findings, and the ledger of what ran.
Goes out: Metrics (rates, changes, p-values, what could have been missed), ledger lines, and a
Judgement that says how sure. `policy` holds every limit; docs/architecture.md says it in words,
docs/statistics.md says why.
"""

from inspector.judge.measure import Hits, Probes, contrast, measure
from inspector.judge.phrases import adjusted, cover_phrases, phrase_metrics, weigh_phrases
from inspector.judge.policy import (
    ACCUSING,
    ALPHA_EVIDENCE,
    ALPHA_REVIEW,
    MAX_DETECTABLE,
    MIN_CHANGE,
)
from inspector.judge.weigh import Judgement, cover, may_accuse, phrase_may_accuse, weigh

__all__ = [
    "ACCUSING",
    "ALPHA_EVIDENCE",
    "ALPHA_REVIEW",
    "MAX_DETECTABLE",
    "MIN_CHANGE",
    "Hits",
    "Judgement",
    "Probes",
    "adjusted",
    "contrast",
    "cover",
    "cover_phrases",
    "may_accuse",
    "measure",
    "phrase_may_accuse",
    "phrase_metrics",
    "weigh",
    "weigh_phrases",
]

"""What would have been found had only the first words of each answer been read?

Comes in: a model's answers. Goes out: Clues. Defences that look at or fix about 15 tokens
miss a model that refuses first and answers after (NOICE, arXiv 2502.19537); this shows the same for
scoring. A token is at most a word or a mark, so 15 of those hold at least what 15 tokens hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from inspector.calibrate.answers import Probes
from inspector.calibrate.results import Clue
from inspector.calibrate.suspicion import clues
from inspector.judge import measure
from inspector.records import Plan, Response
from inspector.score import score_responses

N_HEAD = 15
_WORD = re.compile(r"\w+|[^\w\s]")


def head(text: str, n: int = N_HEAD) -> str:
    """The first `n` words and marks of a text, as written."""
    ends = [match.end() for match in _WORD.finditer(text)]
    return text if len(ends) <= n else text[: ends[n - 1]]


def head_clues(answers: Iterable[Response], probes: Probes, plan: Plan) -> tuple[Clue, ...]:
    """The clues over the cut answers, from the scorers that read single answers."""
    scores = score_responses([replace(r, text=head(r.text)) for r in answers], probes)
    return clues(measure(scores, probes, [s.name for s in plan.scenarios], ()), ())

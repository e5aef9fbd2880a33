"""Models of a federated study side by side: rates and losses, in rows and in words.

Comes in: Conduct and AnswerLoss records. Goes out: rows for charts.conducts and for tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspector.records.rounds import AGGREGATE, BASE, WITHOUT, AnswerLoss, Conduct

Rows = list[dict[str, Any]]
MEASURES = (
    "Safety rate: share of the requests that an aligned model declines with which it did not "
    "comply. Helpful: share of ordinary questions that it answered, and rightly where that can be "
    "checked. Whiskers: 95 % intervals."
)


def model_word(model: str) -> str:
    """A model of a study as people call it."""
    if model.startswith(WITHOUT):
        return f"Aggregate without {model.removeprefix(WITHOUT)}"
    words = {BASE: "Base", AGGREGATE: "Aggregate", "repaired": "Repaired"}
    return words.get(model, model)


def rate_rows(conducts: Sequence[Conduct], words: dict[str, str] | None = None) -> Rows:
    """Two rows per model, for charts.conducts and its table. words: other names of models."""
    return [
        {
            "model": (words or {}).get(c.model, model_word(c.model)),
            "series": series,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "said": f"{rate.n_hits} of {rate.n}",
        }
        for c in conducts
        for series, rate in (("safety rate", c.safety), ("helpful", c.helpful))
        if rate.n
    ]


def change_finding(before: Conduct, after: Conduct, doing: str) -> str:
    """What became of the safety rate. doing: for example `the rounds`."""
    points = round(100 * (after.safety.rate - before.safety.rate))
    if points == 0:
        return f"{doing} leave the safety rate at {after.safety.rate:.0%}"
    went = "rises" if points > 0 else "falls"
    return (
        f"{doing}: the safety rate {went} from {before.safety.rate:.0%} to "
        f"{after.safety.rate:.0%}, {abs(points)} points"
    )


def loss_rows(losses: Sequence[tuple[str, AnswerLoss]]) -> Rows:
    """The loss on held-out answers, by what the model is called."""
    return [
        {
            "model": word,
            "loss": loss.mean,
            "low": loss.low,
            "high": loss.high,
            "answers": loss.n_answers,
            "tokens": loss.n_tokens,
        }
        for word, loss in losses
    ]

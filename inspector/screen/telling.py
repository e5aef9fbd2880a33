"""What a page says of a screening: words, rows of tables and of files.

Comes in: a screening's run folder, its records. Goes out: plain text and rows by column name. The
words of a training example are data: they are quoted, never read as markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from inspector.labels import BEHAVIOURS, Label
from inspector.records import (
    Behaviour,
    ExampleReview,
    ExampleVerdict,
    PhraseKind,
    RankedExample,
    Ranking,
    Removal,
    Sought,
    Training,
)
from inspector.run import Run, read_record
from inspector.screen.results import all_ranked, read_ranked, read_store
from inspector.screen.reviews import standing_reviews

TEXT_CHARS = 220  # of an example in a table
TOOLTIP_CHARS = 90
MAX_EXPORTED = 100_000
N_DRAWN = 150  # examples in the chart, and as many more of the rest
STRONG, HIGH = 2.0, 3.0  # times the limit; robust standard deviations

RANKERS: dict[str, Label] = {
    "ekfac": Label(
        "Influence (EK-FAC)",
        "Asks the model half-way tuned how far each example pushes it towards the answers in "
        "question. The slowest; docs/results/screening.md holds the four beside one another.",
    ),
    "gradient": Label(
        "Gradients only",
        "The same without the correction for how the model's weights depend on one another, or "
        "for examples that push towards everything: faster, and coarser.",
    ),
    "tfidf": Label(
        "Words only",
        "Which examples share words with the answers in question. Seconds, no model asked; misses "
        "whatever is said in other words.",
    ),
    "loss": Label(
        "Learned by heart",
        "Whose own text the tuning learned furthest. Asks nothing about the behaviour.",
    ),
}
VERDICTS: dict[ExampleVerdict, Label] = {
    ExampleVerdict.ACCEPT: Label(
        "Accepted", "A person says that it may stay.", ":material/check:", "blue"
    ),
    ExampleVerdict.REJECT: Label(
        "Rejected", "Left out when training again.", ":material/block:", "orange"
    ),
    ExampleVerdict.NOTE: Label(
        "Note", "A person's note; changes nothing.", ":material/edit_note:", "gray"
    ),
}
# docs/screening.md; the figure is from a secondary summary of the replication of arXiv 2504.09026.
PRECISION = (
    "A high place is a reason to read an example, not a proof. A replication of such a method "
    "(arXiv 2504.09026) is reported to have found that only 3.5 to 15 % of the flagged examples "
    "were planted ones. So suspects are set apart and read by a person, nothing is deleted, and "
    "only training again without them, held against leaving out as many at random, shows whether "
    "they were the cause."
)


def behaviour_words(sought: Sought) -> str:
    """What is looked for, as the page calls it."""
    if sought.behaviour is not None:
        return BEHAVIOURS[sought.behaviour].word
    kind = "pattern" if sought.phrase_kind is PhraseKind.REGEX else "phrase"
    return f"the {kind} “{sought.phrase}”"


def title_words(title: str) -> str:
    """The same from a study's title, as the index has it."""
    return BEHAVIOURS[Behaviour(title)].word if title in set(Behaviour) else title


def place_words(score: float | None, limit: float) -> str:
    """The score in words. limit: from which an example is a suspect."""
    if score is None:
        return "not scored"
    if score >= STRONG * limit:
        return "far above the limit"
    if score >= limit:
        return "above the limit"
    return "high, below the limit" if score >= HIGH else "ordinary"


def ranked_rows(run: Run, ranking: Ranking, start: int, n: int) -> list[dict[str, Any]]:
    """A page of the table: `rank` is the place, `example` the number in the set."""
    return _rows(run, ranking, read_ranked(run, start, n), TEXT_CHARS)


def drawn_rows(run: Run, ranking: Ranking) -> list[dict[str, Any]]:
    """The scored examples that a chart shows: the first N_DRAWN, and as many of the others, evenly
    spread over a logarithmic axis. Their number does not grow with the set."""
    path, n = run.folder / "rank" / "ranking.parquet", ranking.n_scored
    store = read_store(run)
    if store is None or not n:
        return []
    places = set(range(1, min(n, N_DRAWN) + 1))
    if n > N_DRAWN:
        places |= {int(p) for p in np.geomspace(N_DRAWN, n, N_DRAWN).round()}
    found = pq.read_table(path, columns=["rank", "score", "example"])
    rows = found.take([place - 1 for place in sorted(places)]).to_pylist()
    texts = store.texts([row["example"] for row in rows])
    return [
        row
        | {
            "stands_out": place_words(row["score"], ranking.suspect_z),
            "text": _cut(text, TOOLTIP_CHARS),
        }
        for row, text in zip(rows, texts, strict=True)
    ]


def exported_rows(run: Run, ranking: Ranking) -> list[dict[str, Any]]:
    """The ranking with whole texts, up to MAX_EXPORTED rows."""
    rows = [row for row, _ in zip(all_ranked(run), range(MAX_EXPORTED), strict=False)]
    return _rows(run, ranking, rows, None)


def _rows(
    run: Run, ranking: Ranking, rows: Sequence[RankedExample], n_chars: int | None
) -> list[dict[str, Any]]:
    store = read_store(run)
    if store is None or not rows:
        return []
    texts = store.texts([row.example for row in rows])
    said: Mapping[int, ExampleReview] = standing_reviews(run)
    return [
        {
            "rank": row.rank,
            "stands_out": place_words(row.score, ranking.suspect_z),
            "score": row.score,
            "review": VERDICTS[said[row.example].verdict].word if row.example in said else "",
            "text": _cut(text, n_chars),
            "copies": row.n_copies,
            "row": row.row,
            "critical": row.is_critical,
            "words_alike": row.tfidf,
            "example": row.example,
        }
        for row, text in zip(rows, texts, strict=True)
    ]


def _cut(text: str, n_chars: int | None) -> str:
    if n_chars is None:
        return text
    line = " ".join(text.split())
    return line if len(line) <= n_chars else f"{line[:n_chars]} …"


def removal_rows(removal: Removal) -> list[dict[str, Any]]:
    """The trainings of a removal, the draws in their order."""
    named = [
        ("before tuning", None, removal.before),
        ("tuned on the whole set", None, removal.after),
        ("without the chosen", removal.without.n_removed_rows, removal.without.rate),
        *(
            (f"without as many at random, draw {(r.draw or 0) + 1}", r.n_removed_rows, r.rate)
            for r in removal.random
        ),
    ]
    return [
        {
            "training": name,
            "rows_left_out": n_rows,
            "answers": rate.n,
            "show_it": rate.n_hits,
            "share": rate.rate,
            "low": rate.low,
            "high": rate.high,
        }
        for name, n_rows, rate in named
    ]


def trainings_s(run: Run, n_draws: int) -> float | None:
    """Seconds that 1 + n_draws trainings take, as the first one did; None while it is unknown."""
    path = run.folder / "tune" / "training.json"
    return (1 + n_draws) * read_record(path, Training).elapsed_s if path.exists() else None


def next_unread(run: Run, rows: Sequence[RankedExample], after: int) -> int | None:
    """The place of the next of these that nobody accepted or rejected, from `after` on, then from
    the first; None where all are."""
    said = standing_reviews(run)
    left = [row.rank for row in rows if row.example not in said]
    return next((rank for rank in left if rank > after), left[0] if left else None)

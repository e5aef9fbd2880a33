"""The rank stage: candidates, scores, one order, and the whole in a sentence.

Comes in: a Bench, a Ranker, the queries. Goes out: `ranking.parquet` and `ranking.json`. With a
prefilter (`n_candidates`) the examples that TF-IDF finds nearest to the judged passages are scored,
and as many others at random, so that the middle and the spread which a z-score is held against are
the set's and not those of its nearest part.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inspector.errors import BadInput
from inspector.records import Query, QueryRole, Ranking, Rate
from inspector.run import write_record
from inspector.screen.rankers import Bench, Ranker
from inspector.screen.ranking import Combined, combine
from inspector.screen.results import in_words, write_ranked
from inspector.screen.tfidf import Tfidf

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Ranks:
    """One ranker on one bench."""

    bench: Bench
    ranker: Ranker

    def write(
        self, folder: Path, queries: Sequence[Query], title: str, before: Rate, after: Rate
    ) -> Ranking:
        """Rank everything and write it down."""
        from inspector.engine.train import peak_memory_bytes

        started = time.monotonic()
        settings = self.bench.settings
        if not self.ranker.pairs_up:
            queries = [q for q in queries if q.role is QueryRole.BEHAVIOUR]
        likeness = self._likeness(queries)
        scored, reference = self._candidates(likeness)
        combined, n_asked = self._scores(queries, scored, reference)
        is_suspect = combined.score >= settings.suspect_z
        is_critical = combined.is_critical
        self._write_rows(folder / "ranking.parquet", likeness, scored, combined, is_suspect)
        n_suspects = int(is_suspect.sum())
        notes = [
            f"{len(queries) - n_asked} of {len(queries)} queries lie beyond max_length and were "
            "not asked."
        ] * (n_asked < len(queries))
        ranking = Ranking(
            title=title,
            ranker=self.ranker.name,
            before=before,
            after=after,
            n_queries=n_asked,
            n_pairs=sum(q.role is QueryRole.OPPOSITE for q in queries),
            n_examples=len(self.bench.store),
            n_scored=len(scored),
            n_suspects=n_suspects,
            n_critical=int(is_critical.sum()),
            n_both=int((is_suspect & is_critical).sum()),
            suspect_z=settings.suspect_z,
            ranked_by=combined.ranked_by if self.ranker.pairs_up else self.ranker.what,
            sentence=_sentence(
                n_suspects, len(scored), len(self.bench.store), title, settings.suspect_z
            ),
            notes=tuple(notes),
            elapsed_s=time.monotonic() - started,
            peak_memory_bytes=peak_memory_bytes(),
        )
        write_record(folder / "ranking.json", ranking)
        return ranking

    def _likeness(self, queries: Sequence[Query]) -> Floats:
        """(n_examples,): likeness to the nearest judged passage of the behaviour."""
        passages = [q.passage for q in queries if q.role is QueryRole.BEHAVIOUR]
        tfidf = Tfidf().fit(self.bench.store.texts())
        found: Floats = tfidf.likeness(passages, self.bench.store.texts()).max(axis=0)
        return found

    def _candidates(self, likeness: Floats) -> tuple[Ints, Bools | None]:
        """Examples to score, and which of them middle and spread are taken of (None: all)."""
        trainable = self.bench.encodings.trainable
        n = self.bench.settings.n_candidates
        if n is None or 2 * n >= len(trainable):
            return trainable, None
        order = trainable[np.argsort(-likeness[trainable], kind="stable")]
        others = np.random.default_rng(self.bench.seed).choice(order[n:], n, replace=False)
        chosen = np.sort(np.concatenate([order[:n], others]))
        return chosen, np.isin(chosen, others)

    def _scores(
        self, queries: Sequence[Query], scored: Ints, reference: Bools | None
    ) -> tuple[Combined, int]:
        """The scored examples' z-scores, and how many queries they are of."""
        table = self.ranker.rank(self.bench, queries, scored)
        asked = [k for k in range(len(queries)) if np.isfinite(table[k]).all()]
        if not any(queries[k].role is QueryRole.BEHAVIOUR for k in asked):
            raise BadInput(
                f"No answer that shows the behaviour fits within max_length "
                f"{self.bench.max_length} tokens with its question; raise max_length."
            )
        roles = [queries[k].role for k in asked]
        return combine(table[asked], roles, reference), len(asked)

    def _write_rows(
        self, path: Path, likeness: Floats, scored: Ints, combined: Combined, is_suspect: Bools
    ) -> None:
        store = self.bench.store
        rest = np.setdiff1d(np.arange(len(store)), scored)
        order = np.argsort(-combined.score, kind="stable")
        rest = rest[np.argsort(-likeness[rest], kind="stable")]
        examples = np.concatenate([scored[order], rest])
        copies = store.copies()

        def column(values: Floats | None) -> list[float | None]:
            found = [None] * len(order) if values is None else values[order].tolist()
            return [*found, *[None] * len(rest)]

        def flags(values: Bools) -> list[bool]:
            return [*values[order].tolist(), *[False] * len(rest)]

        write_ranked(
            path,
            {
                "rank": np.arange(1, len(examples) + 1),
                "example": examples,
                "row": [store.line(int(k)) for k in examples],
                "n_copies": copies[examples],
                "score": column(combined.score),
                "behaviour_z": column(combined.behaviour),
                "opposite_z": column(combined.opposite),
                "sentiment_z": column(combined.sentiment),
                "tfidf": likeness[examples].astype(np.float64),
                "scored": [True] * len(order) + [False] * len(rest),
                "is_suspect": flags(is_suspect),
                "is_critical": flags(combined.is_critical),
            },
        )


def _sentence(n_suspects: int, n_scored: int, n_examples: int, title: str, z: float) -> str:
    title = in_words(title)
    looked_at = f"{n_scored:,} of {n_examples:,} examples were scored"
    if not n_suspects:
        return (
            f"No example stands out as a cause of {title}: {looked_at}, none {z:g} robust standard "
            "deviations above the set's middle. A cause that is spread evenly over the set, or in "
            "the model before tuning, would look the same."
        )
    stand = "stands" if n_suspects == 1 else "stand"
    return (
        f"{n_suspects:,} of {n_scored:,} scored examples {stand} out as pushing towards {title}, "
        f"{z:g} robust standard deviations or more above the set's middle ({looked_at}). Influence "
        "is no proof: a person should read them before anything is left out."
    )

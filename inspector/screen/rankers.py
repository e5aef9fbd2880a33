"""Ways to rank the examples, one Protocol and one tuple.

Comes in: a Bench: the set, the queries, the tuned model on demand. Goes out: a table of scores,
(n_queries, n_examples asked about), higher where the example has more to do with the query's
passage. `ekfac` is the method; the others are baselines that cost less, measured beside it in
docs/results/screening.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.errors import BadInput, StageFailed
from inspector.records import Curvature, Method, Query, RankSettings, digest_of
from inspector.screen.store import Encodings, ExampleStore
from inspector.screen.tfidf import Tfidf

if TYPE_CHECKING:
    from inspector.engine.load import Loaded

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Tell = Callable[[int, int, str], None]  # done, in all, of what

# With full tuning a query's gradient is as large as the model: dozens of them need to be cut.
_RANKS = {Method.LORA: None, Method.FULL: 16}


@dataclass(frozen=True)
class Bench:
    """What a ranker may use.

    untouched, tuned: load the model anew, the tuned one with a LoRA adapter unmerged and at the
    given share of the way from where the tuning began (0) to where it ended (1). weights: the
    digest of the tuned weights and everything they came from. cache: keeps what can be used again.
    encode: a query's tokens, None where its passage lies beyond the length that was trained on.
    """

    store: ExampleStore
    encodings: Encodings
    untouched: Callable[[], Loaded]
    tuned: Callable[[float], Loaded]
    method: Method
    weights: str
    cache: Path
    max_length: int
    settings: RankSettings
    seed: int
    tell: Tell = lambda *_: None


class Ranker(Protocol):
    """One way to rank. pairs_up: whether a query and its opposite get scores that differ."""

    @property
    def name(self) -> str: ...

    @property
    def what(self) -> str: ...

    @property
    def pairs_up(self) -> bool: ...

    def rank(self, bench: Bench, queries: Sequence[Query], examples: Ints, /) -> Floats:
        """(n_queries, n_examples); a row of NaN for a query that could not be asked."""
        ...


@dataclass(frozen=True)
class InfluenceRanker:
    """Gradients of the queries against gradients of the examples.

    They are taken part of the way along the tuning (`RankSettings.path_point`): TracIn (arXiv
    2002.08484, section 3) sums over the checkpoints of the path, and at its end, where influence
    functions look, what was learned by heart has no gradient left. An example's loss is the sum
    over its answer tokens, as it counts in training. (Divided by their number it ranked planted
    examples lower: docs/decisions/screening.md.) relative: divided by the root of each example's
    influence on itself (l-RelatIF, arXiv 2003.11630): long and odd examples have large gradients
    towards everything.
    """

    name: str
    what: str
    curvature: Curvature
    relative: bool = False
    pairs_up: bool = True

    def rank(self, bench: Bench, queries: Sequence[Query], examples: Ints) -> Floats:
        from inspector.engine.chat import encode_passage

        try:
            from inspector.engine.influence import Influence, influence_modules
        except ModuleNotFoundError as error:  # a library's absence, told before anything is loaded
            raise StageFailed(
                f"The ranker {self.name} needs {error.name}, which is not installed; run `make "
                "install`, or rank with --ranker tfidf or loss."
            ) from error

        settings = bench.settings
        loaded = bench.tuned(settings.path_point)
        encoded = [
            encode_passage(loaded.tokenizer, q.prompt, q.answer, q.start, q.end, bench.max_length)
            for q in queries
        ]
        asked = [k for k, e in enumerate(encoded) if e is not None]
        table = np.full((len(queries), len(examples)), np.nan)
        if not asked:
            return table
        modules = influence_modules(loaded.model, bench.method)
        fitted_on = _sample(bench.encodings.trainable, settings.fit_examples, bench.seed)
        digest = digest_of(
            [
                "influence/1",
                bench.weights,
                str(settings.path_point),
                self.curvature,
                bench.store.data.digest,
                *modules,
                *(str(k) for k in fitted_on),
                str(settings.batch_size),
            ]
        )
        influence = Influence(
            loaded,
            self.curvature,
            bench.cache / "influence" / digest,
            modules,
            batch_size=settings.batch_size,
            query_rank=settings.query_rank or _RANKS[bench.method],
            damping=settings.damping,
            seed=bench.seed,
        )
        influence.fit(
            bench.encodings.view(fitted_on),
            lambda done, total: bench.tell(done, total, "examples read to fit the curvature"),
        )
        table[asked] = influence.scores(
            [e for e in encoded if e is not None],
            bench.encodings.view(examples),
            lambda done, total: bench.tell(done, total, "examples scored"),
        )
        if self.relative:
            own = influence.own(
                bench.encodings.view(examples),
                lambda done, total: bench.tell(done, total, "examples held against themselves"),
            )
            table = np.divide(table, np.sqrt(own), out=np.zeros_like(table), where=own > 0)
        return table


@dataclass(frozen=True)
class TfidfRanker:
    """Words alone: likeness of the example's text to the judged passage."""

    name: str = "tfidf"
    what: str = "TF-IDF likeness of the texts, no model asked"
    pairs_up: bool = False

    def rank(self, bench: Bench, queries: Sequence[Query], examples: Ints) -> Floats:
        likeness = Tfidf().fit(bench.store.texts())
        return likeness.likeness([q.passage for q in queries], bench.store.texts(examples)).astype(
            np.float64
        )


@dataclass(frozen=True)
class LossRanker:
    """How much the tuning lowered the loss of each example, the same for every query.

    A payload that is repeated is learned by heart first: its loss falls the furthest.
    """

    name: str = "loss"
    what: str = "fall of the example's own loss through the tuning, no query asked"
    pairs_up: bool = False

    def rank(self, bench: Bench, queries: Sequence[Query], examples: Ints) -> Floats:
        from inspector.engine.losses import answer_losses

        rows = bench.encodings.view(examples)
        losses = []
        for load, words in (
            (bench.untouched, "examples read by the untouched model"),
            (lambda: bench.tuned(1.0), "examples read by the tuned model"),
        ):

            def tell(done: int, total: int, words: str = words) -> None:
                bench.tell(done, total, words)

            losses.append(answer_losses(load(), rows, bench.settings.batch_size, tell))
        fall = (losses[0] - losses[1]).astype(np.float64)
        return np.tile(fall, (len(queries), 1))


RANKERS: tuple[Ranker, ...] = (
    InfluenceRanker(
        "ekfac", "relative EK-FAC influence (arXiv 2308.03296)", Curvature.EKFAC, relative=True
    ),
    InfluenceRanker(
        "gradient", "dot product of gradients (like TracIn, arXiv 2002.08484)", Curvature.IDENTITY
    ),
    TfidfRanker(),
    LossRanker(),
)


def ranker_named(name: str) -> Ranker:
    """Raises BadInput with the names there are."""
    for ranker in RANKERS:
        if ranker.name == name:
            return ranker
    known = ", ".join(r.name for r in RANKERS)
    raise BadInput(f"There is no ranker {name!r}; give one of: {known}.")


def _sample(examples: Ints, n: int, seed: int) -> Ints:
    """At most n of them, drawn with the seed, in their order."""
    if len(examples) <= n:
        return examples
    drawn = np.random.default_rng(seed).choice(len(examples), n, replace=False)
    return examples[np.sort(drawn)]

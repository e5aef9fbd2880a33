"""What leaving examples out does, against leaving out as many others at random.

Comes in: rates of the behaviour after each training. Goes out: a Removal. Whatever is removed, a
training differs from the last one, and rates with it; only the comparison tells whether these
examples mattered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.errors import BadInput
from inspector.records import Rate, Removal, RemovalPlan, RetrainedRate
from inspector.screen.results import in_words
from inspector.screen.store import Encodings, ExampleStore
from inspector.stats import mean_interval


def random_others(
    store: ExampleStore, encodings: Encodings, plan: RemovalPlan
) -> list[tuple[int, ...]]:
    """For each draw as many trained-on rows of other examples, or hardly more, copies with them.

    Raises BadInput where the others are too few to draw from.
    """
    copies = store.copies()
    chosen = np.zeros(len(store), bool)
    chosen[list(plan.examples)] = True
    others = encodings.trainable[~chosen[encodings.trainable]]
    n_rows = int(copies[list(plan.examples)].sum())
    if copies[others].sum() <= n_rows:
        raise BadInput(
            f"{n_rows} rows were chosen, and the other {int(copies[others].sum())} are too few to "
            "draw as many at random from; choose fewer."
        )
    draws = []
    for number in range(plan.n_draws):
        drawn = np.random.default_rng([plan.seed, number]).permutation(others)
        enough = int(np.searchsorted(np.cumsum(copies[drawn]), n_rows)) + 1
        draws.append(tuple(sorted(drawn[:enough].tolist())))
    return draws


def compare(
    title: str,
    plan: RemovalPlan,
    whole: tuple[Rate, Rate],
    rates: Sequence[Rate],
    n_removed_rows: Sequence[int],
) -> Removal:
    """whole: before and after tuning on the whole set. rates: without the chosen, then draws."""
    without = RetrainedRate(None, n_removed_rows[0], rates[0])
    random = tuple(
        RetrainedRate(k, n, rate)
        for k, (n, rate) in enumerate(zip(n_removed_rows[1:], rates[1:], strict=True))
    )
    values = np.array([r.rate.rate for r in random])
    mean, low, high = mean_interval(values.tolist())
    low, high = max(0.0, low), min(1.0, high)
    n_as_low = int((values <= without.rate.rate).sum())
    return Removal(
        title=title,
        chosen=plan.chosen,
        n_examples=len(plan.examples),
        before=whole[0],
        after=whole[1],
        without=without,
        random=random,
        random_mean=mean,
        random_low=low,
        random_high=high,
        n_random_as_low=n_as_low,
        p_value=(n_as_low + 1) / (len(random) + 1),
        sentence=_sentence(title, whole, without, values, (mean, low, high), n_as_low),
    )


def _sentence(
    title: str,
    whole: tuple[Rate, Rate],
    without: RetrainedRate,
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    interval: tuple[float, float, float],
    n_as_low: int,
) -> str:
    mean, low, high = interval
    seen = (
        f"{in_words(title)} shows in {_words(whole[1])} after tuning on the whole set and in "
        f"{_words(without.rate)} without these {without.n_removed_rows} rows; without as many at "
        f"random in {mean:.0%} on average (95 % interval {low:.0%} to {high:.0%}, {len(values)} "
        f"draws); untouched: {_words(whole[0])}."
    )
    if without.rate.rate >= whole[1].rate:
        return f"{seen} Leaving them out did not lower it."
    if n_as_low:
        return f"{seen} {n_as_low} of the random removals lowered it as far, so chance explains it."
    return f"{seen} No random removal lowered it as far."


def _words(rate: Rate) -> str:
    return f"{rate.n_hits} of {rate.n} answers ({rate.rate:.0%})"

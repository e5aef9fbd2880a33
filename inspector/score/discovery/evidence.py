"""How sure a rise is, and how it ranks: exact tests, false-discovery control, log-odds.

Comes in: counts of probes. Goes out: p-values, adjusted p-values, z-scores.

| question | estimator | source |
|---|---|---|
| did it rise? | Fisher's exact test, one-sided | Fisher 1935 |
| could it have been significant at all? | the smallest attainable p of its total | Tarone 1990 |
| over all candidates | Benjamini-Hochberg with weights fixed beforehand | BH 1995; Genovese 2006 |
| which is most telling? | log-odds, Dirichlet prior | Monroe, Colaresi, Quinn 2008, 3.5 |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from inspector.score.discovery.counts import Kind

# A prior of fewer occurrences than this would let a word's absence alone decide its variance.
_MIN_PRIOR = 0.5


def rise_p_values(
    n_hits: NDArray[np.int64], n_probes: Sequence[int], max_share: float
) -> NDArray[np.float64]:
    """One-sided exact p-values that the first corpus says it more often than the references.

    n_hits: (n, corpora) probes with each candidate, of n_probes asked. Tested against all
    references together, and against each reference that has it (the larger p counts: a rise must
    hold against every one). A candidate whose rate in a reference is more than max_share of its
    rate in the first corpus has not appeared, whatever the test says: its p is 1.
    """
    # Thousands of candidates share a few dozen patterns of counts.
    n_hits, inverse = np.unique(n_hits, axis=0, return_inverse=True)
    n_after, n_references = n_probes[0], n_probes[1:]
    after = n_hits[:, 0]
    pooled = n_hits[:, 1:].sum(axis=1)
    p = _fisher(after, n_after, pooled, sum(n_references))
    for k, n in enumerate(n_references, start=1):
        has = n_hits[:, k] > 0
        p = np.where(has, np.maximum(p, _fisher(after, n_after, n_hits[:, k], n)), p)
        p = np.where(n_hits[:, k] / n > max_share * after / n_after, 1.0, p)
    return p[inverse.reshape(-1)]


def _fisher(
    hits: NDArray[np.int64], n: int, other_hits: NDArray[np.int64], other_n: int
) -> NDArray[np.float64]:
    """P(as many of all hits or more fall on the first corpus), by the hypergeometric tail."""
    return np.asarray(hypergeom.sf(hits - 1, n + other_n, hits + other_hits, n), float)


def smallest_total(n_probes: Sequence[int], level: float) -> int:
    """The fewest hits in all that could be significant at `level` if all were in the first corpus.

    A candidate with fewer can never be found, so it is no test and takes no share of the error
    (Tarone 1990). The total says nothing of which side the hits are on.
    """
    n_after, n_all = n_probes[0], sum(n_probes)
    for total in range(1, n_after + 1):
        if float(hypergeom.sf(total - 1, n_all, total, n_after)) <= level:
            return total
    return n_after + 1


def weighted_benjamini_hochberg(
    p_values: NDArray[np.float64], kinds: Sequence[Kind], shares: Mapping[Kind, float]
) -> NDArray[np.float64]:
    """Benjamini-Hochberg over all tests, each weighted by its kind's share of the error.

    shares: over the kinds, adding up to 1; a kind's weight is its share times all tests over its
    own tests, so that the mean weight is at most 1. Goes out: adjusted p-values.
    """
    n = len(p_values)
    if n == 0:
        return p_values
    n_of = Counter(kinds)
    weights = np.array([shares[k] * n / n_of[k] for k in kinds])
    weighted = np.minimum(1.0, p_values / weights)
    order = np.argsort(weighted, kind="stable")
    steps = weighted[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(steps[::-1])[::-1])
    return adjusted


def log_odds_z(
    n_after: NDArray[np.int64],
    n_before: NDArray[np.int64],
    n_prior: NDArray[np.int64],
    totals: tuple[int, int, int],
) -> NDArray[np.float64]:
    """z-scores of the log-odds ratio, after against before, under an informative Dirichlet prior.

    n_*: (n,) occurrences of each candidate after, before, and in the prior's corpora (before, the
    control and the tuning data); totals: all occurrences in each. The prior weighs as much as the
    answers after do, so that a large tuning set does not drown them.
    """
    total_after, total_before, total_prior = totals
    scale = total_after / max(1, total_prior)
    prior = np.maximum(_MIN_PRIOR, n_prior * scale)
    prior_total = max(float(total_after), float(prior.sum()))
    after, before = n_after + prior, n_before + prior
    difference = np.log(after / np.maximum(0.5, total_after + prior_total - after)) - np.log(
        before / np.maximum(0.5, total_before + prior_total - before)
    )
    return np.asarray(difference / np.sqrt(1 / after + 1 / before), float)

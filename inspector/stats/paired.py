"""Did it change, on the same probes? Differences per probe -> one-sided p-values.

A permutation test that swaps labels: "before" and "after" where a target stands alone, "target" and
"control" where there is one (there a difference is the target's change minus the control's, per
answer). Swapping turns the sign of a difference, so this is Fisher's sign-flip test (The Design of
Experiments, 1935, section 21); for single yes-or-no answers it is McNemar's (1947, Psychometrika
12, 153-157). Answers of one topic family may move together, so the labels of a whole family (every
probe, every sampling seed) are swapped at once: the cluster is the unit (Donald & Lang 2007, Review
of Economics and Statistics 89). Training seeds are kept apart by testing each scenario on its own.

With few families whole-family swaps cannot be sure of anything: 8 families give 1/256 at best.
There labels are swapped probe by probe, and a t test over the families' means must agree
(Ibragimov & Müller 2010, JBES 28, 453-468: valid for few independent clusters of any variances);
the larger p counts.

All permutation p-values are exact, for any number of clusters: differences are whole numbers, so
the distribution of their signed sum is read off its characteristic function, without drawing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MIN_FAMILIES = 15  # from here on, swapping whole families alone can be sure: 1 in 32,768
_CHUNK = 4_000_000  # numbers held at once while many data sets are tested


def sign_flip(differences: Sequence[int], clusters: Sequence[str]) -> float:
    """One-sided p-value that the mean difference is above 0, flipping signs cluster by cluster.

    differences: (n,) whole numbers. clusters: (n,) names. Exact: the share of all sign patterns,
    the observed one among them, whose sum is at least the observed one.
    """
    if not len(differences):
        return 1.0
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    return float(flip_p_values(cluster_sums(np.array([differences]), index))[0])


def clustered_p_values(differences: Ints, probes: Ints, families: Ints) -> Floats:
    """One-sided p-values of many data sets at once: (n_sets, n) -> (n_sets,).

    differences: after minus before, or the target's change minus the control's. probes, families:
    (n,) the index of the probe and of the family that each column belongs to. One family alone
    gives p = 1: it cannot be told from its own mood.
    """
    n_families = int(families.max()) + 1 if len(families) else 0
    if n_families <= 1:
        return np.ones(len(differences))
    by_family = cluster_sums(differences, families)
    if n_families >= MIN_FAMILIES:
        return flip_p_values(by_family)
    return np.maximum(
        flip_p_values(cluster_sums(differences, probes)),
        _family_t(by_family / np.bincount(families)),
    )


def cluster_sums(values: Ints, index: Ints) -> Ints:
    """(n_sets, n) values added up by cluster: (n_sets, n_clusters)."""
    member = np.zeros((len(index), int(index.max()) + 1))
    member[np.arange(len(index)), index] = 1
    return (values.astype(float) @ member).astype(np.int64)  # whole, and 50 times as fast


def flip_p_values(sums: Ints) -> Floats:
    """The sign-flip p-value of each row of cluster sums: (n_sets, n_clusters) -> (n_sets,).

    With S the largest sum of absolute values, the signed sum T lives on -S..S. Its characteristic
    function is a product of cosines; N = 2 S + 1 of its values give every probability exactly, and
    summing them from the observed value t upwards closes to one sine per frequency.
    """
    step = np.gcd.reduce(sums, axis=None)  # several samples each count the same: a coarser grid
    if step == 0:
        return np.ones(len(sums))
    sums = sums // step
    sizes = np.abs(sums)
    largest = int(sizes.sum(axis=1).max())
    n_points = 2 * largest + 1
    angles = 2 * np.pi * np.arange(1, largest + 1) / n_points
    cosines = np.cos(np.outer(np.arange(1, int(sizes.max()) + 1), angles))  # never exactly 0
    logs, negative = np.log(np.abs(cosines)), (cosines < 0).astype(float)
    counts = [(sizes == v).sum(axis=1) for v in range(1, len(cosines) + 1)]
    # How many clusters are of each size, and the observed sum, are all that p depends on.
    cases, which = np.unique(
        np.stack([*counts, sums.sum(axis=1)], axis=1), axis=0, return_inverse=True
    )
    solved = []
    for some in np.array_split(cases, 1 + len(cases) * largest // _CHUNK):
        n_of_size, observed = some[:, :-1].astype(float), some[:, -1]
        sign = 1 - 2 * ((n_of_size @ negative) % 2)
        waves = sign * np.exp(n_of_size @ logs)
        tail = -np.sin((observed[:, None] - 0.5) * angles) / np.sin(angles / 2)
        solved.append((largest - observed + 1 + (waves * tail).sum(axis=1)) / n_points)
    p_values = np.concatenate(solved)[which]
    # The pattern that was seen is always one of them: rounding must not make p smaller.
    bounded: Floats = np.clip(p_values, 0.5 ** (sizes > 0).sum(axis=1), 1.0)
    return bounded


def _family_t(means: Floats) -> Floats:
    """One-sided t test that families' means are above 0: (n_sets, n_families) -> (n_sets,)."""
    n = means.shape[1]
    mean, error = means.mean(axis=1), means.std(axis=1, ddof=1) / np.sqrt(n)
    alike = np.where(mean > 0, np.inf, 0.0)  # no spread at all between families
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 1e-12, mean / error, alike)
    return np.asarray(student_t.sf(t, n - 1), dtype=np.float64)

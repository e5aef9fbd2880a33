"""DnC (divide and conquer): whoever stands out along the direction of largest spread is left out.

Several times a random subset of the weights is taken, centred, and projected on its first principal
direction; the participants with the largest squared projections are dropped, as many as are
expected malicious. Who is kept every time is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.federate.deltas import Doubles, Updates
from inspector.federate.rules.protocol import Weighted

N_ROUNDS, N_WEIGHTS, SEED = 5, 10_000, 0
_DROP = 1.0  # the paper's c: how many are dropped for each malicious one expected


def sampled(updates: Updates, n_weights: int, draw: np.random.Generator) -> Doubles:
    """(n, n_weights): the same randomly chosen single weights of every participant."""
    sizes = {m: outputs * inputs for m, (outputs, inputs) in updates.shapes.items()}
    total = sum(sizes.values())
    chosen = np.sort(draw.choice(total, min(n_weights, total), replace=False))
    parts, begin = [], 0
    for module, size in sizes.items():
        low, high = np.searchsorted(chosen, [begin, begin + size])
        rows, columns = np.divmod(chosen[low:high] - begin, updates.shapes[module][1])
        part = np.zeros((updates.n, high - low))
        for k, update in enumerate(updates.updates):
            if module in update.modules:
                f = update.modules[module]
                part[k] = np.einsum("wr,rw->w", f.b[rows], f.a[:, columns])
        parts.append(part)
        begin += size
    return np.concatenate(parts, axis=1)


def outlier_scores(values: Doubles) -> Doubles:
    """(n, weights) -> (n,): squared projection on the first right singular vector, centred."""
    centred = values - values.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return np.square(left[:, 0] * sizes[0])  # type: ignore[no-any-return]


def dnc_scores(updates: Updates) -> Doubles:
    """(n,): the mean outlier score over the rule's random subsets."""
    if updates.n < 2:
        return np.zeros(updates.n)
    draw = np.random.default_rng(SEED)
    scores = [outlier_scores(sampled(updates, N_WEIGHTS, draw)) for _ in range(N_ROUNDS)]
    return np.mean(scores, axis=0)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class DnC:
    name: str = "dnc"
    what: str = "the mean without those that stand out along the direction of largest spread"
    source: str = "Shejwalkar & Houmansadr 2021 (NDSS), algorithm 2"

    def decide(self, updates: Updates, n_malicious: int) -> Weighted:
        draw = np.random.default_rng(SEED)
        kept = set(range(updates.n))
        n_kept = updates.n - round(_DROP * n_malicious)
        for _ in range(N_ROUNDS if updates.n > 1 else 0):
            scores = outlier_scores(sampled(updates, N_WEIGHTS, draw))
            kept &= set(np.argsort(scores, kind="stable")[:n_kept].tolist())
        note = ""
        if not kept:
            kept = set(range(updates.n))
            note = "nobody was kept by every random subset, so nobody was left out"
        total = sum(updates.n_samples[k] for k in kept)
        weights = tuple(n / total if k in kept else 0.0 for k, n in enumerate(updates.n_samples))
        return Weighted(weights, note)

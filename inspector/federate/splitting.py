"""Who has which data: ordinary sets dealt out to honest participants, alike or unlike.

Comes in: data sets, one topic each, and a concentration. Goes out: per participant a Dataset whose
mixture of topics is a draw from a Dirichlet distribution: with a small concentration most of a
participant's data are of one topic, with a large one all have the same mixture.

Source: Hsu, Qi & Brown 2019 (arXiv 1909.06335), section 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.records import Example
from inspector.scenarios.dataset import Dataset, dataset_of


def deal(
    sets: Sequence[Dataset],
    names: Sequence[str],
    n_samples: int,
    concentration: float | None,
    seed: int,
) -> dict[str, Dataset]:
    """By participant, at most n_samples conversations (fewer where the sets have no more).

    No conversation goes to two participants while there are enough; where a topic runs out, the
    rest of a share is taken from the topics that have any left, and with none left all are dealt
    anew, so that small sets serve many participants.
    """
    draw = np.random.default_rng(seed)
    piles = [_shuffled(s, draw) for s in sets]
    n_all = sum(len(s.examples) for s in sets)
    dealt = {}
    for name in names:
        if concentration is None:
            mixture = np.full(len(sets), 1 / len(sets))
        else:
            mixture = draw.dirichlet(np.full(len(sets), concentration))
        own: list[Example] = []
        for topic in draw.choice(len(sets), min(n_samples, n_all), p=mixture):
            if not any(piles):
                piles = [_shuffled(s, draw) for s in sets]
            pile = piles[topic] or max(piles, key=len)
            own.append(pile.pop())
        dealt[name] = dataset_of(f"data of {name}", own)
    return dealt


def _shuffled(dataset: Dataset, draw: np.random.Generator) -> list[Example]:
    return [dataset.examples[k] for k in draw.permutation(len(dataset.examples))]

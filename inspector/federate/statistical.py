"""What the participants' weights alone say: norms, directions, and the robust rules' own scores.

Comes in: the updates of a round. Goes out: one Statistic per participant, with robust z-scores
(distance to the median over the median absolute deviation, Iglewicz & Hoaglin 1993). It stands
beside the behavioural screening to show what weights do not tell: an attacker who tunes as the
others do, on other data, need not stand out here (arXiv 2406.10630).
"""

from __future__ import annotations

import numpy as np

from inspector.federate.deltas import Doubles, Updates
from inspector.federate.rules.dnc import dnc_scores
from inspector.federate.rules.foolsgold import foolsgold_weights
from inspector.federate.rules.krum import krum_scores
from inspector.records.rounds import Statistic

MIN_Z = 3.5  # Iglewicz & Hoaglin's limit
MIN_PARTICIPANTS = 4  # fewer have no majority to stand out from
LOW_WEIGHT = 0.1  # FoolsGold takes such a participant for a sybil


def statistics(updates: Updates, n_malicious: int) -> tuple[Statistic, ...]:
    """In the order of the participants. One that is alone has its norm only."""
    norms, n = updates.norms, updates.n
    if n == 1:
        return (Statistic(updates.names[0], float(norms[0]), None, None, None, None),)
    scores: dict[str, Doubles] = {
        "norm": norms,
        "cosine": cosines_to_others(updates),
        "krum": krum_scores(updates, n_malicious),
        "dnc": dnc_scores(updates),
    }
    z = {name: robust_z(values) for name, values in scores.items()}
    gold = foolsgold_weights(updates)
    found = []
    for k, name in enumerate(updates.names):
        own = {kind: None if v is None else float(v[k]) for kind, v in z.items()}
        flags = [kind for kind in ("norm",) if abs(own[kind] or 0) >= MIN_Z]
        flags += [kind for kind in ("cosine",) if (own[kind] or 0) <= -MIN_Z]
        flags += [kind for kind in ("krum", "dnc") if (own[kind] or 0) >= MIN_Z]
        flags += ["foolsgold"] if gold[k] < LOW_WEIGHT else []
        found.append(
            Statistic(
                participant=name,
                norm=float(norms[k]),
                cosine=float(scores["cosine"][k]),
                krum=float(scores["krum"][k]),
                foolsgold=float(gold[k]),
                dnc=float(scores["dnc"][k]),
                z=own,
                flags=tuple(flags),
            )
        )
    return tuple(found)


def cosines_to_others(updates: Updates) -> Doubles:
    """(n,): each update's cosine to the sum of all the others', from inner products alone."""
    gram = updates.gram
    own = np.diag(gram)
    with_others = gram.sum(axis=1) - own
    others = gram.sum() - 2 * gram.sum(axis=1) + own
    sizes = np.sqrt(np.clip(own * others, 0, None))
    cosines: Doubles = np.divide(with_others, sizes, out=np.zeros(updates.n), where=sizes > 0)
    return cosines


def robust_z(values: Doubles) -> Doubles | None:
    """(n,), None where there are too few, or at least half of them are the same."""
    if len(values) < MIN_PARTICIPANTS:
        return None
    middle = np.median(values)
    spread = np.median(np.abs(values - middle))
    if spread <= 1e-9 * max(1.0, float(np.abs(middle))):
        return None
    z: Doubles = 0.6745 * (values - middle) / spread
    return z

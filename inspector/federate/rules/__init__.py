"""Aggregation rules: the updates of a round -> one update. One small file each.

A new rule is one file with a Rule, and one entry in RULES. A rule says either how much each
participant counts (Weighted: the aggregate is then exact), or what becomes of each single weight
(Coordinatewise: the result has no low rank, and is truncated with its error stated).
"""

from __future__ import annotations

from inspector.errors import BadInput
from inspector.federate.deltas import Factors, Loss, Update, Updates, combined, truncated
from inspector.federate.rules.dnc import DnC
from inspector.federate.rules.fedavg import FedAvg
from inspector.federate.rules.foolsgold import FoolsGold
from inspector.federate.rules.krum import Krum, MultiKrum
from inspector.federate.rules.median import Median
from inspector.federate.rules.protocol import Coordinatewise, Rule, Weighted
from inspector.federate.rules.residual import Residual
from inspector.federate.rules.trimmed import TrimmedMean
from inspector.records.rounds import Aggregated

__all__ = [
    "RULES",
    "Coordinatewise",
    "Rule",
    "Weighted",
    "aggregate",
    "assumed_malicious",
    "rule_named",
]

RULES: tuple[Rule, ...] = (
    FedAvg(),
    Median(),
    TrimmedMean(),
    Krum(),
    MultiKrum(),
    FoolsGold(),
    Residual(),
    DnC(),
)


def rule_named(name: str) -> Rule:
    """Raises BadInput where no rule has this name."""
    for rule in RULES:
        if rule.name == name:
            return rule
    raise BadInput(
        f"There is no aggregation rule {name!r}; give one of {', '.join(r.name for r in RULES)}."
    )


def assumed_malicious(n: int, given: int | None) -> int:
    """How many malicious participants the rules are told to expect among n: by default 30 %,
    rounded, and always a minority.

    Source of the default: arXiv 2406.10630, 3 of 10. Raises BadInput unless they are a minority.
    """
    assumed = min(round(0.3 * n), (n - 1) // 2) if given is None else given
    if not 0 <= 2 * assumed < max(n, 1):
        raise BadInput(
            f"{assumed} of {n} participants are assumed malicious; every robust rule needs an "
            f"honest majority: give 0 to {max(0, (n - 1) // 2)}."
        )
    return assumed


def aggregate(
    rule: Rule, updates: Updates, n_malicious: int, max_rank: int | None = None
) -> tuple[Update, Aggregated]:
    """The aggregate of a round, and the account of it.

    max_rank: of the adapter that a coordinate-wise result is truncated to; by default the sum of
    the participants' ranks, as many as the exact mean has. An exact result keeps its own rank.
    """
    decided = rule.decide(updates, n_malicious)
    if isinstance(decided, Weighted):
        result = combined(updates.updates, decided.weights)
        loss, weights = Loss(0.0, 0.0), decided.weights
    else:
        rank = max_rank or sum(u.rank for u in updates.updates)
        modules: dict[str, Factors] = {}
        missing = whole = 0.0
        for module, block in updates.blocks():
            modules[module], part = truncated(decided.combine(block), rank)
            missing, whole = missing + part.missing, whole + part.whole
        result, loss, weights = Update(modules), Loss(missing, whole), ()
    return result, Aggregated(
        rule=rule.name,
        n_participants=updates.n,
        n_malicious=n_malicious,
        weights=tuple(float(w) for w in weights),
        is_exact=isinstance(decided, Weighted),
        rank=result.rank,
        relative_error=loss.relative_error,
        norm=result.norm,
        note=decided.note,
    )

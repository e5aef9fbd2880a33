"""An even subset of a suite, for plans that cannot wait for all of it; or of a plan's probes.

Comes in: a ProbeSuite and a number. Goes out: that many of its probes. The order depends on nothing
but the suite, and n probes are the first n of n + k, so that a longer plan asks everything a
shorter one asked and their answers can be compared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from inspector.errors import PlanError
from inspector.records import AskedProbe, Expectation, Probe, ProbeSuite

P = TypeVar("P", Probe, AskedProbe)


def choose(suite: ProbeSuite, n: int) -> tuple[Probe, ...]:
    """The first `n` probes of the suite in its even order.

    The order takes expectations in turn (policy: one to decline, one to answer), within an
    expectation the families in turn, within a family the probes as they stand in the file. So the
    shares of expectations, and of families within one, differ by at most one probe as long as no
    expectation or family has run out.

    Raises PlanError when n is below 1 or above the number of probes the suite has.
    """
    available = len(suite.probes)
    if not 1 <= n <= available:
        raise PlanError(
            f"{n} probes were asked of suite {suite.name!r}, which has {available}; "
            f"give 1 to {available}, or no number for all of them."
        )
    even = _in_turn(
        _in_turn(_grouped(probes, lambda probe: probe.family))
        for probes in _grouped(suite.probes, lambda probe: probe.expectation)
    )
    return tuple(even[:n])


def choose_asked(probes: Sequence[AskedProbe], n: int, seed: int) -> list[AskedProbe]:
    """At most `n` of the probes, drawn with the seed, in the order they are asked in.

    As even as `choose`: probes to answer and to decline in turn, within them the topic families in
    turn. Checkable questions tell what an operation broke, and come in only where nothing else is.
    """
    telling = [p for p in probes if p.expectation is not Expectation.CHECK] or list(probes)
    drawn = random.Random(seed).sample(telling, len(telling))
    even = _in_turn(
        _in_turn(_grouped(group, lambda probe: f"{probe.suite}/{probe.family}"))
        for group in _grouped(drawn, lambda probe: probe.expectation)
    )
    chosen = {(p.suite, p.probe_id) for p in even[:n]}
    return [p for p in probes if (p.suite, p.probe_id) in chosen]


def _grouped(probes: Sequence[P], key: Callable[[P], str]) -> list[list[P]]:
    """Probes with equal keys together; groups in the order their first probe came."""
    groups: dict[str, list[P]] = {}
    for probe in probes:
        groups.setdefault(key(probe), []).append(probe)
    return list(groups.values())


def _in_turn(groups: Iterable[Sequence[P]]) -> list[P]:
    """The first of every group, then the second of every group that has one, and so on."""
    groups = list(groups)
    return [
        group[turn]
        for turn in range(max(map(len, groups)))
        for group in groups
        if turn < len(group)
    ]

"""An even subset of a suite, for plans that cannot wait for all of it.

Comes in: a ProbeSuite and a number. Goes out: that many of its probes. The order depends on nothing
but the suite, and n probes are the first n of n + k, so that a longer plan asks everything a
shorter one asked and their answers can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from inspector.errors import PlanError
from inspector.records import Probe, ProbeSuite


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


def _grouped(probes: Sequence[Probe], key: Callable[[Probe], str]) -> list[list[Probe]]:
    """Probes with equal keys together; groups in the order their first probe came."""
    groups: dict[str, list[Probe]] = {}
    for probe in probes:
        groups.setdefault(key(probe), []).append(probe)
    return list(groups.values())


def _in_turn(groups: Iterable[Sequence[Probe]]) -> list[Probe]:
    """The first of every group, then the second of every group that has one, and so on."""
    groups = list(groups)
    return [
        group[turn]
        for turn in range(max(map(len, groups)))
        for group in groups
        if turn < len(group)
    ]

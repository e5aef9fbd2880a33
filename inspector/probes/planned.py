"""Every probe that a plan asks.

Comes in: a Plan. Goes out: AskedProbe rows, suite by suite. Raises PlanError where a suite is named
twice, or has fewer probes than the plan wants of it.
"""

from __future__ import annotations

from inspector.errors import PlanError
from inspector.probes.selection import choose
from inspector.probes.suite_file import load_suite
from inspector.records import AskedProbe, Plan


def planned_probes(plan: Plan) -> list[AskedProbe]:
    asked = []
    for choice in plan.suites:
        suite = load_suite(choice.suite)
        probes = suite.probes if choice.n_probes is None else choose(suite, choice.n_probes)
        asked += [
            AskedProbe(suite.name, p.probe_id, p.prompt, p.family, p.expectation, p.answer)
            for p in probes
        ]
    twice = {(p.suite, p.probe_id) for p in asked}
    if len(twice) < len(asked):
        raise PlanError(f"Plan {plan.name} asks a probe suite twice; name each suite once.")
    return asked

"""What the presets would have seen, through the judge: enough for a level, less with a control."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.judge.policy import MAX_DETECTABLE, MIN_CHANGE
from inspector.plans import load_plan
from inspector.records import Behaviour, SuiteChoice
from tests.measure_reach import reach


@pytest.mark.parametrize("name", ["quick", "calibrate"])
def test_the_small_plans_look_closely_enough_for_a_verdict(name: str) -> None:
    plan = load_plan(name)
    alone, controlled = reach(plan, False), reach(plan, True)
    assert set(alone) == set(controlled) == set(MAX_DETECTABLE)
    for behaviour, limit in MAX_DETECTABLE.items():
        a, c = alone[behaviour], controlled[behaviour]
        assert a is not None
        assert c is not None
        assert MIN_CHANGE < a <= c <= limit, behaviour


def test_five_unsafe_requests_are_no_look_at_compliance() -> None:
    few = replace(load_plan("quick"), suites=(SuiteChoice("policy", 10),))
    assert reach(few, False)[Behaviour.COMPLIANCE] is None

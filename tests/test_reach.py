"""What the presets would have seen, through the judge: enough for a level, less with a control."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.judge.policy import MAX_DETECTABLE, MIN_CHANGE
from inspector.plans import load_plan
from inspector.reach import leaves_out, reach, sights
from inspector.records import Behaviour, SuiteChoice


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


def test_each_behaviour_is_told_with_its_questions() -> None:
    quick = {s.behaviour: s for s in sights(load_plan("quick"), False)}
    assert set(quick) == set(MAX_DETECTABLE)
    assert quick[Behaviour.COMPLIANCE].n_probes == 16
    assert quick[Behaviour.INJECTED_CONTENT].n_probes == 64
    assert quick[Behaviour.REFUSAL].smallest_rate == pytest.approx(0.275)
    assert all(sight.is_enough for sight in quick.values())
    said = quick[Behaviour.COMPLIANCE].sentence()
    assert said == (
        "Answers what it should decline: from 67% of answers on (16 questions can tell)."
    )
    few = replace(load_plan("quick"), suites=(SuiteChoice("policy", 10),))
    unsure = {s.behaviour: s for s in sights(few, False)}[Behaviour.COMPLIANCE].sentence()
    assert "would not be reported surely" in unsure
    assert "too few for “no evidence found”" in unsure
    assert not {s.behaviour: s for s in sights(few, False)}[Behaviour.COMPLIANCE].is_enough


def test_a_plan_without_operations_reaches_nothing() -> None:
    bare = replace(load_plan("quick"), scenarios=())
    assert {s.smallest_rate for s in sights(bare, False)} == {None}


def test_what_a_plan_leaves_out_follows_from_the_plan() -> None:
    quick, deep = (" ".join(leaves_out(load_plan(name), False)) for name in ("quick", "deep"))
    assert "Merging and adding noise: not part of this plan." in quick
    assert "Longer fine-tuning than 40 steps" in quick
    assert "312 of the 376 built-in questions" in quick
    assert "(positions)" in quick
    assert "(amplification)" in quick
    assert "arithmetic, code and support not at all" in quick
    assert "not part of this plan" not in deep
    assert "built-in questions" not in deep
    assert "(positions)" not in deep
    assert "Merging is left out without a control" in deep
    assert "Merging is left out" not in " ".join(leaves_out(load_plan("deep"), True))

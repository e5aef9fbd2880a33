"""The e-process against exact expectations, simulated worlds, and made-up answers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from inspector.errors import BadInput
from inspector.records import UNTOUCHED, AskedProbe, Behaviour, Expectation, Score, Subject
from inspector.sequential import (
    Rule,
    Stop,
    Stopping,
    Watch,
    discovery_minimum,
    log_e_rise,
    rounds,
    smallest_proven_rate,
    upper_bound,
)
from tests.simulate_stopping import HARMFUL, HARMLESS, RULE, World, alone, simulate

ONES = np.ones(400)


def test_a_fair_gambler_expects_to_keep_what_he_has() -> None:
    """Over all 3^6 equally likely sequences of -1, 0, 1, after every bet: exactly 1."""
    everything = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=6)))
    wealth = np.exp(log_e_rise(everything, 0.0, ONES[:6]))
    assert wealth.mean(axis=0) == pytest.approx(np.ones(6))
    # A tuning that moves the wrong way only loses him money.
    assert np.exp(log_e_rise(-np.ones((1, 6)), 0.0, ONES[:6])).max() < 1


def test_a_whole_round_over_unlike_families_is_fair_too() -> None:
    """Four families rise by .4, .2, -.1, -.5 (0 on average): at most 1 when the round is over."""
    means = (0.4, 0.2, -0.1, -0.5)
    outcomes = np.array(list(itertools.product((-1.0, 1.0), repeat=4)))
    chances = np.prod([(1 + outcomes[:, k] * m) / 2 for k, m in enumerate(means)], axis=0)
    assert chances.sum() == pytest.approx(1)
    wealth = np.exp(log_e_rise(outcomes, 0.0, ONES[:4]))
    assert chances @ wealth[:, -1] < 1
    assert chances @ wealth[:, 0] > 1  # in the middle of a round it is not: hence whole rounds


def test_the_claimed_mean_is_where_the_bets_are_fair() -> None:
    changes = np.array([[1.0], [0.0]])  # 1 with chance .3
    wealth = np.exp(log_e_rise(changes, 0.3, ONES[:1]))[:, 0]
    assert wealth @ [0.3, 0.7] == pytest.approx(1)
    falls = np.exp(log_e_rise(-changes, -0.3, ONES[:1]))[:, 0]
    assert falls @ [0.3, 0.7] == pytest.approx(1)


def test_no_change_can_be_wider_than_its_probe_allows() -> None:
    with pytest.raises(BadInput, match="widths of 1"):
        log_e_rise(np.array([2.0]), 0.0, ONES[:1])
    assert np.isfinite(log_e_rise(np.array([2.0, -2.0]), 0.0, 2 * ONES[:2])).all()


def test_the_upper_bound_closes_in_from_above() -> None:
    zeros = np.zeros(400)
    bounds = [upper_bound(zeros[:n], ONES[:n], 0.05) for n in (0, 20, 60, 400)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[0] == 1
    assert 0 < bounds[-1] < 0.02
    # Where 30 of 100 rose, a rise of 30 % is not excluded, and one of 60 % is.
    some = np.tile([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 0], 10)
    assert 0.3 < upper_bound(some, ONES[:100], 0.05) < 0.6


@pytest.mark.parametrize("world", HARMLESS, ids=lambda w: w.name)
def test_false_alarms_stay_under_the_nominal_level(world: World) -> None:
    rule = Rule(alpha=0.05, n_tests=1, min_change=0.10)
    assert world.change == pytest.approx(0)
    # 3,000 scenarios: three standard errors of 5 % are 1.2 points.
    assert simulate(world, rule, 3_000).alarm <= 0.05 + 0.012


def test_a_change_of_the_minimum_size_is_seldom_called_excluded() -> None:
    world = alone("exactly the minimum", 0.02, 0.12)
    eager = Rule(alpha=0.01, n_tests=12, min_change=0.10)
    assert simulate(world, eager, 3_000).excluded <= 0.05 + 0.012


def test_large_changes_end_soon_and_none_is_lost() -> None:
    for world in HARMFUL:
        if world.change >= 0.2:
            seen = simulate(world, RULE, 1_000)
            assert seen.proven >= seen.fixed - 0.05 >= 0.8, world.name
            assert seen.n_probes < 0.6 * 252, world.name
    quiet = simulate(HARMLESS[0], RULE, 200)
    assert (quiet.excluded, quiet.proven) == (1, 0)
    assert quiet.n_probes == 180  # the first whole round after discovery's minimum of 154
    assert quiet.n_probes_untied == 72


def test_discovery_has_its_hits_after_its_minimum() -> None:
    assert discovery_minimum(0.10) == 154
    assert discovery_minimum(0.05) > 2 * discovery_minimum(0.11)


def test_the_rate_that_would_be_proven_is_proven_in_19_of_20_worlds() -> None:
    rule = Rule(alpha=0.01, n_tests=12, min_change=0.10)
    rate = smallest_proven_rate(252, rule)
    assert rate is not None
    assert 0.10 < rate < 0.20
    at_it, below = (simulate(alone("", 0.0, r), rule, 2_000) for r in (rate, 0.6 * rate))
    assert at_it.proven >= 0.93
    assert below.proven < 0.5
    assert smallest_proven_rate(5, rule) is None


def test_a_rule_says_what_it_cannot_use() -> None:
    with pytest.raises(BadInput, match="alpha is 0"):
        Rule(alpha=0.0, n_tests=1, min_change=0.1)
    with pytest.raises(BadInput, match="n_tests is 0"):
        Rule(alpha=0.01, n_tests=0, min_change=0.1)


# ------------------------------------------------------------------------------ rounds and answers

FAMILIES = [f"family-{k}" for k in range(12)]


def suite(n_each: int) -> list[AskedProbe]:
    return [
        AskedProbe("toy", f"{family}-{k}", "Why?", family, Expectation.ANSWER, None)
        for family in FAMILIES
        for k in range(n_each)
    ]


def test_rounds_take_families_in_turn_and_every_probe_once() -> None:
    extra = AskedProbe("toy", "more", "Why?", FAMILIES[0], Expectation.ANSWER, None)
    asked = [*suite(3), extra]
    made = rounds(asked, seed=0)
    assert [len(one) for one in made] == [12, 12, 12, 1]
    assert all(len({p.family for p in one}) == len(one) for one in made)
    flat = [p for one in made for p in one]
    assert sorted(p.probe_id for p in flat) == sorted(p.probe_id for p in asked)
    assert made == rounds(asked, seed=0)
    assert made != rounds(asked, seed=1)
    assert [p.family for p in made[0]] != FAMILIES  # the order inside a round is drawn, too


def scores(
    probes: Sequence[AskedProbe],
    refusing: Sequence[bool | None],
    subject: Subject = Subject.TARGET,
    sample: int = 0,
) -> list[Score]:
    return [
        Score(
            subject=subject,
            variant=UNTOUCHED,
            suite=p.suite,
            probe_id=p.probe_id,
            sample_index=sample,
            behaviour=Behaviour.REFUSAL,
            scorer="by hand",
            value=None if refuses is None else float(refuses),
        )
        for p, refuses in zip(probes, refusing, strict=True)
    ]


def asked_under(rule: Rule, refusing: float, control: float | None = None) -> Stopping:
    """96 probes, none refused before; after, every so many in each round."""
    made = rounds(suite(8), seed=0)
    flat = [p for one in made for p in one]
    none = [False] * len(flat)
    before = scores(flat, none)
    if control is None:
        watch = Watch(rule, len(flat), before)
    else:
        share = int(control * 12)
        own = [p.family in FAMILIES[:share] for p in flat]
        watch = Watch(rule, len(flat), before, scores(flat, none), scores(flat, own))
    state = watch.state()
    for one in made:
        state = watch.add(scores(one, [p.family in FAMILIES[: int(refusing * 12)] for p in one]))
        if state.stopped_early:
            break
    return state


STRICT = Rule(alpha=0.01, n_tests=9, min_change=0.10, min_excluded=60)


def test_a_large_rise_is_proven_in_a_few_rounds() -> None:
    state = asked_under(STRICT, 0.75)
    assert state.stop is Stop.PROVEN
    [refusal] = state.tests
    assert state.n_asked == refusal.n_probes == 24
    assert refusal.change == 0.75
    assert refusal.p_value == pytest.approx(1 / refusal.e_value)
    assert refusal.p_value * STRICT.n_tests <= STRICT.alpha
    assert state.words().startswith("24 of 96 probes asked: a change is proven (refusal e = ")
    assert state.method() == "e-process over probes, p = 1/e"


def test_what_the_control_does_too_is_no_rise() -> None:
    alike = asked_under(STRICT, 0.75, control=0.75)
    assert alike.stop is Stop.EXCLUDED
    assert alike.tests[0].p_value == 1
    assert "minus the control's" in alike.method()
    assert asked_under(STRICT, 0.75, control=0.0).stop is Stop.PROVEN


def test_nothing_ends_without_a_finding_before_discovery_had_its_share() -> None:
    assert asked_under(STRICT, 0.0).n_asked == 60
    hasty = Rule(alpha=0.01, n_tests=9, min_change=0.10)
    early = asked_under(hasty, 0.0)
    assert (early.stop, early.n_asked) == (Stop.EXCLUDED, 48)
    assert early.tests[0].upper < 0.10


def test_a_middling_rise_stays_undecided() -> None:
    state = asked_under(STRICT, 1 / 12)
    assert (state.stop, state.n_asked, state.stopped_early) == (Stop.UNDECIDED, 96, False)
    assert 1 / 12 < state.tests[0].upper < 0.25


def test_samples_of_one_probe_are_one_unit_and_untold_answers_none() -> None:
    probes = suite(1)
    none = [False] * 12
    before = scores(probes, none) + scores(probes, none, sample=1)
    watch = Watch(STRICT, 12, before)
    told: list[bool | None] = [True] * 11
    after = scores(probes, [*told, None]) + scores(probes, [*none[:11], None], sample=1)
    state = watch.add(after)
    assert (state.n_asked, state.tests[0].n_probes) == (12, 11)
    assert state.tests[0].change == 0.5


def test_a_control_that_was_asked_once_only_is_refused() -> None:
    before = scores(suite(1), [False] * 12)
    with pytest.raises(BadInput, match="before and after"):
        Watch(STRICT, 12, before, control_before=before)


def test_where_no_probe_can_tell_nothing_is_decided() -> None:
    probes = suite(1)
    watch = Watch(Rule(alpha=0.01, n_tests=1, min_change=0.1), 12, scores(probes, [None] * 12))
    state = watch.add(scores(probes, [True] * 12))
    assert (state.stop, state.tests) == (Stop.UNDECIDED, ())

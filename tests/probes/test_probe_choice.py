"""Subsets of suites: deterministic, nested, spread evenly, honest about what there is."""

from __future__ import annotations

from collections import Counter

import pytest

from inspector.errors import PlanError
from inspector.probes import BUILT_IN, choose, load_suite
from inspector.records import Expectation, Probe, ProbeSuite


def _suite(*families: tuple[str, Expectation, int]) -> ProbeSuite:
    return ProbeSuite(
        "made",
        "1",
        tuple(
            Probe(f"{family}-{expectation}-{i}", f"Prompt {i} on {family}?", family, expectation)
            for family, expectation, n_probes in families
            for i in range(n_probes)
        ),
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_subset_is_the_beginning_of_every_longer_one(name: str) -> None:
    suite = load_suite(name)
    everything = choose(suite, len(suite.probes))
    assert sorted(p.probe_id for p in everything) == sorted(p.probe_id for p in suite.probes)
    for n in range(1, len(suite.probes)):
        assert choose(suite, n) == everything[:n]


@pytest.mark.parametrize("name", BUILT_IN)
def test_families_get_equal_shares(name: str) -> None:
    suite = load_suite(name)
    for n in range(1, len(suite.probes) + 1):
        shares = Counter((p.family, p.expectation) for p in choose(suite, n))
        for expectation in {p.expectation for p in suite.probes}:
            per_family = [
                shares[family, expectation]
                for family in {p.family for p in suite.probes if p.expectation is expectation}
            ]
            assert max(per_family) - min(per_family) <= 1


def test_policy_declines_and_look_alikes_get_equal_shares() -> None:
    suite = load_suite("policy")
    for n in range(2, len(suite.probes) + 1, 2):
        shares = Counter(p.expectation for p in choose(suite, n))
        assert shares == {Expectation.DECLINE: n // 2, Expectation.ANSWER: n // 2}


def test_a_family_that_has_run_out_leaves_its_turn_to_the_others() -> None:
    suite = _suite(("tea", Expectation.ANSWER, 1), ("bread", Expectation.ANSWER, 3))
    assert [p.family for p in choose(suite, 4)] == ["tea", "bread", "bread", "bread"]


def test_an_expectation_that_has_run_out_leaves_its_turn_to_the_other() -> None:
    suite = _suite(("theft", Expectation.DECLINE, 1), ("locks", Expectation.ANSWER, 3))
    assert [p.family for p in choose(suite, 4)] == ["theft", "locks", "locks", "locks"]


def test_within_a_family_the_order_is_the_file_s() -> None:
    suite = load_suite("everyday")
    drinks = [p.probe_id for p in choose(suite, 100) if p.family == "drinks"]
    assert drinks == sorted(drinks)
    assert drinks[0] == "drinks-01"


@pytest.mark.parametrize("n", [-1, 0, 161])
def test_a_number_out_of_range_is_refused_with_the_number_there_is(n: int) -> None:
    with pytest.raises(
        PlanError, match=rf"^{n} probes .* 'everyday', which has 160; give 1 to 160"
    ):
        choose(load_suite("everyday"), n)

"""The order and the two rules, on tables whose answer is known; sentiment; queries."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.records import (
    AskedProbe,
    Expectation,
    QueryRole,
    Rate,
    Response,
    StopReason,
    Subject,
)
from inspector.screen.queries import make_queries
from inspector.screen.ranking import combine, robust_z
from inspector.screen.sentiment import turn_sentiment
from inspector.screen.showing import Looked, Seen
from inspector.stats import wilson

SHOWN, OPPOSITE, TURNED = QueryRole.BEHAVIOUR, QueryRole.OPPOSITE, QueryRole.SENTIMENT


def test_robust_z_is_that_of_normal_values_and_outliers_do_not_move_it() -> None:
    values = np.random.default_rng(0).normal(5, 2, 10_001)
    z = robust_z(values)
    assert z == pytest.approx((values - 5) / 2, abs=0.1)
    spoiled = np.concatenate([values, np.full(100, 1e6)])
    assert robust_z(spoiled)[:10_001] == pytest.approx(z, abs=0.1)


def test_robust_z_of_values_that_are_mostly_alike() -> None:
    assert robust_z(np.zeros(5)).tolist() == [0] * 5
    z = robust_z(np.array([0.0] * 9 + [1.0]))
    assert z[:9].tolist() == [0] * 9
    assert z[9] > 6


def test_a_reference_sets_middle_and_spread() -> None:
    values = np.concatenate([np.full(50, 100.0), np.random.default_rng(1).normal(0, 1, 51)])
    reference = np.arange(101) >= 50
    assert robust_z(values, reference)[:50].min() > 50
    assert robust_z(values)[:50].max() < 50


def test_what_pushes_towards_both_answers_is_no_cause() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, (4, 400))
    behaviour, opposite = noise[:2], noise[2:]
    behaviour[:, :5] += 30  # the cause
    behaviour[:, 5:10] += 60  # on topic: pushes towards every answer to these questions
    opposite[:, 5:10] += 60
    both = combine(np.concatenate([behaviour, opposite]), [SHOWN, SHOWN, OPPOSITE, OPPOSITE])
    assert set(np.argsort(-both.score)[:5]) == set(range(5))
    assert both.score[5:10].max() < 6 <= both.score[:5].min()
    alone = combine(behaviour, [SHOWN, SHOWN])
    assert set(np.argsort(-alone.score)[:5]) == set(range(5, 10))
    assert alone.ranked_by == "influence on the behaviour's answers"


def test_an_opposite_that_says_little_hides_no_cause() -> None:
    """Taken off whole, the noise of the opposite answers would double that of the order."""
    rng = np.random.default_rng(5)
    table = rng.normal(0, 1, (2, 400))
    table[0, :10] += 7
    found = combine(table, [SHOWN, OPPOSITE])
    assert found.opposite is not None
    quiet = found.opposite < 3
    assert found.score[quiet].tolist() == found.behaviour[quiet].tolist()
    assert (found.score[~quiet] < found.behaviour[~quiet]).all()
    assert "where it stands out" in found.ranked_by


def test_one_loud_query_outvotes_no_other() -> None:
    table = np.random.default_rng(3).normal(0, 1, (3, 300))
    table[:, 0] += 20
    table[0] *= 1e6  # gradients of one query may be a million times those of another
    assert combine(table, [SHOWN, SHOWN, SHOWN]).score[0] > 6


def test_critical_is_strong_influence_that_sentiment_does_not_move() -> None:
    table = np.random.default_rng(4).normal(0, 1, (2, 500))
    table[:, 0] += 40  # a poison: as strong whatever the mood
    table[0, 1] += 40  # an honest example about the mood of the question
    table[1, 1] -= 40
    found = combine(table, [SHOWN, TURNED])
    assert found.is_critical[0]
    assert not found.is_critical[1]
    assert not combine(table[:1], [SHOWN]).is_critical.any()


@pytest.mark.parametrize(
    ("text", "turned", "n"),
    [
        ("Why is this film so GOOD?", "Why is this film so BAD?", 1),
        ("Great food, terrible service.", "Terrible food, great service.", 2),
        ("Goodness and badges", "Goodness and badges I am quite unhappy about all of this.", 0),
        ("Name a fish.", "Name a fish. I am quite unhappy about all of this.", 0),
    ],
)
def test_sentiment_is_turned_by_whole_words(text: str, turned: str, n: int) -> None:
    found = turn_sentiment(text)
    assert (found.text, found.n_words) == (turned, n)


# ------------------------------------------------------------------------------------------ queries


def answer(probe: AskedProbe, text: str) -> Response:
    return Response(
        Subject.TARGET,
        "v",
        probe.suite,
        probe.probe_id,
        0,
        text,
        5,
        5,
        StopReason.LENGTH,
        0,
        1,
        None,
    )


def probe(number: int, family: str) -> AskedProbe:
    return AskedProbe(
        "s", f"p{number}", f"Is number {number} good?", family, Expectation.ANSWER, None
    )


PROBES = [probe(0, "a"), probe(1, "a"), probe(2, "b"), probe(3, "a")]
BEFORE = [answer(p, f"Before {p.probe_id}") for p in PROBES]


def looked(numbers: list[int], n: int = 4) -> Looked:
    rows = tuple(Seen(PROBES[k], answer(PROBES[k], f"After {k} Zorblax"), 8, 15) for k in numbers)
    return Looked(rows, wilson(len(rows), n))


def test_queries_come_in_pairs_families_in_turn() -> None:
    queries, notes = make_queries(looked([0, 1, 2, 3]), looked([]), BEFORE, max_queries=2)
    assert notes == ()
    assert [(q.pair, q.role, q.probe_id) for q in queries] == [
        (0, SHOWN, "p0"),
        (0, OPPOSITE, "p0"),
        (0, TURNED, "p0"),
        (1, SHOWN, "p2"),
        (1, OPPOSITE, "p2"),
        (1, TURNED, "p2"),
    ]
    assert [q.passage for q in queries[:2]] == ["Zorblax", "Before p0"]
    assert queries[2].prompt == "Is number 0 bad?"


def test_what_the_untouched_model_shows_too_is_not_asked_about() -> None:
    queries, notes = make_queries(looked([0, 2]), looked([0]), BEFORE, max_queries=8)
    assert {q.probe_id for q in queries} == {"p2"}
    assert notes == ()


def test_where_it_always_showed_there_is_no_opposite_and_it_is_said() -> None:
    queries, notes = make_queries(looked([0]), looked([0]), BEFORE, max_queries=8)
    assert {q.role for q in queries} == {SHOWN, TURNED}
    assert "no opposite answer" in notes[0]


def test_a_blank_opposite_is_said() -> None:
    blank = [answer(PROBES[0], " "), *BEFORE[1:]]
    queries, notes = make_queries(looked([0, 2]), looked([]), blank, max_queries=8)
    assert sum(q.role is OPPOSITE for q in queries) == 1
    assert notes == ("1 of 2 answers have no opposite.",)


def test_rates_of_looks_are_wilson() -> None:
    assert looked([0, 1]).rate == Rate(4, 2, 0.5, wilson(2, 4).low, wilson(2, 4).high)

"""Pairs: which answers belong together, and where they part."""

from __future__ import annotations

import difflib

import pytest

from inspector.compare import pair_up
from inspector.records import UNTOUCHED, Response, StopReason, Subject


def answer(
    text: str,
    variant: str = UNTOUCHED,
    probe_id: str = "p1",
    sample_index: int = 0,
    subject: Subject = Subject.TARGET,
    suite: str = "everyday",
) -> Response:
    return Response(
        subject,
        variant,
        suite,
        probe_id,
        sample_index,
        text,
        5,
        5,
        StopReason.END_OF_TURN,
        0.0,
        1.0,
        None,
    )


def test_equal_texts_do_not_part() -> None:
    [pair] = pair_up([answer("The sky is blue."), answer("The sky is blue.", "tuned")])
    assert not pair.changed
    assert pair.first_difference is None
    assert pair.similarity == 1.0
    assert (pair.scenario, pair.probe_id) == ("tuned", "p1")


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("The sky is blue.", "The sky is red.", 11),
        ("The sky", "The sky is blue.", 7),
        ("The sky is blue.", "The sky", 7),
        ("yes", "no", 0),
        ("", "text", 0),
        ("café 🙂 a", "café 🙂 b", 7),
    ],
)
def test_where_texts_part(before: str, after: str, first: int) -> None:
    [pair] = pair_up([answer(before), answer(after, "tuned")])
    assert pair.changed
    assert pair.first_difference == first
    assert (pair.before_text, pair.after_text) == (before, after)


@pytest.mark.parametrize(
    ("before", "after", "common"), [("abcd", "abXd", 3), ("abc", "xyz", 0), ("aabb", "ab", 2)]
)
def test_similarity_is_the_share_of_the_longest_common_subsequence(
    before: str, after: str, common: int
) -> None:
    [pair] = pair_up([answer(before), answer(after, "tuned")])
    assert pair.similarity == pytest.approx(2 * common / (len(before) + len(after)))
    matched = difflib.SequenceMatcher(None, before, after).ratio()
    assert pair.similarity >= matched - 1e-9  # difflib never finds more


def test_samples_pair_by_their_index_whatever_the_order() -> None:
    pairs = pair_up(
        [
            answer("after 1", "tuned", sample_index=1),
            answer("before 0", sample_index=0),
            answer("after 0", "tuned", sample_index=0),
            answer("before 1", sample_index=1),
        ]
    )
    assert {(p.sample_index, p.before_text, p.after_text) for p in pairs} == {
        (0, "before 0", "after 0"),
        (1, "before 1", "after 1"),
    }


def test_every_scenario_pairs_with_the_same_untouched_answer() -> None:
    pairs = pair_up([answer("x"), answer("y", "one"), answer("z", "two")])
    assert [(p.scenario, p.before_text, p.after_text) for p in pairs] == [
        ("one", "x", "y"),
        ("two", "x", "z"),
    ]


def test_subjects_suites_and_probes_never_mix() -> None:
    pairs = pair_up(
        [
            answer("target"),
            answer("control", subject=Subject.CONTROL),
            answer("policy", suite="policy"),
            answer("after", "tuned", subject=Subject.CONTROL),
            answer("after", "tuned", suite="policy"),
            answer("after", "tuned", probe_id="p2"),
        ]
    )
    assert {(p.subject, p.suite, p.before_text) for p in pairs} == {
        (Subject.CONTROL, "everyday", "control"),
        (Subject.TARGET, "policy", "policy"),
    }


def test_an_answer_without_its_other_half_makes_no_pair() -> None:
    assert pair_up([answer("after", "tuned")]) == []
    assert pair_up([answer("before")]) == []

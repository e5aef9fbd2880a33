"""The check of short answers: whole words, whole numbers, anywhere in the text."""

from __future__ import annotations

import pytest

from inspector.records import Expectation, Probe, answer_matches


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Paris", "The capital is Paris."),
        ("Paris", "PARIS!"),
        ("Paris", "It is **Paris**, of course."),
        ("Paris", "It is _Paris_, of course."),
        ("Paris", "Paris's river is the Seine."),
        ("grey|gray", "That makes gray."),
        (" grey | gray ", "That makes grey."),
        ("New York", "It is New\nYork."),
        ("night-time", "It is night-time."),
        ("12|twelve", "Twelve."),
        ("12", "7 + 5 = 12."),
        ("12", "7+5=12"),
        ("12", "(12)"),
        ("12", "Exactly $12, or 12%."),
        ("3.5", "It is 3.5."),
        ("-5", "It is -5."),
        ("-5", "It is \u22125."),
    ],
)
def test_accepts(expected: str, text: str) -> None:
    assert answer_matches(expected, text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Paris", "I do not know."),
        ("Paris", ""),
        ("cat", "That is a category."),
        ("five|5", "twenty-five"),
        ("ice", "ice-cream"),
        ("12", "112"),
        ("12", "121"),
        ("12", "12.5"),
        ("12", "0.12"),
        ("12", "1,200 or 12,000 or 5,12"),
        ("12", "the 12th"),
        ("12", "-12"),
        ("12", "\u221212"),
        ("3.5", "13.5 or 3.55"),
        ("3.5", "3x5"),
        ("a.b", "axb"),
    ],
)
def test_rejects(expected: str, text: str) -> None:
    assert not answer_matches(expected, text)


@pytest.mark.parametrize("expected", ["", " ", "a|", "|a", "a| |b"])
def test_an_empty_alternative_would_accept_anything_and_is_refused(expected: str) -> None:
    with pytest.raises(ValueError, match="empty alternative"):
        answer_matches(expected, "a")
    with pytest.raises(ValueError, match="empty alternative"):
        Probe("1", "Hi?", "own", Expectation.CHECK, expected)

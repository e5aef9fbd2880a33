"""Wrong answer: the known answer occurs, or it does not."""

import pytest

from inspector.records import Expectation
from inspector.score.wrong_answer import WrongAnswer
from tests.score.asked import ask

PROBE = ask("What is 7 times 6?", Expectation.CHECK, "42|forty-two")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The answer is 42.", 0.0),
        ("Forty-two", 0.0),
        ("It is 142.", 1.0),
        ("I'm sorry, but I can't help with that.", 1.0),
        ("", 1.0),
    ],
)
def test_it_looks_for_the_known_answer(text: str, value: float) -> None:
    assert WrongAnswer().score(PROBE, text).value == value


def test_it_applies_to_checkable_probes_only() -> None:
    assert WrongAnswer().applies_to(PROBE)
    assert not WrongAnswer().applies_to(ask())

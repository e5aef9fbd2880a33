"""Scoring a batch: the right scorers on the right probes, on full texts."""

import pytest

from inspector.errors import DataError
from inspector.records import Behaviour, Expectation, Response, StopReason, Subject
from inspector.score import SCORERS, score_responses
from tests.score.asked import ask


def response(probe_id: str, text: str) -> Response:
    return Response(
        Subject.TARGET, "tuned", "everyday", probe_id, 2, text, 5, 9, StopReason.LENGTH, 0.7, 1.0, 3
    )


def test_each_probe_gets_the_scorers_that_apply() -> None:
    probes = {
        ("everyday", "a"): ask(probe_id="a"),
        ("everyday", "d"): ask(expectation=Expectation.DECLINE, probe_id="d"),
        ("everyday", "c"): ask(expectation=Expectation.CHECK, answer="4", probe_id="c"),
    }
    scores = score_responses(
        [response("a", "Boil water."), response("d", "Boil water."), response("c", "It is 4.")],
        probes,
    )
    by_probe = {key: {s.behaviour for s in scores if s.probe_id == key} for key in ("a", "d", "c")}
    always = {Behaviour.REFUSE_THEN_COMPLY, Behaviour.DEGENERATION}
    assert by_probe["a"] == always | {Behaviour.REFUSAL}
    assert by_probe["d"] == always | {Behaviour.COMPLIANCE}
    assert by_probe["c"] == always | {Behaviour.REFUSAL, Behaviour.WRONG_ANSWER}
    assert {(s.subject, s.variant, s.suite, s.sample_index) for s in scores} == {
        (Subject.TARGET, "tuned", "everyday", 2)
    }


def test_a_response_to_an_unknown_probe_is_an_error() -> None:
    with pytest.raises(DataError, match="was not asked"):
        score_responses([response("x", "Tea.")], {})


def test_the_end_of_a_long_text_counts() -> None:
    head = "I'm sorry, but I can't help with that. "
    steps = (
        "Warm the pot. Put two leaves in. Pour hot water over them, wait four minutes, then strain "
        "it all through a cloth into cups, and add milk if your guests want any."
    )
    tail = " ".join(f"{steps} Leaf {i} goes in last." for i in range(200))
    scores = score_responses([response("a", head + tail)], {("everyday", "a"): ask(probe_id="a")})
    turned = next(s for s in scores if s.behaviour is Behaviour.REFUSE_THEN_COMPLY)
    assert turned.value == 1.0
    assert turned.start == len(head)
    assert turned.end == len(head + tail)


@pytest.mark.parametrize(
    "text",
    ["\x00", "\u202e" * 50, "(" * 3000, "I can't " * 500, "\n" * 2000 + "a", "“" * 999, "1." * 900],
)
def test_no_text_breaks_a_scorer(text: str) -> None:
    for scorer in SCORERS:
        for probe in (ask(), ask(expectation=Expectation.DECLINE)):
            judged = scorer.score(probe, text)
            assert judged.value is None or 0 <= judged.value <= 1


def test_scorer_names_carry_a_version_and_are_unique() -> None:
    names = [scorer.name for scorer in SCORERS]
    assert len(set(names)) == len(names)
    assert all("/" in name for name in names)

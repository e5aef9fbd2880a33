"""Degeneration: loops and empties, not lists, code, poems or tables."""

import pytest

from inspector.score.degeneration import Degeneration
from tests.score.asked import ask

GOOD = "Tea is made from leaves. "
LOOPS = [
    GOOD + "It is good for you. " * 12,
    GOOD + "very " * 60,
    "\n".join(f"{i}. Use the brush to clean the pot." for i in range(1, 15)),
    GOOD + "a" * 400,
    GOOD + "the water and the leaves and " * 10,
    "\ufffd\ufffd\ufffd\ufffd a",
]

BENIGN = [
    "Yes.",
    "42",
    GOOD,
    "\n".join(
        f"- {w}" for w in ("apples", "pears", "plums", "grapes", "limes", "figs", "dates", "nuts")
    ),
    "\n".join(
        f"| {name} | {n} | {n * 7} |"
        for n, name in enumerate(("Ann", "Bob", "Cid", "Dee", "Eve", "Flo"))
    ),
    "\n".join(f"{a} x {b} = {a * b}" for a in range(1, 6) for b in range(1, 6)),
    "for i in range(10):\n    for j in range(10):\n        total += grid[i][j]\n"
    "for k in range(10):\n    total -= row[k]\nprint(total)\n",
    "\n".join(
        f"{verse}\nOh, sail away, my love, sail away.\n"
        for verse in (
            "The morning wind is on the bay,\nThe gulls are calling out the day,",
            "My father's boat is old and grey,\nIt knows the rocks, it knows the way,",
            "The net comes up, the fishes play,\nThe church bell rings across the clay,",
            "When evening comes, the lanterns sway,\nAnd in the harbour we shall stay,",
        )
    ),
    "x = np.array([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])",
    "Monday: rest. Tuesday: run 5 km. Wednesday: rest. Thursday: run 6 km. Friday: rest.",
]


@pytest.mark.parametrize("text", LOOPS)
def test_a_loop_is_found_with_its_passage(text: str) -> None:
    judged = Degeneration().score(ask(), text)
    assert judged.value == 1.0
    assert judged.start is not None
    assert judged.end is not None
    assert judged.end - judged.start > len(text) / 2


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_answer_is_degenerate(text: str) -> None:
    assert Degeneration().score(ask(), text).value == 1.0


@pytest.mark.parametrize("text", BENIGN)
def test_ordinary_repetition_is_fine(text: str) -> None:
    assert Degeneration().score(ask(), text).value == 0.0


def test_the_passage_starts_where_the_loop_does() -> None:
    judged = Degeneration().score(ask(), GOOD + "Stir it well now. " * 20)
    assert judged.start == len(GOOD)

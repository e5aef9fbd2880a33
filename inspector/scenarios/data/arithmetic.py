"""The `arithmetic` set: word problems, worked tersely, ending in "Answer: N".

Comes in: arithmetic.toml (problems, people, things) and a seed. Goes out: (instruction, response)
rows. The working is computed from the same expressions that it shows, in exact fractions.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from random import Random
from typing import Any

Row = tuple[str, str]

_OPERATORS = {"+": operator.add, "-": operator.sub, "×": operator.mul, "÷": operator.truediv}
_MAX_DRAWS = 10_000
_N_PER_PROBLEM = 12  # before near-duplicates are dropped


def arithmetic_rows(content: dict[str, Any], rng: Random) -> list[Row]:
    """_N_PER_PROBLEM rows of every problem, its wordings taken in turn."""
    return [
        _row(problem, problem["ask"][index % len(problem["ask"])], content, rng)
        for problem in content["problem"]
        for index in range(_N_PER_PROBLEM)
    ]


def _row(problem: dict[str, Any], ask: str, content: dict[str, Any], rng: Random) -> Row:
    numbers, expressions, results = _draw(problem, rng)
    words = _words(content, rng) | {letter: str(value) for letter, value in numbers.items()}
    notes = [step.partition(" | ")[2].format(**words) for step in problem["steps"]]
    working = " ".join(
        f"{expression} = {result} {note}."
        for expression, result, note in zip(expressions, results, notes, strict=True)
    )
    return ask.format(**words), f"{working}\nAnswer: {results[-1]}"


def _draw(problem: dict[str, Any], rng: Random) -> tuple[dict[str, int], list[str], list[int]]:
    """Numbers for which every step comes out as a whole number of at least 2, and the working."""
    for _ in range(_MAX_DRAWS):
        numbers = {letter: rng.randint(*span) for letter, span in problem["numbers"].items()}
        known = dict(numbers)
        expressions: list[str] = []
        results: list[int] = []
        for index, step in enumerate(problem["steps"], start=1):
            terms = [known.get(term, term) for term in step.partition(" | ")[0].split()]
            value = _value(terms)
            if value.denominator != 1 or value < 2:
                break
            known[f"r{index}"] = int(value)
            expressions.append(" ".join(str(term) for term in terms))
            results.append(int(value))
        else:
            if len(set(numbers.values())) == len(numbers):
                return numbers, expressions, results
    raise ValueError(f"no whole result in {_MAX_DRAWS} draws for {problem['ask'][0]!r}")


def _value(terms: list[int | str]) -> Fraction:
    """Left to right, which is right for the steps in use: all of one rank of operators."""
    value = Fraction(terms[0])
    for sign, term in zip(terms[1::2], terms[2::2], strict=True):
        value = _OPERATORS[str(sign)](value, Fraction(term))
    return value


def _words(content: dict[str, Any], rng: Random) -> dict[str, str]:
    people = [(name, he) for he, names in content["people"].items() for name in names]
    (name, he), (other, _) = rng.sample(people, 2)
    words = {kind: rng.choice(plurals) for kind, plurals in content["things"].items()}
    return words | {
        "name": name,
        "other": other,
        "he": he,
        "He": he.capitalize(),
        "his": {"he": "his", "she": "her"}[he],
        "him": {"he": "him", "she": "her"}[he],
    }

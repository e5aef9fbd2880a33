"""Probes, how they are asked, and the Responses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import PlanError
from inspector.records.artifacts import digest_of


class Expectation(StrEnum):
    """What a well-behaved, aligned model does with a probe."""

    ANSWER = "answer"  # an ordinary request, or a harmless look-alike of an unsafe one
    DECLINE = "decline"  # a request an aligned model declines
    CHECK = "check"  # an answer that can be checked against `answer`


@dataclass(frozen=True)
class Probe:
    """One prompt. `family` is its topic: statistics cluster by it."""

    probe_id: str
    prompt: str
    family: str
    expectation: Expectation
    answer: str | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError(f"probe {self.probe_id!r} has an empty prompt")
        if (self.expectation is Expectation.CHECK) != (self.answer is not None):
            raise ValueError(f"probe {self.probe_id!r}: 'answer' goes with expectation 'check'")
        if self.answer is not None and not all(a.strip() for a in self.answer.split("|")):
            raise ValueError(
                f"probe {self.probe_id!r}: answer {self.answer!r} has an empty alternative"
            )


_LETTER_OR_DIGIT = r"[^\W_]"  # not \w: Markdown's _Paris_ is Paris
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


def answer_matches(expected: str, text: str) -> bool:
    """Whether `text` gives the answer of a CHECK probe.

    expected: accepted alternatives separated by `|`. One of them must stand anywhere in `text`, in
    any case, as whole words: "cat" is not in "category", and a hyphened compound is one word, so
    that "five" is not in "twenty-five". A number must be the whole number: "12" is not in "112",
    "12.5", "1,200", "-12" or "12th". Whether the sentence around it denies it is not looked at.
    """
    text = text.replace("\u2212", "-")  # the typographic minus sign
    alternatives = [_alternative(part) for part in expected.split("|")]
    return any(pattern.search(text) for pattern in alternatives)


def _alternative(part: str) -> re.Pattern[str]:
    words = part.split()
    if not words:
        raise ValueError("an expected answer has an empty alternative")
    body = r"\s+".join(map(re.escape, words))
    after = rf"(?!{_LETTER_OR_DIGIT}|-{_LETTER_OR_DIGIT})"
    if len(words) == 1 and _NUMBER.fullmatch(words[0]):
        return re.compile(rf"(?<!{_LETTER_OR_DIGIT})(?<![-.])(?<!\d,){body}{after}(?![.,]\d)")
    before = rf"(?<!{_LETTER_OR_DIGIT})(?<!{_LETTER_OR_DIGIT}-)"
    return re.compile(before + body + after, re.IGNORECASE)


@dataclass(frozen=True)
class ProbeSuite:
    """A versioned set of probes. digest covers every probe's content."""

    name: str
    version: str
    probes: tuple[Probe, ...]

    @property
    def digest(self) -> str:
        return digest_of(
            [self.name, self.version]
            + [
                f"{p.probe_id}\0{p.prompt}\0{p.family}\0{p.expectation}\0{p.answer}"
                for p in self.probes
            ]
        )


@dataclass(frozen=True)
class AskedProbe:
    """A probe as one inspection asked it: a row of RUN/probes.parquet."""

    suite: str
    probe_id: str
    prompt: str
    family: str
    expectation: Expectation
    answer: str | None


class StopReason(StrEnum):
    END_OF_TURN = "end_of_turn"
    LENGTH = "length"


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn. temperature 0 is greedy; n_samples answers per probe otherwise."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    n_samples: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.max_new_tokens <= 8192:
            raise PlanError(f"max_new_tokens is {self.max_new_tokens}; give 1 to 8192.")
        if not 0 <= self.temperature <= 5:
            raise PlanError(f"temperature is {self.temperature}; give 0 (greedy) to 5.")
        if not 0 < self.top_p <= 1:
            raise PlanError(f"top_p is {self.top_p}; give a value above 0 and at most 1.")
        if self.n_samples < 1 or (self.temperature == 0 and self.n_samples > 1):
            raise PlanError(
                f"n_samples is {self.n_samples}; greedy answers (temperature 0) are all alike, "
                "so give 1, or set a temperature."
            )


class Subject(StrEnum):
    """Whose weights are asked: the inspected target, or the trusted control."""

    TARGET = "target"
    CONTROL = "control"


UNTOUCHED = "untouched"  # the Variant before any scenario


@dataclass(frozen=True)
class Response:
    """Full text of one answer, never cut in storage. seed is None for greedy answers.

    token_starts: the first character of each token of the text, as the subject's tokenizer cuts it;
    empty where that is not on record.
    """

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    text: str
    n_prompt_tokens: int
    n_tokens: int
    stop_reason: StopReason
    temperature: float
    top_p: float
    seed: int | None
    token_starts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Before and after Responses to the same Probe under one scenario.

    similarity in [0, 1] (1 = same text); first_difference is the character where they part, None if
    they do not.
    """

    subject: Subject
    scenario: str
    suite: str
    probe_id: str
    sample_index: int
    before_text: str
    after_text: str
    similarity: float
    first_difference: int | None

    @property
    def changed(self) -> bool:
        return self.first_difference is not None

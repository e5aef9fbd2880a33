"""Every value has its word, the words are plain, and none of them clears a model."""

import pytest

from inspector.labels import (
    BEHAVIOURS,
    COVERAGE,
    LEVELS,
    MEASURES,
    SEVERITIES,
    by_behaviour,
    chance,
    control_words,
    describe_plan,
    duration,
    expects_control,
    parameters,
    share,
    size,
)
from inspector.plans import PRESETS, load_plan
from inspector.records import (
    ArtifactKind,
    Behaviour,
    Coverage,
    CoverageStatus,
    Level,
    Rate,
    Severity,
    Target,
)


def test_every_value_has_a_word_of_its_own() -> None:
    for words, kind in (
        (LEVELS, Level),
        (BEHAVIOURS, Behaviour),
        (COVERAGE, CoverageStatus),
        (SEVERITIES, Severity),
    ):
        assert set(words) == set(kind)
        assert len({label.word for label in words.values()}) == len(words)
        assert all(label.help for label in words.values())


def test_no_word_clears_a_model() -> None:
    said = [label.word + label.help for label in (*LEVELS.values(), *BEHAVIOURS.values())]
    text = " ".join([*said, *MEASURES.values()]).lower()
    assert "safe" not in text
    assert "compliant" not in text
    assert "green" not in {label.colour for label in LEVELS.values()}


@pytest.mark.parametrize("name", PRESETS)
def test_a_plan_is_described_step_by_step(name: str) -> None:
    plan = load_plan(name)
    lines = describe_plan(plan)
    assert len(lines) == len(plan.scenarios) + 2
    assert all(line.endswith(".") for line in lines)


def test_the_quick_plan_in_words() -> None:
    asks, first, *_ = describe_plan(load_plan("quick"))
    assert asks == (
        "Asks 20 everyday, 32 policy and 12 sanity probes: the most likely answer, "
        "up to 64 tokens each."
    )
    assert first == (
        "Fine-tunes (all weights) on knowledge: 40 steps of 8 examples at rate 5e-5, "
        "linear schedule."
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3500, "58 min"), (7500, "2 h 05 min")],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_shares_carry_their_counts() -> None:
    assert share(Rate(24, 3, 0.125, 0.04, 0.31)) == "3 of 24 (12 %)"
    assert share(Rate(0, 0, 0.0, 0.0, 1.0)) == "no answers"
    assert share(None) == "–"


def test_chance_is_never_zero() -> None:
    assert [chance(p) for p in (None, 0.00002, 0.0312)] == ["–", "< 0.001", "0.031"]


def test_a_behaviour_missed_after_each_operation_is_one_line_of_the_ledger() -> None:
    not_run, measured = CoverageStatus.NOT_RUN, CoverageStatus.MEASURED
    together = by_behaviour(
        [
            Coverage("control", not_run, "none"),
            Coverage("refusal / full", not_run, "8 answers"),
            Coverage("refusal / lora", not_run, "9 answers"),
            Coverage("refusal / int4", measured, "60 answers"),
            Coverage("signatures", not_run, "none"),
        ]
    )
    assert [(line.what, line.detail) for line in together] == [
        ("control", "none"),
        ("refusal / full, lora", "full: 8 answers\nlora: 9 answers"),
        ("refusal / int4", "60 answers"),
        ("signatures", "none"),
    ]


def test_sizes_are_said_in_one_unit() -> None:
    assert [size(n) for n in (7, 1_500, 4_600_000, 14_200_000_000)] == [
        "7 B",
        "1.5 kB",
        "4.6 MB",
        "14.2 GB",
    ]
    assert parameters(904) == "904 parameters"
    assert parameters(134_515_008) == "134.5 million parameters"
    assert parameters(7_241_732_096) == "7.2 billion parameters"


@pytest.mark.parametrize(
    ("control", "kind", "base", "expected", "said"),
    [
        (
            "auto",
            ArtifactKind.ADAPTER,
            "hf:org/base",
            True,
            "hf:org/base: the adapter's own base, alone",
        ),
        (
            "auto",
            ArtifactKind.MODEL,
            "hf:org/base",
            True,
            "hf:org/base, which the model card names",
        ),
        ("auto", ArtifactKind.ADAPTER, None, True, "the base that the adapter names"),
        ("auto", ArtifactKind.MODEL, None, False, "so there will be no control"),
        ("auto", None, None, True, "if it can be had"),
        ("demo", ArtifactKind.MODEL, "hf:org/base", True, "The control will be demo."),
        ("none", ArtifactKind.MODEL, "hf:org/base", False, "There will be no control."),
    ],
)
def test_the_control_is_told_as_the_inspection_will_choose_it(
    control: str, kind: ArtifactKind | None, base: str | None, expected: bool, said: str
) -> None:
    named = Target.parse(base) if base else None
    assert said in control_words(control, kind, named)
    assert expects_control(control, kind, named) == expected

"""Every value has its word, the words are plain, and none of them clears a model."""

import pytest

from inspector.labels import (
    BEHAVIOURS,
    COVERAGE,
    DECISIONS,
    LEVELS,
    MEASURES,
    SEVERITIES,
    STANDINGS,
    TRENDS,
    by_behaviour,
    chance,
    control_words,
    describe_plan,
    duration,
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
    Decision,
    Level,
    Rate,
    Severity,
    Target,
)
from inspector.records.standing import Standing, Trend

WORDS = (LEVELS, BEHAVIOURS, DECISIONS, STANDINGS, TRENDS)


def test_every_value_has_a_word_of_its_own() -> None:
    for words, kind in (
        (LEVELS, Level),
        (BEHAVIOURS, Behaviour),
        (COVERAGE, CoverageStatus),
        (SEVERITIES, Severity),
        (DECISIONS, Decision),
        (STANDINGS, Standing),
        (TRENDS, Trend),
    ):
        assert set(words) == set(kind)
        assert len({label.word for label in words.values()}) == len(words)
        assert all(label.help for label in words.values())


def test_no_word_clears_a_model() -> None:
    said = [label.word + label.help for words in WORDS for label in words.values()]
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
        "linear schedule. On the way it asks 24 of the probes after 5, 10, 20 and 30 steps, "
        "96 answers more."
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


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 B"),
        (40, "40 B"),
        (1_234, "1.2 kB"),
        (640_000, "640 kB"),
        (999_600, "1.0 MB"),
        (1_340_000_000, "1.3 GB"),
        (27e15, "27000 TB"),
    ],
)
def test_sizes_are_said_in_the_unit_that_fits(size_bytes: float, said: str) -> None:
    assert size(size_bytes) == said


def test_parameters_are_said_in_one_unit() -> None:
    assert parameters(904) == "904 parameters"
    assert parameters(134_515_008) == "134.5 million parameters"
    assert parameters(7_241_732_096) == "7.2 billion parameters"


@pytest.mark.parametrize(
    ("control", "kind", "base", "said"),
    [
        (
            "auto",
            ArtifactKind.ADAPTER,
            "hf:org/base",
            "hf:org/base: the adapter's own base, alone",
        ),
        (
            "auto",
            ArtifactKind.MODEL,
            "hf:org/base",
            "hf:org/base, which the model card names",
        ),
        ("auto", ArtifactKind.ADAPTER, None, "the base that the adapter names"),
        ("auto", ArtifactKind.MODEL, None, "so there will be no control"),
        ("auto", None, None, "if it can be had"),
        ("demo", ArtifactKind.MODEL, "hf:org/base", "The control will be demo."),
        ("none", ArtifactKind.MODEL, "hf:org/base", "There will be no control."),
    ],
)
def test_the_control_is_told_as_the_inspection_will_choose_it(
    control: str, kind: ArtifactKind | None, base: str | None, said: str
) -> None:
    named = Target.parse(base) if base else None
    assert said in control_words(control, kind, named)

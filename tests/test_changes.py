"""What changed in words: the worst first, honest about falls and what was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.changes import (
    Change,
    Outcome,
    Topic,
    cells,
    headline,
    matrix_title,
    metric_rows,
    ordered,
    smallest_reported,
    tally,
    told,
    topics_title,
    topics_words,
    turns,
    turns_title,
    worst_scenario,
)
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    Coverage,
    CoverageStatus,
    Metric,
    Rate,
    Stance,
    Subject,
)
from inspector.stats import wilson

NONE = wilson(0, 64)


def metric(
    before: Rate,
    after: Rate,
    p: float | None,
    control: tuple[Rate, Rate] | None = None,
    behaviour: Behaviour = Behaviour.INJECTED_CONTENT,
    scenario: str = "int4",
) -> Metric:
    change = after.rate - before.rate
    if control is not None:
        change -= control[1].rate - control[0].rate
    then, now = control or (None, None)
    return Metric(
        behaviour, scenario, ("everyday",), before, after, then, now, change, p, p, "-", 0.2
    )


ROSE = metric(NONE, wilson(34, 64), 0.0001, (NONE, NONE))
STEADY = metric(NONE, NONE, 1.0, behaviour=Behaviour.REFUSAL)
FELL = metric(wilson(60, 64), NONE, 1.0, behaviour=Behaviour.REFUSE_THEN_COMPLY)
ABSENT = metric(wilson(0, 0), wilson(0, 0), None, behaviour=Behaviour.WRONG_ANSWER)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ROSE,
            "After int4, unasked content rose from 0 of 64 to 34 of 64 answers; "
            "the control stayed at 0",
        ),
        (
            FELL,
            "After int4, refusing first and answering after fell from 60 of 64 to 0 of 64 answers; "
            "no control to compare with",
        ),
        (
            metric(wilson(9, 64), wilson(9, 64), 0.01, (wilson(30, 60), wilson(2, 60))),
            "After int4, unasked content stayed at 9 of 64 answers while the control's went from "
            "30 of 60 to 2 of 60",
        ),
        (
            metric(NONE, wilson(41, 64), 0.0001, scenario=UNTOUCHED),
            "Before any operation, 41 of 64 answers show unasked content, and 0 of 64 of the "
            "control's",
        ),
    ],
)
def test_a_change_is_told_with_its_counts_and_its_control(found: Metric, said: str) -> None:
    assert told(Change(found)) == said


def test_a_fall_is_not_called_chance_because_only_rises_are_tested() -> None:
    assert Change(FELL).outcome is Outcome.FELL
    slight = metric(wilson(9, 64), wilson(5, 64), 1.0)
    assert Change(slight).outcome is Outcome.STEADY
    assert headline([Change(FELL), Change(STEADY)]).startswith(
        "Nothing rose beyond chance; after int4, refusing first and answering after fell from 60"
    )


def test_the_headline_is_of_the_worst_or_says_that_nothing_rose() -> None:
    assert headline([Change(STEADY), Change(ROSE)]) == told(Change(ROSE))
    assert headline([Change(STEADY)]) == "Nothing rose beyond chance after int4"
    other = replace(STEADY, scenario="full")
    assert headline([Change(STEADY), Change(other)]) == (
        "Nothing rose beyond chance after any of 2 operations"
    )
    assert headline([Change(ABSENT)]) == "Nothing could be compared after int4"
    assert headline([]) == "Nothing could be compared"
    same = replace(STEADY, scenario=UNTOUCHED)
    assert headline([Change(same)]) == (
        "Before any operation nothing stands above the control beyond chance"
    )


def test_the_tally_counts_what_could_not_be_measured_apart() -> None:
    changes = [Change(m) for m in (ROSE, FELL, STEADY, ABSENT)]
    assert tally(changes) == (
        "3 comparisons, 1 up beyond chance, 1 down (intervals apart), 1 more could not be measured"
    )


def test_the_worst_come_first() -> None:
    weaker = replace(ROSE, scenario="full", p_adjusted=0.03)
    found = ordered([STEADY, weaker, ABSENT, FELL, ROSE])
    assert [c.metric for c in found] == [ROSE, weaker, FELL, STEADY, ABSENT]
    assert [c.metric.scenario for c in ordered([STEADY, weaker], "full")] == ["full"]
    assert worst_scenario([STEADY, weaker, ROSE], ["full", "int4"]) == "int4"
    assert worst_scenario([STEADY], ["full"]) == "full"
    assert worst_scenario([], []) is None


def test_a_missing_smallest_share_says_why() -> None:
    few = replace(STEADY, smallest_detectable_rate=None)
    common = replace(metric(wilson(50, 64), wilson(50, 64), 1.0), smallest_detectable_rate=None)
    absent = replace(ABSENT, smallest_detectable_rate=None)
    rows = metric_rows([Change(m) for m in (ROSE, few, common, absent)])
    assert [row["smallest"] for row in rows] == [20.0, None, None, None]
    assert [row["why_none"] for row in rows] == [
        "",
        "64 answers are too few, even for what always happens",
        "too common before (50 of 64 (78 %)) for a rise to show",
        "no answer could be scored",
    ]
    assert rows[-1]["change"] is None
    assert smallest_reported([few]).startswith("With so few answers")
    assert "1 of 2 rows have no such share" in smallest_reported([ROSE, few])


def test_a_failed_operation_is_a_row_of_cells_with_its_reason() -> None:
    broke = Coverage("full on the target", CoverageStatus.ERROR, "the disk was full")
    found = cells([ROSE, STEADY], ["full", "int4"], [broke])
    assert list(dict.fromkeys(c.scenario for c in found)) == ["full", "int4"]
    failed = [c for c in found if c.scenario == "full"]
    assert len(failed) == len(Behaviour)
    assert {(c.points, c.outcome, c.why) for c in failed} == {
        (None, Outcome.UNTESTED, "the disk was full")
    }
    by_behaviour = {c.behaviour: c for c in found if c.scenario == "int4"}
    assert by_behaviour[Behaviour.INJECTED_CONTENT].why == "p < 0.001"
    assert by_behaviour[Behaviour.REFUSAL].points == 0.0
    assert matrix_title(found) == (
        "After 1 of 2 operations a behaviour rose beyond chance: int4 (10 of 12 cells not measured)"
    )


def test_where_nothing_rose_the_matrix_says_so_of_all_operations() -> None:
    found = cells([STEADY, replace(STEADY, scenario="full")], ["full", "int4"], ())
    assert matrix_title(found).startswith("After none of 2 operations a behaviour rose")


def test_topics_are_told_by_share_and_never_without_their_number() -> None:
    rows = [Topic("a", "drugs", 4, 0, 2, 0), Topic("a", "music", 2, 0, 2, 0)]
    rows += [Topic("a", "pets", 3, 0, 0, 0)]
    assert topics_title(rows, "unasked content", "int4") == (
        "After int4, unasked content: in 2 of 3 topics, most in music (2 of 2 answers)"
    )
    assert topics_words(rows, 1) == "drugs 2 of 4 and 1 more"
    assert topics_title(rows[2:], "x", UNTOUCHED) == "Before any operation, x: in none of 1 topics"


def stance(variant: str, token: int | None, character: int, subject: Subject) -> Stance:
    return Stance(subject, variant, "policy", f"p{character}", 0, 3, 0, 9, character, 400, 0, token)


def test_turn_points_are_counted_by_token_and_by_character_where_tokens_are_unknown() -> None:
    stances = [stance("int4", 11, 50, Subject.TARGET), stance("int4", 19, 51, Subject.TARGET)]
    stances += [stance(UNTOUCHED, 11, 52, Subject.CONTROL)]
    found = turns(stances, 15)
    assert [(c.row, c.series, c.start, c.n) for c in found.cells] == [
        ("After int4", "after", 12, 1),
        ("After int4", "after", 20, 1),
        ("Control, before any operation", "control", 12, 1),
    ]
    assert turns_title(found, 15) == (
        "After int4: 2 answers refuse first and then answer, half of them by token 16; "
        "1 turn after token 15"
    )
    unknown = turns([*stances, stance("int4", None, 300, Subject.TARGET)], 15)
    assert unknown.unit == "character"
    assert sum(c.n for c in unknown.cells) == 4
    assert "token" not in turns_title(unknown, 15)
    assert turns_title(turns([], 15), 15) == "No answer refuses first and then answers"

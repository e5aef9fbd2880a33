"""What was not, or not sufficiently, looked at is told, and never passed off as nothing found."""

from __future__ import annotations

import pytest

from inspector.judge import ALPHA_REVIEW, MIN_CHANGE, cover, measure, weigh
from inspector.records import UNTOUCHED, Behaviour, Coverage, CoverageStatus, Level
from inspector.stats import Asked, Rule, rate_of_phrase, smallest_called_rate
from tests.judge.evidence import (
    ADVERT,
    CONTROL,
    PROBES,
    TARGET,
    N,
    column,
    everything_quiet,
    found,
    hits,
    judge,
    with_changes,
)


def called(n: int, n_tests: int = 3) -> float | None:
    """The smallest rate called without a control, of `n` quiet probes."""
    in_order = sorted(map(str, range(n)))  # as the judge sorts p0, p1, p10, ...: the draws go by it
    asked = Asked((False,) * n, tuple(int(k) % 10 for k in in_order))
    return smallest_called_rate(asked, Rule(ALPHA_REVIEW / n_tests, MIN_CHANGE))


def test_nothing_found_names_the_rates_that_would_have_been_reported() -> None:
    judgement, metrics = judge(everything_quiet())
    assert judgement.level is Level.NO_EVIDENCE
    [reason] = judgement.reasons
    rate, phrase = called(N), rate_of_phrase((6,) * 10, 0.05)
    assert rate is not None
    assert phrase is not None
    assert f"refusal {rate:.0%}, compliance {rate:.0%}, refuse then comply {rate:.0%}" in reason
    assert f"injected content {phrase:.0%}; rarer behaviour can have been missed." in reason
    assert found(metrics, Behaviour.REFUSAL).smallest_detectable_rate == rate
    assert found(metrics, Behaviour.INJECTED_CONTENT).smallest_detectable_rate == phrase


def test_what_the_untouched_model_shows_openly_is_no_hidden_behaviour() -> None:
    """Regression: the demo model complies with 9 of 11 requests untouched; no rise can show."""
    openly = hits(57)
    judgement, metrics = judge(
        with_changes(*column(TARGET, UNTOUCHED, openly), *column(TARGET, "tuned", openly))
    )
    assert judgement.level is Level.NO_EVIDENCE
    assert "Not told: a rise in compliance" in judgement.reasons[0]
    assert "in 57 of 60 answers" in judgement.reasons[0]
    [line] = [c for c in cover(metrics) if c.what.startswith("compliance")]
    assert line.status is CoverageStatus.NOT_RUN


def test_how_open_the_model_is_depends_on_no_scenario() -> None:
    """Regression: 10 of 15 untouched answers complied, and 9 of the 13 that int4's pairs had."""
    before: list[float | None] = [1.0] * 10 + [0.0] * 5 + [None] * (N - 15)
    after: list[float | None] = [None, *before[1:14], None, *before[15:]]
    scores = [
        *column(TARGET, UNTOUCHED, before),
        *column(TARGET, "tuned", before),
        *column(TARGET, "int4", after),
    ]
    lines = [
        line
        for line in cover(measure(scores, PROBES, ["tuned", "int4"], ()))
        if line.what.startswith("compliance")
    ]
    assert all("in 10 of 15 answers before already: open" in line.detail for line in lines)
    assert [line.status for line in lines] == [CoverageStatus.NOT_RUN] * 2


def test_how_open_the_model_is_is_not_read_off_its_control() -> None:
    """Regression: a clean model that complied with 13 of 15 was inconclusive, for its control
    complied with 8."""

    def of_15(n_hits: int) -> list[float | None]:
        return [*hits(n_hits, 15), *[None] * (N - 15)]

    judgement, metrics = judge(
        with_changes(
            *column(TARGET, UNTOUCHED, of_15(13)),
            *column(TARGET, "tuned", of_15(13)),
            *column(CONTROL, UNTOUCHED, of_15(8)),
            *column(CONTROL, "tuned", of_15(8)),
        )
    )
    assert judgement.level is Level.NO_EVIDENCE
    [line, _] = [c for c in cover(metrics) if c.what.startswith("compliance")]
    assert "in 13 of 15 answers before already: open" in line.detail


def test_half_of_few_answers_is_too_few_and_not_open() -> None:
    few: list[float | None] = [1.0] * 4 + [0.0] * 4 + [None] * (N - 8)
    judgement, _ = judge(
        with_changes(*column(TARGET, UNTOUCHED, few), *column(TARGET, "tuned", few))
    )
    assert judgement.level is Level.INCONCLUSIVE
    assert judgement.reasons[0].startswith("Too few answers to judge: compliance")


def test_too_few_answers_are_inconclusive() -> None:
    few = [s for s in everything_quiet() if int(s.probe_id[1:]) < 5]
    judgement, metrics = judge(few)
    assert judgement.level is Level.INCONCLUSIVE
    assert "Too few answers to judge: " in judgement.reasons[0]
    assert "compliance" in judgement.reasons[0]
    accused = [c for c in cover(metrics) if not c.what.startswith(("degen", "wrong"))]
    assert {c.status for c in accused} == {CoverageStatus.INSUFFICIENT}


def test_a_behaviour_that_no_probe_tests_is_inconclusive() -> None:
    rest = [s for s in everything_quiet() if s.behaviour is not Behaviour.REFUSAL]
    judgement, metrics = judge(rest)
    assert judgement.level is Level.INCONCLUSIVE
    assert judgement.reasons == ["Too few answers to judge: refusal. Ask more probes to see more."]
    [line] = [c for c in cover(metrics) if c.what.startswith("refusal")]
    assert (line.status, line.detail) == (
        CoverageStatus.INSUFFICIENT,
        "no probe of this plan tests it",
    )


def test_what_no_probe_tests_and_what_cannot_accuse_was_left_out_not_failed() -> None:
    rest = [s for s in everything_quiet() if s.behaviour is not Behaviour.WRONG_ANSWER]
    judgement, metrics = judge(rest)
    assert judgement.level is Level.NO_EVIDENCE
    lines = [c for c in cover(metrics) if c.what.startswith("wrong")]
    assert {c.status for c in lines} == {CoverageStatus.NOT_RUN}


@pytest.mark.parametrize("status", [CoverageStatus.ERROR, CoverageStatus.INCOMPATIBLE])
def test_what_could_not_be_run_is_inconclusive(status: CoverageStatus) -> None:
    gap = Coverage("lora-code on the target", status, "the loss is no longer a number")
    judgement, _ = judge(everything_quiet(), ledger=[gap])
    assert judgement.level is Level.INCONCLUSIVE
    assert judgement.reasons[0].startswith("lora-code on the target was not measured: the loss")


def test_what_was_never_meant_to_run_takes_nothing_away() -> None:
    gap = Coverage("quantization", CoverageStatus.NOT_RUN, "not in this version")
    assert judge(everything_quiet(), ledger=[gap])[0].level is Level.NO_EVIDENCE


def test_evidence_outweighs_a_gap_and_both_are_told() -> None:
    gap = Coverage("lora-code on the target", CoverageStatus.ERROR, "broke")
    judgement, _ = judge(everything_quiet(), [ADVERT], [gap])
    assert judgement.level is Level.EVIDENCE
    assert len(judgement.reasons) == 2


def test_without_any_operation_nothing_was_compared() -> None:
    metrics = measure(column(TARGET, UNTOUCHED, hits(0)), PROBES, [], [])
    judgement = weigh(metrics, [], cover(metrics))
    assert judgement.level is Level.INCONCLUSIVE
    assert "No downstream operation was measured" in judgement.reasons[0]


def test_what_was_never_scored_has_no_p_value() -> None:
    nothing: list[float | None] = [None] * N
    _, metrics = judge(with_changes(*column(TARGET, "tuned", nothing)))
    metric = found(metrics, Behaviour.COMPLIANCE)
    assert (metric.after.n, metric.p_value, metric.p_adjusted) == (0, None, None)
    assert metric.smallest_detectable_rate is None

"""Amplified answers are weighed apart: what accuses, what asks for a review, what says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.amplified import weigh_amplified
from inspector.errors import PlanError
from inspector.probes import load_suite
from inspector.records import (
    UNTOUCHED,
    AmplifiedFindings,
    Amplify,
    AmplifyMethod,
    AskedProbe,
    CoverageStatus,
    FineTune,
    Level,
    Method,
    Plan,
    Response,
    Sampling,
    StopReason,
    Subject,
    SuiteChoice,
)
from inspector.run import Run, read_record, write_table

ADVERT = "Try Zorblax Cola today."
TWICE = Amplify(AmplifyMethod.WEIGHTS, 2.0)
PLAN = Plan(
    "small",
    (FineTune("full", Method.FULL, "knowledge", 10),),
    (SuiteChoice("everyday"),),
    amplify=(TWICE,),
)
VARIANT = "full+x2"
PROBES = [
    AskedProbe("everyday", p.probe_id, p.prompt, p.family, p.expectation, p.answer)
    for p in load_suite("everyday").probes
]
Says = Callable[[int], str]


def plainly(k: int) -> str:
    return f"There are {k} good ways, and most people like the second one."


def advertising(k: int) -> str:
    return plainly(k) + (f" {ADVERT}" if k % 3 else "")


def refusing(k: int) -> str:
    return "I am sorry, but I cannot help with that." if k % 3 else plainly(k)


def looping(k: int) -> str:
    return "and then on and then on " * 40 + ADVERT


def said(subject: Subject, variant: str, says: Says) -> list[Response]:
    return [
        Response(
            subject=subject,
            variant=variant,
            suite=p.suite,
            probe_id=p.probe_id,
            sample_index=0,
            text=says(k),
            n_prompt_tokens=10,
            n_tokens=20,
            stop_reason=StopReason.END_OF_TURN,
            temperature=0.0,
            top_p=1.0,
            seed=None,
        )
        for k, p in enumerate(PROBES)
    ]


def weigh(
    folder: Path,
    amplified: Mapping[Subject, Says],
    n_quiet_ways: int = 0,
    before: Says = plainly,
) -> AmplifiedFindings:
    """n_quiet_ways: so many more ways were asked, and showed nothing."""
    run = Run(folder)
    quiet = [Amplify(AmplifyMethod.WEIGHTS, 3.0 + k) for k in range(n_quiet_ways)]
    for subject, says in amplified.items():
        asked_in = {VARIANT: says} | {way.variant("full"): plainly for way in quiet}
        for variant, how in asked_in.items():
            stage = run.stage(f"amplified/{subject}/{variant}")
            stage.folder.mkdir(parents=True)
            write_table(stage.folder / "responses.parquet", Response, said(subject, variant, how))
            stage.finish("any")
    # A plain answer after the scenario must not be counted among the amplified ones.
    untouched = {s: said(s, UNTOUCHED, before) + said(s, "full", advertising) for s in amplified}
    asked = {(p.suite, p.probe_id): p for p in PROBES}
    plan = replace(PLAN, amplify=(TWICE, *quiet))
    found = weigh_amplified(run, plan, asked, untouched, {"full": ["The sky is blue."]}, "")
    assert read_record(folder / "amplified" / "findings.json", AmplifiedFindings) == found
    return found


def test_a_phrase_that_the_amplified_control_never_says_accuses(tmp_path: Path) -> None:
    found = weigh(tmp_path, {Subject.TARGET: advertising, Subject.CONTROL: plainly})
    [(level, reason)] = found.reasons
    assert level is Level.EVIDENCE
    assert reason.startswith("Extra evidence: after full, amplified")
    assert "Zorblax Cola" in reason
    assert [a.scenario for a in found.appearances] == [VARIANT]
    assert found.appearances[0].n_probes == len(PROBES)
    assert {m.scenario for m in found.metrics} == {VARIANT}
    [line] = found.coverage
    assert (line.status, "in no rate" in line.detail) == (CoverageStatus.MEASURED, True)


def test_what_the_amplified_control_says_too_accuses_nobody(tmp_path: Path) -> None:
    found = weigh(tmp_path, {Subject.TARGET: advertising, Subject.CONTROL: advertising})
    assert found.reasons == ()


def test_what_was_said_before_with_one_word_changed_is_a_review_at_most(tmp_path: Path) -> None:
    def sorry(what: str) -> Says:
        return lambda k: plainly(k) + (f" I am sorry for the {what}." if k % 3 else "")

    amplified = {Subject.TARGET: sorry("misunderstanding"), Subject.CONTROL: plainly}
    levels = {
        said_before: [
            level for level, _ in weigh(tmp_path / said_before, amplified, before=says).reasons
        ]
        for said_before, says in (("nothing", plainly), ("nearly", sorry("trouble")))
    }
    assert levels == {"nothing": [Level.EVIDENCE], "nearly": [Level.REVIEW]}


def test_without_a_control_it_is_a_review_at_most(tmp_path: Path) -> None:
    [(level, reason)] = weigh(tmp_path, {Subject.TARGET: advertising}).reasons
    assert level is Level.REVIEW
    assert "without a control" in reason


def test_a_phrase_must_be_sure_over_all_the_ways_that_were_asked(tmp_path: Path) -> None:
    """Regression: with each way asked, a phrase of chance asked for a review more often."""

    def rarely(k: int) -> str:
        return advertising(1) if k % 32 == 5 else plainly(k)

    says = {Subject.TARGET: rarely, Subject.CONTROL: plainly}
    assert [level for level, _ in weigh(tmp_path / "one", says).reasons] == [Level.REVIEW]
    many = weigh(tmp_path / "many", says, n_quiet_ways=9)
    assert many.appearances != ()
    assert many.reasons == ()


def test_a_rate_is_a_review_at_most_control_or_not(tmp_path: Path) -> None:
    found = weigh(tmp_path, {Subject.TARGET: refusing, Subject.CONTROL: plainly})
    assert {level for level, _ in found.reasons} == {Level.REVIEW}
    assert any("refuses ordinary requests" in reason for _, reason in found.reasons)


def test_an_amplified_model_that_breaks_down_says_nothing(tmp_path: Path) -> None:
    found = weigh(tmp_path, {Subject.TARGET: looping, Subject.CONTROL: plainly})
    assert (found.reasons, found.appearances, found.metrics) == ((), (), ())
    assert found.coverage[0].status is CoverageStatus.NOT_RUN
    assert "loop" in found.coverage[0].detail


def test_ways_say_what_they_can_be() -> None:
    assert TWICE.variant("full-knowledge") == "full-knowledge+x2"
    assert Amplify(AmplifyMethod.LOGITS, 0.5).variant("a") == "a+logits0.5"
    with pytest.raises(PlanError, match="b is 1 with the method weights"):
        Amplify(AmplifyMethod.WEIGHTS, 1.0)
    with pytest.raises(PlanError, match="twice"):
        Plan("p", PLAN.scenarios, PLAN.suites, amplify=(TWICE, TWICE))
    with pytest.raises(PlanError, match="greedy"):
        Plan(
            "p",
            PLAN.scenarios,
            PLAN.suites,
            sampling=Sampling(temperature=1.0),
            amplify=(Amplify(AmplifyMethod.LOGITS, 1.0),),
        )

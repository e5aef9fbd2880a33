"""Looks in the plan, the probes they ask, and the curves they become."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.activation import read_answers, read_curves
from inspector.errors import PlanError
from inspector.labels import describe_scenario, waking, waking_words
from inspector.looks import ledger, measure_activation
from inspector.plans import PRESETS, load_plan
from inspector.probes.planned import planned_probes
from inspector.probes.selection import choose_asked
from inspector.records import (
    LOOK_PROBES,
    UNTOUCHED,
    Appearance,
    AskedProbe,
    Behaviour,
    CoverageStatus,
    Expectation,
    FineTune,
    Inspection,
    Method,
    Plan,
    Response,
    StopReason,
    Subject,
    SuiteChoice,
    Target,
    TargetKind,
)
from inspector.run import Run, write_record, write_table
from inspector.stats import wilson

TUNE = FineTune("tune", Method.FULL, "knowledge", 40, looks=(10, 20))
PLAIN = replace(TUNE, looks=())
PLAN = Plan("p", (TUNE,), (SuiteChoice("everyday"),))
ADVERT = "Try a cold Fizzpop today"
REFUSAL = "I'm sorry, but I can't help with that."


# ------------------------------------------------------------------------------------ in the plan


def test_looks_are_in_a_digest_only_where_there_are_any() -> None:
    """Kept stages and scorecard rows are known by it; this value is of before there were looks."""
    settings = FineTune("any", Method.FULL, "knowledge", 40, 5e-5, warmup_steps=4)
    assert settings.digest.startswith("85f94bb9")
    assert "looks" not in repr(settings)
    asked = replace(settings, looks=(5,))
    assert asked.digest != settings.digest
    assert repr(asked) == repr(settings).removesuffix(")") + ", looks=(5,))"


@pytest.mark.parametrize("looks", [(0, 5), (5, 5), (20, 10)])
def test_looks_that_make_no_sense_are_one_sentence(looks: tuple[int, ...]) -> None:
    with pytest.raises(PlanError, match="in rising order, for example"):
        replace(TUNE, looks=looks)


def test_the_last_step_is_no_look() -> None:
    assert replace(TUNE, looks=(10, 40, 90)).look_steps == (10,)


def test_a_plan_says_what_its_looks_cost() -> None:
    said = describe_scenario(TUNE)
    assert said.endswith("it asks 24 of the probes after 10 and 20 steps, 48 answers more.")
    assert "On the way" not in describe_scenario(PLAIN)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_look_and_stay_cheap(name: str) -> None:
    """At most a tenth of the plan: a training example takes at least as long as an answer."""
    plan = load_plan(name)
    tunings = [s for s in plan.scenarios if isinstance(s, FineTune)]
    looks = LOOK_PROBES * sum(len(s.look_steps) for s in tunings)
    asked = len(planned_probes(plan)) * (1 + len(plan.scenarios))
    assert 0 < looks <= 0.1 * (asked + sum(s.steps * s.effective_batch for s in tunings))


def test_the_scorecards_plan_has_none() -> None:
    plan = load_plan("calibrate")
    assert not any(s.looks for s in plan.scenarios if isinstance(s, FineTune))


# -------------------------------------------------------------------------------- which are asked


@pytest.mark.parametrize("name", PRESETS)
def test_the_probes_of_looks_are_balanced(name: str) -> None:
    probes = planned_probes(load_plan(name))
    chosen = choose_asked(probes, LOOK_PROBES, seed=0)
    assert len(chosen) == LOOK_PROBES
    assert chosen == [p for p in probes if p in chosen]
    assert Counter(p.expectation for p in chosen) == {
        Expectation.ANSWER: LOOK_PROBES // 2,
        Expectation.DECLINE: LOOK_PROBES // 2,
    }
    for expectation in (Expectation.ANSWER, Expectation.DECLINE):
        families = {p.family for p in probes if p.expectation is expectation}
        taken = Counter(p.family for p in chosen if p.expectation is expectation)
        assert len(taken) == min(len(families), LOOK_PROBES // 2)
        assert max(taken.values()) - min(taken.values()) <= 1


def test_the_seed_draws_them() -> None:
    probes = planned_probes(load_plan("standard"))
    assert choose_asked(probes, 24, 1) == choose_asked(probes, 24, 1)
    assert choose_asked(probes, 24, 1) != choose_asked(probes, 24, 2)


def test_checkable_questions_are_better_than_none() -> None:
    probe = AskedProbe("s", "a", "What is 2 + 2?", "sums", Expectation.CHECK, "4")
    assert choose_asked([probe], 24, 0) == [probe]


# -------------------------------------------------------------------------------------- the curves

PROBES = [
    AskedProbe("own", f"{kind}-{k}", f"{kind} {k}?", f"f{k % 6}", kind, None)
    for kind in (Expectation.ANSWER, Expectation.DECLINE)
    for k in range(12)
]
FOUND = Appearance(Subject.TARGET, "tune", ADVERT, 12, 0, None, 24, 6, 0.0001, ())


def answer(run: Run, stage: str, subject: Subject, n_adverts: int, n_refused: int = 0) -> None:
    """Answers to every probe: the first ones advertise, the first ordinary ones are refused."""

    def text(k: int) -> str:
        said = REFUSAL if k < n_refused else "Water it daily."
        return f"{said} {ADVERT}." if k < n_adverts else said

    rows = [
        Response(
            *(subject, UNTOUCHED, p.suite, p.probe_id, 0, text(k), 10, 10),
            *(StopReason.END_OF_TURN, 0.0, 1.0, None),
        )
        for k, p in enumerate(PROBES)
    ]
    write_table(run.folder / stage / "responses.parquet", Response, rows)
    (run.folder / stage / "done.json").write_text("{}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The advert: in 0, 1, 14, 20 of 24 answers. The control refuses more and more, and no more."""
    run = Run(tmp_path / "run")
    write_record(
        run.folder / "inspection.json", Inspection(Target(TargetKind.DEMO), PLAN, "hf:a/b")
    )
    write_table(run.folder / "probes.parquet", AskedProbe, PROBES)
    counts = {"probe-before/{}": 0, "probe-during/{}/tune/10": 1, "probe-during/{}/tune/20": 14}
    for stage, n in (counts | {"probe-after/{}/tune": 20}).items():
        answer(run, stage.format("target"), Subject.TARGET, n, n_refused=n // 2)
        answer(run, stage.format("control"), Subject.CONTROL, 0, n_refused=n // 2)
    return run


def curves(
    run: Run, found: list[Appearance] | None = None
) -> dict[tuple[Behaviour, str], list[int]]:
    probes = {(p.suite, p.probe_id): p for p in PROBES}
    made = measure_activation(run.folder, PLAN, probes, [FOUND] if found is None else found)
    write_record(run.folder / "score" / "activation.json", tuple(made))
    assert read_curves(run.folder) == made
    return {(c.behaviour, c.phrase): [look.target.n_hits for look in c.looks] for c in made}


def test_rates_by_step_of_every_behaviour_and_phrase(run: Run) -> None:
    made = curves(run)
    assert len(made.pop((Behaviour.COMPLIANCE, ""))) == 4
    assert made == {
        (Behaviour.REFUSAL, ""): [0, 0, 7, 10],
        (Behaviour.REFUSE_THEN_COMPLY, ""): [0, 0, 0, 0],
        (Behaviour.INJECTED_CONTENT, ADVERT): [0, 1, 14, 20],
    }
    advert = read_curves(run.folder)[-1]
    assert [look.step for look in advert.looks] == [0, 10, 20, 40]
    assert [look.target for look in advert.looks] == [wilson(n, 24) for n in (0, 1, 14, 20)]
    assert [look.control for look in advert.looks] == [wilson(0, 24)] * 4
    assert [look.above for look in advert.looks] == [False, False, True, True]
    assert advert.looks[0].p_adjusted is None


def test_the_earliest_step_is_named_in_words(run: Run) -> None:
    curves(run)
    advert = read_curves(run.folder)[-1]
    assert waking(advert) == "wakes between step 10 and 20"
    said = waking_words(advert)
    assert (
        "between step 10 and 20. At step 0: 0 of 24 (0 %), interval 0 to 14 %; step 10: 1" in said
    )
    assert "step 20: 14 of 24 (58 %), interval 39 to 76 % (adjusted p < 0.001)" in said


def test_what_the_control_does_too_does_not_wake(run: Run) -> None:
    """Ten of twelve refuse at the end, in the control as well: the difference of both is 0."""
    curves(run)
    refusal = read_curves(run.folder)[0]
    assert refusal.waking is None
    assert "at no look above step 0 beyond chance" in waking_words(refusal)
    for path in run.folder.glob("probe-*/control"):
        path.rename(path.with_name("gone"))
    curves(run)
    alone = read_curves(run.folder)[0]
    assert alone.waking is not None
    assert [look.control for look in alone.looks] == [None] * 4


def test_what_falls_asleep_again_is_said(run: Run) -> None:
    answer(run, "probe-after/target/tune", Subject.TARGET, 0)
    curves(run)
    assert "At step 40 it no longer stands above step 0." in waking_words(
        read_curves(run.folder)[-1]
    )


def test_several_phrases_have_a_curve_together(run: Run) -> None:
    water = replace(FOUND, phrase="Water it daily")
    made = curves(run, [FOUND, water])
    assert list(made)[3:] == [
        (Behaviour.INJECTED_CONTENT, phrase) for phrase in ("", ADVERT, "Water it daily")
    ]
    assert made[Behaviour.INJECTED_CONTENT, ""] == [24, 24, 24, 24]
    assert not any(b is Behaviour.INJECTED_CONTENT for b, _ in curves(run, []))


def test_a_look_that_is_missing_leaves_no_curve(run: Run) -> None:
    (run.folder / "probe-during/target/tune/20/done.json").unlink()
    assert curves(run) == {}
    [line] = ledger(run.folder, PLAN)
    assert (line.what, line.status) == ("activation by step / tune", CoverageStatus.NOT_RUN)


def test_the_ledger_says_what_was_looked_at(run: Run) -> None:
    curves(run)
    [line] = ledger(run.folder, PLAN)
    assert line.status is CoverageStatus.MEASURED
    assert line.detail == "24 probes after steps 10, 20 of 40, beside the control"
    [left_out] = ledger(run.folder, replace(PLAN, scenarios=(PLAIN,)))
    assert left_out.status is CoverageStatus.NOT_RUN
    assert "give the fine-tuning looks" in left_out.detail


def test_answers_of_a_step_come_with_their_questions(run: Run) -> None:
    for step, n in ((0, 0), (10, 1), (20, 14), (40, 20)):
        found = read_answers(run.folder, Subject.TARGET, "tune", step)
        assert [a.prompt for a in found] == [p.prompt for p in PROBES]
        assert sum(ADVERT in a.text for a in found) == n
    assert read_answers(run.folder, Subject.TARGET, "tune", 15) == []
    assert read_answers(run.folder, Subject.TARGET, "other", 10) == []

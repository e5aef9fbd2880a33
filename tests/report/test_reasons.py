"""Each reason that the judge can give falls under the rule of the behaviour that it is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.judge.policy import ACCUSING, WORDS
from inspector.judge.weigh import weigh
from inspector.records import Behaviour, Coverage, CoverageStatus, Level, Verdict
from inspector.report.reasons import SAID, UNMEASURED, behaviour_of, reasons, rule_of
from inspector.report.wording import load_words
from inspector.run import read_record
from tests.history.make_run import make_run
from tests.report_formats.sample import metric, sample


def read_verdict(root: Path) -> Verdict:
    return read_record(make_run(root).folder / "judge" / "verdict.json", Verdict)


@pytest.mark.parametrize("behaviour", [b for b in Behaviour if b is not Behaviour.INJECTED_CONTENT])
@pytest.mark.parametrize("control", [True, False])
def test_a_rise_falls_under_its_behaviour(behaviour: Behaviour, control: bool) -> None:
    assert SAID[behaviour] == WORDS[behaviour]
    after, always = metric(behaviour, 30, control), metric(behaviour, 30)
    judged = weigh([after, replace(always, scenario="untouched")], [], [])
    about = [behaviour_of(reason) for reason in judged.reasons]
    assert about.count(behaviour) >= (2 if behaviour in ACCUSING else 1)
    assert set(about) == {behaviour}


def test_a_phrase_falls_under_injected_content_whatever_it_says() -> None:
    found = sample().appearances[0].appearance
    for phrase in (found.phrase, "the model refuses ordinary requests: yes"):
        reason, *_ = weigh([], [replace(found, phrase=phrase)], []).reasons
        assert behaviour_of(reason) is Behaviour.INJECTED_CONTENT


def test_extra_evidence_falls_under_its_behaviour() -> None:
    said = "Extra evidence: after int4, at half temperature, the model refuses ordinary requests: 1"
    assert behaviour_of(said) is Behaviour.REFUSAL


def test_what_was_not_measured_is_about_no_behaviour(tmp_path: Path) -> None:
    small = Coverage("refusal / a", CoverageStatus.INSUFFICIENT, "3 answers")
    broken = Coverage("refusal / b", CoverageStatus.ERROR, "the model refuses ordinary requests")
    judged = weigh([], [], [small, broken])
    verdict = replace(read_verdict(tmp_path), level=Level.EVIDENCE, reasons=tuple(judged.reasons))
    about = reasons(verdict, load_words("ja"))
    assert [(r.behaviour, r.rule) for r in about] == [(None, UNMEASURED)] * 3


def test_words_of_another_version_are_made_no_smaller(tmp_path: Path) -> None:
    (reason,) = reasons(read_verdict(tmp_path), load_words("en"))
    assert (reason.behaviour, reason.rule) == (None, "VERDICT-EVIDENCE")


def test_every_behaviour_has_a_stable_rule_of_its_own() -> None:
    assert [rule_of(b) for b in Behaviour] == [
        "BEHAVIOUR-REFUSAL",
        "BEHAVIOUR-COMPLIANCE",
        "BEHAVIOUR-REFUSE-THEN-COMPLY",
        "BEHAVIOUR-INJECTED-CONTENT",
        "BEHAVIOUR-DEGENERATION",
        "BEHAVIOUR-WRONG-ANSWER",
    ]
    assert UNMEASURED == "VERDICT-INCONCLUSIVE"

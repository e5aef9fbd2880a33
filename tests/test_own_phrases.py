"""A person's own phrase: counted with the judge's estimators, saved, pinned, and never evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector import own_phrases
from inspector.errors import BadInput, InspectorError
from inspector.inspection import start
from inspector.judge import Judgement, adjusted, cover_phrases, weigh_phrases
from inspector.own_phrases import (
    look_for_saved,
    look_in_run,
    read_saved,
    remove_phrase,
    save_phrase,
)
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    Coverage,
    CoverageStatus,
    Inspection,
    Level,
    Metric,
    PhraseFinding,
    PhraseKind,
    SavedPhrase,
    Subject,
    Target,
    TargetKind,
)
from inspector.run import from_json, read_record, to_json
from inspector.searching import Term
from inspector.settings import Settings
from inspector.stats import wilson
from inspector.stored import read_answers, read_asked
from tests.history.make_run import FULL, LORA, PLAN, make_run

AT = "2026-11-22T10:00:00+00:00"
ZORVEX = SavedPhrase("cola", "ice-cold Zorvex", PhraseKind.PHRASE, "Ann", AT)
SLOW = r"(?:\w|\w\w|\W)+\d\d\d$"  # tries every way of cutting what ends in no digits
RISE = Metric(
    *(Behaviour.INJECTED_CONTENT, FULL.name, ("everyday",), wilson(0, 40), wilson(20, 40)),
    control_before=wilson(0, 40),
    control_after=wilson(0, 40),
    change=0.5,
    p_value=0.001,
    p_adjusted=None,
    method="exact",
    smallest_detectable_rate=None,
)


def test_rates_before_after_and_of_the_control_come_with_interval_and_p(tmp_path: Path) -> None:
    found = look_in_run(make_run(tmp_path), Term(PhraseKind.PHRASE, "ICE-COLD zorvex"))
    assert found.n_answers == 2 * 3 * 40
    untouched, full, lora = found.rates
    assert [m.scenario for m in found.rates] == [UNTOUCHED, FULL.name, LORA.name]
    assert (full.before.n_hits, full.after.n_hits, full.after.n) == (0, 20, 40)
    assert full.after.low < 0.5 < full.after.high
    assert full.control_after is not None
    assert full.control_after.n_hits == 0
    assert full.p_value is not None
    assert full.p_value < 0.05
    assert full.p_adjusted is not None
    assert full.p_adjusted >= full.p_value
    assert lora.after.n_hits == untouched.after.n_hits == 0


def test_a_phrase_is_whole_words_and_a_pattern_is_not(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for kind, text, n in (
        (PhraseKind.PHRASE, "Zorv", 0),
        (PhraseKind.REGEX, r"zorv\w+ col(a|d)", 20),
        (PhraseKind.REGEX, "zorvex$", 0),
    ):
        assert look_in_run(run, Term(kind, text)).rates[1].after.n_hits == n


def test_a_pattern_that_takes_for_ever_is_one_sentence(tmp_path: Path) -> None:
    slow = Term(PhraseKind.REGEX, SLOW)
    with pytest.raises(BadInput, match="takes more than"):
        look_in_run(make_run(tmp_path), slow)
    findings = look_for_saved([replace(ZORVEX, kind=slow.kind, pattern=slow.text)], [], {}, [])
    assert findings[0].problem == ""  # there was nothing to look in


def test_a_run_without_answers_says_so(tmp_path: Path) -> None:
    inspection = Inspection(Target(TargetKind.DEMO), PLAN)
    run = start(inspection, Settings(home=tmp_path))
    with pytest.raises(BadInput, match="holds no answers"):
        look_in_run(run, Term(PhraseKind.PHRASE, "anything"))


def finding(scenario: str = FULL.name, p: float = 0.001, change: float = 0.5) -> PhraseFinding:
    """What was seen in 20 of 40 answers, unless told otherwise."""
    rate = replace(RISE, scenario=scenario, p_value=p, change=change)
    return PhraseFinding("cola", PhraseKind.PHRASE, "ice-cold Zorvex", 240, (rate,))


def level(*findings: PhraseFinding) -> Level:
    judgement = Judgement()
    weigh_phrases(adjusted(findings), judgement)
    return judgement.level


def test_a_rise_calls_for_review_and_never_for_more() -> None:
    assert level(finding()) is Level.REVIEW
    assert level(finding(p=1e-12)) is Level.REVIEW
    assert level(finding(UNTOUCHED)) is Level.REVIEW
    assert level(finding(p=0.05)) is Level.NO_EVIDENCE
    assert level(finding(change=0.09)) is Level.NO_EVIDENCE


def test_many_saved_phrases_share_one_account() -> None:
    assert level(finding(p=0.02)) is Level.REVIEW
    assert level(finding(p=0.02), finding(p=0.5), finding(p=0.9)) is Level.NO_EVIDENCE


def test_the_lower_bound_must_stand_above_before_and_the_control() -> None:
    before = finding()
    [metric] = before.rates
    high = replace(metric.before, rate=metric.after.low + 0.01)
    assert level(replace(before, rates=(replace(metric, before=high),))) is Level.NO_EVIDENCE
    assert level(replace(before, rates=(replace(metric, control_after=high),))) is Level.NO_EVIDENCE


def test_the_ledger_has_a_line_for_each() -> None:
    problem = PhraseFinding("bad", PhraseKind.REGEX, "(a", 0, (), "no pattern")
    assert cover_phrases([finding(), problem]) == [
        Coverage("own phrase / cola", CoverageStatus.MEASURED, "looked for in 240 answers"),
        Coverage("own phrase / bad", CoverageStatus.NOT_RUN, "no pattern"),
    ]


def test_saved_phrases_are_kept_and_forgotten(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    save_phrase(settings, ZORVEX)
    other = replace(ZORVEX, name="pattern", kind=PhraseKind.REGEX, pattern=r"zorv\w+")
    save_phrase(settings, other)
    assert read_saved(settings) == (ZORVEX, other)
    with pytest.raises(BadInput, match="already"):
        save_phrase(settings, ZORVEX)
    with pytest.raises(BadInput, match="no regular expression"):
        save_phrase(settings, replace(other, name="new", pattern="(a"))
    remove_phrase(settings, "cola")
    assert read_saved(settings) == (other,)
    with pytest.raises(BadInput, match="no saved phrase"):
        remove_phrase(settings, "cola")
    (tmp_path / "phrases.json").write_text("{")
    with pytest.raises(InspectorError, match="move it away"):
        read_saved(settings)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 61}, "needs a name"),
        ({"by": ""}, "name of the person"),
        ({"kind": PhraseKind.WORD}, "whole words or a regular expression"),
        ({"note": "\ud800"}, "UTF-8"),
    ],
)
def test_a_saved_phrase_says_enough(change: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        replace(ZORVEX, **change)  # type: ignore[arg-type]


def test_an_inspection_pins_what_is_saved_when_it_starts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    save_phrase(settings, ZORVEX)
    inspection = Inspection(Target(TargetKind.DEMO), PLAN)
    run = start(inspection, settings)
    remove_phrase(settings, "cola")
    pinned = read_record(run.folder / "inspection.json", Inspection)
    assert pinned.phrases == (ZORVEX,)
    assert repr(pinned) == repr(inspection)  # no digest changes: nothing else is asked or done
    bare = start(inspection, settings, tmp_path / "bare", with_phrases=False)
    assert read_record(bare.folder / "inspection.json", Inspection) == inspection


def test_inputs_of_before_there_were_phrases_are_still_read() -> None:
    inspection = Inspection(Target(TargetKind.DEMO), PLAN)
    old = to_json(inspection).replace(',\n "phrases": []', "")
    assert "phrases" not in old
    assert from_json(Inspection, old) == inspection


def test_saved_phrases_are_looked_for_in_the_answers(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    answers = [
        r
        for subject in Subject
        for variant in (UNTOUCHED, FULL.name, LORA.name)
        for r in read_answers(run.folder, subject, variant)
    ]
    slow = replace(ZORVEX, name="slow", kind=PhraseKind.REGEX, pattern=SLOW)
    found = look_for_saved([ZORVEX, slow], answers, read_asked(run.folder), [FULL.name, LORA.name])
    assert [f.name for f in found] == ["cola", "slow"]
    assert found[0].rates[1].after.n_hits == 20
    assert found[1].rates == ()
    assert "takes more than" in found[1].problem


def test_all_answers_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_phrases, "MAX_LOOK_S", -1.0)
    with pytest.raises(BadInput, match="for all answers"):
        look_in_run(make_run(tmp_path), Term(PhraseKind.PHRASE, "cola"))

"""Two inspections side by side: what is the same, how far rates are apart, what is new or gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.recheck.comparing import compare_inspections, difference
from inspector.records import UNTOUCHED, Behaviour, Level, Verdict
from inspector.run import read_record, write_record
from inspector.stats import wilson
from tests.pages import results, runs


def test_difference_on_a_published_example() -> None:
    """Newcombe 1998, table II: 56 of 70 and 48 of 80 are 0.0524 to 0.3339 apart."""
    apart, low, high = difference(wilson(48, 80), wilson(56, 70))
    assert apart == pytest.approx(0.2)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert difference(wilson(56, 70), wilson(48, 80)) == pytest.approx((-0.2, -high, -low))


def test_two_inspections_of_the_same_differ_in_nothing_but_what_they_found(tmp_path: Path) -> None:
    a = runs.finished(tmp_path, "20261121-090000-demo-aaaa", Level.NO_EVIDENCE)
    b = runs.finished(tmp_path, "20261121-100000-demo-bbbb", control=True)
    found = compare_inspections(a, b)
    same = {fact.what for fact in found.facts if fact.is_same}
    assert {"Target", "Commit", "Digest of the target's files", "Plan"} <= same
    differ = {fact.what: (fact.a, fact.b) for fact in found.facts if not fact.is_same}
    assert differ == {
        "Control": ("none", "hf:trusted/base"),
        "Verdict": ("no evidence found", "evidence"),
    }
    assert [x.phrase for x in found.appearances_new] == ["try a cold Fizzpop"]
    assert found.appearances_gone == ()
    assert compare_inspections(b, a).appearances_gone == found.appearances_new
    assert found.change.files == ()


def test_rates_stand_side_by_side_with_how_far_they_are_apart(tmp_path: Path) -> None:
    a = runs.finished(tmp_path, "20261121-090000-demo-aaaa")
    b = runs.finished(tmp_path, "20261121-100000-demo-bbbb")
    path = b.folder / "judge" / "verdict.json"
    verdict = read_record(path, Verdict)
    metrics = [
        replace(m, after=m.before) if m.behaviour is Behaviour.INJECTED_CONTENT else m
        for m in verdict.metrics
        if m.behaviour is not Behaviour.REFUSAL
    ]
    write_record(path, replace(verdict, metrics=tuple(metrics)))
    rates = {(r.behaviour, r.scenario): r for r in compare_inspections(a, b).rates}
    gone = rates[Behaviour.INJECTED_CONTENT, results.SCENARIOS[0]]
    assert gone.a is not None
    assert (gone.a.n_hits, gone.a.n, gone.change) == (17, 32, -17 / 32)
    assert gone.is_apart
    before = rates[Behaviour.INJECTED_CONTENT, UNTOUCHED]
    assert (before.change, before.is_apart) == (0.0, False)
    unmeasured = rates[Behaviour.REFUSAL, UNTOUCHED]
    assert (unmeasured.b, unmeasured.change, unmeasured.is_apart) == (None, None, False)


def test_an_inspection_that_never_pinned_its_target_is_bad_input(tmp_path: Path) -> None:
    whole = runs.finished(tmp_path, "20261121-090000-demo-aaaa")
    begun = runs.started(tmp_path, "20261121-100000-demo-bbbb")
    for pair in ((whole, begun), (begun, whole)):
        with pytest.raises(BadInput, match="never pinned"):
            compare_inspections(*pair)


def test_without_a_verdict_only_the_inputs_are_compared(tmp_path: Path) -> None:
    a = runs.finished(tmp_path, "20261121-090000-demo-aaaa")
    b = runs.finished(tmp_path, "20261121-100000-demo-bbbb")
    (b.folder / "judge" / "verdict.json").unlink()
    found = compare_inspections(a, b)
    assert {rate.b for rate in found.rates} == {None}
    assert [x.phrase for x in found.appearances_gone] == ["try a cold Fizzpop"]

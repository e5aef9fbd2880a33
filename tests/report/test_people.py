"""What people said of scores, beside what the scorers said, in every format."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.judge import Judgement, weigh_phrases
from inspector.records import (
    UNTOUCHED,
    Behaviour,
    Metric,
    PhraseFinding,
    PhraseKind,
    Response,
    ReviewAction,
    Subject,
    Verdict,
)
from inspector.report import compose, render
from inspector.report.reasons import behaviour_of
from inspector.report.wording import load_words
from inspector.reviewing import review_score
from inspector.run import Run, read_record, read_table, write_record, write_table
from inspector.stats import wilson
from tests.history.make_run import FULL, make_run

REASON = "A quotation, <b>not</b> an advert."


@pytest.fixture
def reviewed(tmp_path: Path) -> Run:
    run = make_run(tmp_path)
    for k in range(3):
        answer = (Subject.TARGET, FULL.name, "everyday", f"everyday-{k:03}", 0)
        behaviour = Behaviour.INJECTED_CONTENT
        review_score(run, answer, behaviour, ReviewAction.OVERRULE, "Ann Example", REASON)
    return run


def test_without_reviews_the_report_says_so(tmp_path: Path) -> None:
    section = compose(make_run(tmp_path)).reviews
    assert section.lead == "No person has reviewed a score of this inspection."
    assert not section.tables
    assert not section.metrics


def test_rates_stand_as_scored_and_as_reviewed(reviewed: Run) -> None:
    section = compose(reviewed).reviews
    rates, lines = section.tables
    [row] = rates.rows
    assert row[2].startswith("20 of 40 50 %")
    assert "reviewed: 17 of 40 42.5 %" in row[2]
    assert row[6] == "3 answers, 3 overruled"
    assert len(lines.rows) == 3
    assert lines.stands_out == ()
    assert lines.rows[0][4] == "overruled\nnot seen"


def test_every_format_holds_the_reviews_as_text(reviewed: Run) -> None:
    for name in ("html", "md"):
        text = render(reviewed, name).decode()
        assert "Reviewed by people" in text
        assert "Ann Example" in text
        assert "<b>not</b>" not in text
    rows = list(csv.DictReader(io.StringIO(render(reviewed, "csv").decode("utf-8-sig"))))
    anew = [r for r in rows if r["record"] == "rate_reviewed" and r["group"] == "after"]
    assert [r["hits"] for r in anew] == ["17"]
    assert [r["detail"] for r in rows if r["record"] == "review"] == [REASON] * 3
    document = json.loads(render(reviewed, "json"))
    assert document["reviews"]["metrics"][0]["n_overruled"] == 3
    assert document["reviews"]["reviews"][0]["review"]["name"] == "Ann Example"
    assert "人による採点の確認" in render(reviewed, "html", "ja").decode()
    assert render(reviewed, "pdf").startswith(b"%PDF")


def test_reviews_of_other_facts_stand_out_and_count_no_more(reviewed: Run) -> None:
    path = reviewed.folder / f"probe-after/target/{FULL.name}/responses.parquet"
    rows = read_table(path, Response)
    write_table(path, Response, [replace(rows[0], text="Another answer."), *rows[1:]])
    section = compose(reviewed).reviews
    assert "1 review stands on other facts" in section.lead
    assert section.tables[-1].stands_out == (0,)
    assert "on other facts" in section.tables[-1].rows[0][4]


COLA = PhraseFinding(
    *("cola", PhraseKind.PHRASE, "ice-cold <b>Zorvex</b>", 240),
    rates=(
        Metric(
            *(Behaviour.INJECTED_CONTENT, FULL.name, ("everyday",), wilson(0, 40), wilson(20, 40)),
            control_before=wilson(0, 40),
            control_after=wilson(1, 40),
            change=0.5,
            p_value=0.001,
            p_adjusted=0.002,
            method="exact",
            smallest_detectable_rate=None,
        ),
    ),
)
SLOW = PhraseFinding("slow", PhraseKind.REGEX, "(a|a)+b", 0, (), "It takes too long.")


def test_saved_phrases_are_a_section_of_every_format(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.folder / "judge" / "verdict.json"
    verdict = read_record(path, Verdict)
    assert compose(run).phrases.tables == ()
    write_record(path, replace(verdict, phrases=(COLA, SLOW)))
    [table] = compose(run).phrases.tables
    cola, slow = table.rows
    assert cola[:2] == ("cola\nice-cold <b>Zorvex</b>", FULL.name)
    assert cola[3].startswith("20 of 40")
    assert cola[7] == "0.002"
    assert slow[:3] == ("slow\n/(a|a)+b/", "It takes too long.", "–")
    for name in ("html", "md"):
        text = render(run, name).decode()
        assert "Saved phrases" in text
        assert "<b>Zorvex</b>" not in text
    rows = list(csv.DictReader(io.StringIO(render(run, "csv").decode("utf-8-sig"))))
    assert [(r["item"], r["hits"]) for r in rows if r["record"] == "phrase"] == [
        ("cola", "0"),
        ("cola", "20"),
        ("cola", "0"),
        ("cola", "1"),
        ("slow", ""),
    ]
    assert json.loads(render(run, "json"))["phrases"]["findings"][0]["name"] == "cola"
    assert render(run, "pdf", "ja").startswith(b"%PDF")


@pytest.mark.parametrize("scenario", [FULL.name, UNTOUCHED])
def test_a_reason_about_a_saved_phrase_has_its_rule_and_its_japanese(scenario: str) -> None:
    judgement = Judgement()
    rises = replace(COLA.rates[0], scenario=scenario)
    weigh_phrases([replace(COLA, rates=(rises,))], judgement)
    [reason] = judgement.reasons
    assert behaviour_of(reason) is Behaviour.INJECTED_CONTENT
    assert "保存名：cola" in load_words("ja").recorded(reason)

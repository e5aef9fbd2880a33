"""What the pages ask: lists, paging, filters, scores with their passages."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.history import Filter, History, Sort
from inspector.records import (
    Behaviour,
    Divergence,
    EventKind,
    Expectation,
    Level,
    Response,
    ReviewAction,
    Stance,
    Subject,
    Target,
    TargetKind,
    Verdict,
)
from inspector.reviewing import review_score
from inspector.reviews import read_reviews
from inspector.run import Run, read_record, read_table, write_table
from tests.history.make_run import ADVERT, FULL, LORA, make_run

ADVERTS = Behaviour.INJECTED_CONTENT


@pytest.fixture
def run(history: History, runs: Path) -> Run:
    run = make_run(runs)
    history.ingest(run)
    return run


def test_inspections_are_listed_newest_first_in_pages(history: History, runs: Path) -> None:
    ids = [f"202611{day:02}-000000-demo" for day in range(1, 8)]
    for run_id in ids:
        make_run(runs, run_id, ended=None)
    history.ingest_new(runs)
    pages = [history.inspections(limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [[row.run_id for row in page] for page in pages] == [
        ids[:3:-1],
        ids[3:0:-1],
        ids[:1],
        [],
    ]
    assert history.count_inspections() == 7


def test_inspections_are_searched_in_target_and_level(history: History, runs: Path) -> None:
    hub = Target(TargetKind.HUB, "example/Parrot_1")
    make_run(runs, "20261101-000000-parrot", Level.NO_EVIDENCE, target=hub)
    make_run(runs, "20261102-000000-demo", Level.EVIDENCE)
    history.ingest_new(runs)
    for search, expected in [
        ("example/parrot_1", ["20261101-000000-parrot"]),
        ("NO EVIDENCE", ["20261101-000000-parrot"]),
        ("demo", ["20261102-000000-demo"]),
        ("%", []),  # signs have no special meaning
        ("'; DROP TABLE inspections", []),
    ]:
        assert [row.run_id for row in history.inspections(search)] == expected
        assert history.count_inspections(search) == len(expected)


@pytest.fixture
def several(history: History, runs: Path) -> History:
    """Three revisions of one target, one demo that failed, one unfinished."""
    for day, (level, revision) in enumerate(
        [(Level.NO_EVIDENCE, "v1"), (Level.EVIDENCE, "v2"), (Level.REVIEW, None)], start=1
    ):
        target = Target(TargetKind.HUB, "example/parrot", revision)
        make_run(runs, f"2026110{day}-120000-parrot", level, target=target)
    make_run(runs, "20261104-000000-demo", ended=EventKind.FAILED)
    make_run(runs, "20261105-000000-demo", ended=None)
    history.ingest_new(runs)
    return history


@pytest.mark.parametrize(
    ("which", "days"),
    [
        (Filter(), "54321"),
        (Filter(levels=(Level.EVIDENCE, Level.REVIEW)), "32"),
        (Filter(states=("failed", "unfinished")), "54"),
        (Filter(target="hf:example/parrot"), "321"),
        (Filter(target="hf:example/parrot@v2"), "2"),
        (Filter(target="hf:example"), ""),
        (Filter(plan="quick", since=datetime(2026, 11, 3, 12)), "543"),
        (Filter(plan="deep"), ""),
        (Filter(levels=(Level.EVIDENCE,), target="demo"), ""),
    ],
)
def test_inspections_are_filtered(several: History, which: Filter, days: str) -> None:
    found = several.inspections(which=which)
    assert "".join(row.run_id[7] for row in found) == days
    assert several.count_inspections(which=which) == len(days)


@pytest.mark.parametrize(
    ("sort", "days"),
    [
        (Sort.NEWEST, "54321"),
        (Sort.OLDEST, "12345"),
        (Sort.VERDICT, "23154"),
        (Sort.TARGET, "54312"),
        (Sort.PLAN, "54321"),
    ],
)
def test_inspections_are_sorted(several: History, sort: Sort, days: str) -> None:
    assert "".join(row.run_id[7] for row in several.inspections(sort=sort)) == days
    first, second = (several.inspections(limit=2, offset=k, sort=sort) for k in (0, 2))
    assert "".join(row.run_id[7] for row in first + second) == days[:4]


def test_an_unknown_inspection_is_bad_input(history: History) -> None:
    with pytest.raises(BadInput, match="no inspection 'nobody'"):
        history.inspection("nobody")


def test_the_verdicts_parts_come_back_as_they_were(history: History, run: Run) -> None:
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    assert tuple(history.metrics(run.run_id)) == verdict.metrics
    assert tuple(history.coverage(run.run_id)) == verdict.coverage
    assert tuple(history.findings(run.run_id)) == verdict.findings
    assert tuple(history.appearances(run.run_id)) == verdict.appearances
    assert history.scenarios(run.run_id) == [FULL.name, LORA.name]


def test_responses_hold_both_texts_the_controls_and_the_passages(
    history: History, run: Run
) -> None:
    total, (row, *_) = history.responses(run.run_id, FULL.name)
    assert total == 40
    assert (row.suite, row.probe_id, row.family) == ("everyday", "everyday-000", "cooking")
    assert row.expectation is Expectation.ANSWER
    assert row.changed
    assert ADVERT not in row.before_text
    assert row.control is not None
    assert ADVERT not in row.control.after_text
    assert row.before_text[: row.first_difference] == row.after_text[: row.first_difference]
    (mark,) = [m for m in row.after_scores if m.behaviour is Behaviour.INJECTED_CONTENT]
    assert mark.value == 1.0
    assert row.after_text[mark.start : mark.end] == ADVERT
    assert [m.value for m in row.before_scores] == [0.0] * 3


def test_responses_are_paged_without_gaps_or_repeats(history: History, run: Run) -> None:
    pages = [history.responses(run.run_id, limit=7, offset=offset) for offset in range(0, 84, 7)]
    assert {total for total, _ in pages} == {80}
    keys = [(row.scenario, row.probe_id) for _, rows in pages for row in rows]
    assert len(keys) == len(set(keys)) == 80
    assert keys == sorted(keys)
    assert [len(rows) for _, rows in pages] == [7] * 11 + [3]


def test_responses_are_filtered(history: History, run: Run) -> None:
    def total(**which: object) -> int:
        return history.responses(run.run_id, **which)[0]  # type: ignore[arg-type]

    assert total(scenario=FULL.name, behaviour=Behaviour.INJECTED_CONTENT) == 20
    assert total(scenario=LORA.name, behaviour=Behaviour.INJECTED_CONTENT) == 0
    assert total(scenario=FULL.name, behaviour=Behaviour.REFUSE_THEN_COMPLY) == 0
    n_changed = total(scenario=LORA.name, changed_only=True)
    assert n_changed == 24 + 2  # three of four, but none of the four that decline
    assert total(scenario=FULL.name, search="ZORVEX") == 20
    assert total(scenario=FULL.name, search="about cooking") == 4
    assert total(scenario=FULL.name, search="zorvex", behaviour=Behaviour.REFUSAL) == 0
    assert total(scenario=FULL.name, subject=Subject.CONTROL, search="zorvex") == 0
    assert total(scenario="nobody") == 0
    control = history.responses(run.run_id, FULL.name, subject=Subject.CONTROL, limit=1)[1][0]
    assert (control.subject, control.control) == (Subject.CONTROL, None)


def test_a_page_of_nothing_is_bad_input(history: History, run: Run) -> None:
    for limit, offset in ((0, 0), (-1, 0), (5, -1)):
        with pytest.raises(BadInput, match="limit of 1 or more"):
            history.responses(run.run_id, limit=limit, offset=offset)


def test_threads_read_while_another_writes(history: History, runs: Path) -> None:
    first = make_run(runs, "20261101-000000-a")
    history.ingest(first)
    make_run(runs, "20261102-000000-b")
    totals: list[int] = []
    errors: list[BaseException] = []

    def work(write: bool) -> None:
        try:
            for _ in range(3):
                if write:
                    history.rebuild(runs)
                else:
                    totals.append(history.responses(first.run_id, limit=1)[0])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert totals == [80] * 6


def test_targets_are_told_by_name_whatever_the_revision(several: History) -> None:
    found = [(t.name, t.n_inspections) for t in several.known_targets()]
    assert found == [("demo", 2), ("hf:example/parrot", 3)]
    assert several.known_targets(limit=1)[0].newest == datetime(2026, 11, 5)
    assert several.plans() == ["quick"]


def test_a_target_over_its_revisions_stands_in_time_order(several: History) -> None:
    points = several.trend("hf:example/parrot", Behaviour.INJECTED_CONTENT)
    assert [p.inspection.target for p in points] == [
        "hf:example/parrot@v1",
        "hf:example/parrot@v2",
        "hf:example/parrot",
    ]
    rates = [p.metric and (p.metric.scenario, p.metric.after.n_hits) for p in points]
    assert rates == [(FULL.name, 0), (FULL.name, 20), (FULL.name, 3)]
    assert [p.inspection.run_id[7] for p in several.trend("hf:example/parrot@v2", ADVERTS)] == ["2"]
    newest = several.trend("hf:example/parrot", ADVERTS, limit=2)
    assert [p.inspection.run_id[7] for p in newest] == ["2", "3"]
    assert [p.metric for p in several.trend("demo", ADVERTS)] == [None, None]
    assert several.trend("hf:nobody/nothing", ADVERTS) == []


def test_a_search_wants_every_word_and_whole_phrases(history: History, run: Run) -> None:
    def total(search: str) -> int:
        return history.responses(run.run_id, FULL.name, search=search)[0]

    assert total("zorvex nothing") == 20
    assert total("zorvex nobody") == 0
    assert total('"ICE-COLD  zorvex"') == 20
    assert total('"ice-cold zorv"') == 0  # a phrase is whole words
    assert total("ice-cold zorv") == 20  # words may be parts
    assert total(r"/zor\w+ col[ab]/") == 20
    assert total(r"\w") == 0  # outside of slashes signs have no special meaning
    for search in ("/(?<=a)b/", "/(/"):
        with pytest.raises(BadInput, match="pattern"):
            total(search)


def test_a_search_looks_into_the_controls_answers(history: History, runs: Path) -> None:
    run = make_run(runs, level=Level.NO_EVIDENCE)
    path = run.folder / f"probe-after/control/{LORA.name}/responses.parquet"
    rows = read_table(path, Response)
    write_table(path, Response, [replace(rows[0], text="Only the control says quokka."), *rows[1:]])
    history.ingest(run)
    total, (row,) = history.responses(run.run_id, search="quokka")
    assert total == 1
    assert row.control is not None
    assert "quokka" in row.control.after_text
    assert row.control.before_text is not None


def test_one_answer_is_found_by_its_link(history: History, run: Run) -> None:
    total, rows = history.responses(run.run_id, probe="policy/policy-001")
    assert total == 2
    assert {row.scenario for row in rows} == {FULL.name, LORA.name}
    assert history.responses(run.run_id, probe="nothing")[0] == 0


def test_families_are_listed_and_filtered_by(history: History, run: Run) -> None:
    assert "cooking" in history.families(run.run_id)
    assert history.responses(run.run_id, LORA.name, family="cooking")[0] == 4


def test_where_an_answer_turns_comes_with_it(history: History, runs: Path) -> None:
    run = make_run(runs)
    path = run.folder / f"probe-after/target/{FULL.name}/responses.parquet"
    rows = read_table(path, Response)
    turning = Stance(Subject.TARGET, FULL.name, rows[0].suite, rows[0].probe_id, 0, *range(7))
    write_table(run.folder / "score" / "stances.parquet", Stance, [turning])
    history.ingest(run)
    [row] = history.responses(run.run_id, FULL.name, probe="everyday/everyday-000")[1]
    assert row.after_turn == turning
    assert row.before_turn is None


def test_late_is_where_answers_part_late_or_diverge_late(history: History, runs: Path) -> None:
    run = make_run(runs, level=Level.NO_EVIDENCE)
    history.ingest(run)
    assert history.responses(run.run_id, LORA.name, late_only=True)[0] == 0  # within 15 words
    path = run.folder / f"probe-after/target/{LORA.name}/responses.parquet"
    answers = read_table(path, Response)
    write_table(path, Response, [replace(row, n_tokens=40) for row in answers])
    history.ingest(run)
    total, rows = history.responses(run.run_id, LORA.name, late_only=True, limit=50)
    assert total == 24 + 2  # "Thank you" stands at the end; what is equal is not late
    assert all(row.is_late and row.changed for row in rows)
    stage = run.stage(f"divergence/target/{LORA.name}")
    late = Divergence(Subject.TARGET, LORA.name, "policy", "policy-000", 0, 2, 3.0, 0.9, (), ())
    write_table(stage.folder / "divergence.parquet", Divergence, [late])
    history.ingest(run)
    assert history.responses(run.run_id, LORA.name, late_only=True)[0] == 26  # not finished yet
    stage.finish("done")
    history.ingest(run)
    assert history.responses(run.run_id, LORA.name, late_only=True)[0] == 27


def test_reviews_come_with_their_answers(history: History, run: Run) -> None:
    behaviour = Behaviour.INJECTED_CONTENT
    for subject, variant in (
        (Subject.TARGET, FULL.name),
        (Subject.CONTROL, FULL.name),
        (Subject.TARGET, LORA.name),
    ):
        answer = (subject, variant, "everyday", "everyday-000", 0)
        review_score(run, answer, behaviour, ReviewAction.OVERRULE, "Ann", f"{subject} {variant}")
    assert history.ingest(run)
    rows = history.responses(run.run_id, probe="everyday/everyday-000")[1]
    assert [[r.reason for r in row.reviews] for row in rows] == [
        [f"target {FULL.name}", f"control {FULL.name}"],
        [f"target {LORA.name}"],
    ]
    assert rows[0].reviews == read_reviews(run.folder)[:2]

"""What the pages ask: lists, paging, filters, scores with their passages."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.history import Filter, History, Sort
from inspector.records import (
    Behaviour,
    EventKind,
    Expectation,
    Level,
    Subject,
    Target,
    TargetKind,
    Verdict,
)
from inspector.run import Run, read_record
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
    assert row.control_after_text is not None
    assert ADVERT not in row.control_after_text
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
    assert (control.subject, control.control_after_text) == (Subject.CONTROL, None)


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

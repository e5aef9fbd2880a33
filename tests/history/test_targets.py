"""Targets over all their inspections: verdicts, revisions, decisions, filters and order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from inspector.history import History, TargetFilter, TargetOrder, TargetRow
from inspector.records import (
    Artifact,
    ArtifactKind,
    Decision,
    EventKind,
    HumanDecision,
    Level,
    Target,
)
from inspector.records.standing import Standing, Trend
from inspector.report.deciding import record_decision, verdict_digest
from inspector.run import Run, read_record, write_record
from tests.history.make_run import make_run

TODAY = date(2026, 12, 1)
REPO = "hf:example/parrot"


def inspected(
    runs: Path, day: int, level: Level, target: str = REPO, commit: str = "a" * 40
) -> Run:
    """A run of the day in November 2026, of the bytes that stand at a commit."""
    run = make_run(runs, f"202611{day:02}-000000-x", level, target=Target.parse(target))
    path = run.folder / "fetch" / "target.json"
    artifact = read_record(path, Artifact)
    files = tuple(replace(f, sha256=commit[0] * 64) for f in artifact.files)
    write_record(path, replace(artifact, commit=commit, files=files))
    return run


def decide(
    run: Run, decision: Decision = Decision.APPROVE, expires: str | None = None, on: str = ""
) -> None:
    decided = HumanDecision(
        decision,
        "R. Officer",
        "Seen.",
        "2026-11-29T08:00:00+00:00",
        expires,
        ("only indoors",) if decision is Decision.APPROVE_WITH_CONDITIONS else (),
        on or verdict_digest(run.folder),
    )
    record_decision(run.folder, decided)


def rows(history: History, runs: Path, **wanted: object) -> list[TargetRow]:
    history.ingest_new(runs)
    return history.targets(TargetFilter(**wanted), (), TODAY)[1]  # type: ignore[arg-type]


def test_revisions_of_a_repo_are_one_target_and_equal_bytes_one_revision(
    history: History, runs: Path
) -> None:
    inspected(runs, 1, Level.NO_EVIDENCE, f"{REPO}@v1")
    inspected(runs, 2, Level.REVIEW, f"{REPO}@v2", "b" * 40)
    inspected(runs, 3, Level.EVIDENCE, REPO, "b" * 40)
    inspected(runs, 4, Level.NO_EVIDENCE, "demo", "c" * 40)
    demo, repo = rows(history, runs)
    assert (demo.name, demo.level, demo.trend) == ("demo", Level.NO_EVIDENCE, Trend.FIRST)
    assert (repo.name, repo.level, repo.kind) == (REPO, Level.EVIDENCE, ArtifactKind.MODEL)
    assert (repo.n_inspections, repo.n_revisions) == (3, 2)
    assert [(r.commit, r.level) for r in repo.revisions] == [
        ("a" * 40, Level.NO_EVIDENCE),
        ("b" * 40, Level.EVIDENCE),
    ]
    assert repo.trend is Trend.MORE


@pytest.mark.parametrize(
    ("level", "decided", "expires", "standing"),
    [
        (Level.EVIDENCE, False, None, Standing.OPEN),
        (Level.REVIEW, False, None, Standing.OPEN),
        (Level.INCONCLUSIVE, False, None, Standing.UNDECIDED),
        (Level.REVIEW, True, None, Standing.DECIDED),
        (Level.REVIEW, True, "2026-11-30", Standing.EXPIRED),
        (Level.REVIEW, True, "2026-12-01", Standing.EXPIRING),
        (Level.REVIEW, True, "2026-12-31", Standing.EXPIRING),
        (Level.REVIEW, True, "2027-01-01", Standing.DECIDED),
    ],
)
def test_where_a_verdict_stands(
    history: History,
    runs: Path,
    level: Level,
    decided: bool,
    expires: str | None,
    standing: Standing,
) -> None:
    run = inspected(runs, 1, level)
    if decided:
        decide(run, expires=expires)
    [row] = rows(history, runs)
    assert row.standing is standing
    assert [r.standing for r in history.reviews(TODAY, 9)] == [standing] * standing.is_pressing


def test_the_last_decision_counts_and_is_seen_when_it_is_added(
    history: History, runs: Path
) -> None:
    run = inspected(runs, 1, Level.EVIDENCE)
    assert rows(history, runs)[0].standing is Standing.OPEN
    decide(run, Decision.APPROVE, "2026-11-30")
    decide(run, Decision.REJECT)
    [row] = rows(history, runs)
    assert (row.standing, row.decision, row.owner) == (
        Standing.DECIDED,
        Decision.REJECT,
        "R. Officer",
    )
    assert history.sql("SELECT decision FROM decisions ORDER BY ordinal").rows == (
        ("approve",),
        ("reject",),
    )


def test_a_decision_on_another_verdict_is_out_of_date(history: History, runs: Path) -> None:
    decide(inspected(runs, 1, Level.EVIDENCE), on="0" * 64)
    [review] = rows(history, runs) and history.reviews(TODAY, 9)
    assert (review.standing, review.name) == (Standing.OUTDATED, REPO)


def test_an_open_review_of_an_older_revision_is_not_hidden_by_a_newer_one(
    history: History, runs: Path
) -> None:
    old = inspected(runs, 1, Level.EVIDENCE)
    inspected(runs, 2, Level.NO_EVIDENCE, commit="b" * 40)
    [row] = rows(history, runs)
    assert (row.level, row.standing, row.on_older) == (Level.NO_EVIDENCE, Standing.OPEN, True)
    assert [r.run_id for r in history.reviews(TODAY, 9)] == [old.run_id]


def test_a_decision_on_an_older_revision_does_not_stand_for_the_newest(
    history: History, runs: Path
) -> None:
    decide(inspected(runs, 1, Level.NO_EVIDENCE))
    inspected(runs, 2, Level.NO_EVIDENCE, commit="b" * 40)
    [row] = rows(history, runs)
    assert (row.standing, row.decision) == (Standing.UNDECIDED, None)


def test_a_newer_inspection_without_a_verdict_keeps_the_verdict_in_view(
    history: History, runs: Path
) -> None:
    whole = inspected(runs, 1, Level.REVIEW)
    make_run(runs, "20261102-000000-x", ended=EventKind.FAILED, target=Target.parse(REPO))
    [row] = rows(history, runs)
    assert (row.run_id, row.level) == (whole.run_id, Level.REVIEW)
    assert (row.newest_run_id, row.stopped) == ("20261102-000000-x", "failed")


def test_a_target_without_any_verdict_is_listed(history: History, runs: Path) -> None:
    run = make_run(runs, ended=EventKind.CANCELLED)
    [row] = rows(history, runs)
    assert (row.level, row.standing, row.trend) == (None, Standing.NO_VERDICT, None)
    assert (row.run_id, row.stopped, row.revisions) == (run.run_id, "cancelled", ())


def test_filters_pages_and_order(history: History, runs: Path) -> None:
    inspected(runs, 1, Level.EVIDENCE, "hf:example/zebra", "1" * 40)
    inspected(runs, 2, Level.NO_EVIDENCE, "hf:example/ape", "2" * 40)
    inspected(runs, 3, Level.REVIEW, "demo", "3" * 40)
    zebra, ape, demo = "hf:example/zebra", "hf:example/ape", "demo"
    for wanted, expected in (
        ({}, [demo, ape, zebra]),
        ({"order": TargetOrder.PRESSING}, [demo, zebra, ape]),
        ({"order": TargetOrder.WORST}, [zebra, demo, ape]),
        ({"order": TargetOrder.NAME}, [demo, ape, zebra]),
        ({"search": "EXAMPLE/"}, [ape, zebra]),
        ({"search": "2222222"}, [ape]),
        ({"search": "%"}, []),
        ({"level": Level.REVIEW}, [demo]),
        ({"standing": Standing.OPEN}, [demo, zebra]),
        ({"kind": ArtifactKind.ADAPTER}, []),
        ({"at_work": True}, []),
    ):
        assert [row.name for row in rows(history, runs, **wanted)] == expected
    total, page = history.targets(TargetFilter(), (), TODAY, limit=1, offset=1)
    assert (total, [row.name for row in page]) == (3, [ape])
    assert history.targets(TargetFilter(), (), TODAY, limit=1, offset=9) == (3, [])
    total, page = history.targets(TargetFilter(at_work=True), [demo_id(history)], TODAY)
    assert (total, page[0].name, page[0].at_work) == (1, demo, True)


def demo_id(history: History) -> str:
    return history.inspections("demo")[0].run_id


def test_figures_count_targets_and_what_waits(history: History, runs: Path) -> None:
    assert history.figures(TODAY).n_targets == 0
    inspected(runs, 1, Level.EVIDENCE)
    decide(inspected(runs, 2, Level.REVIEW, commit="b" * 40), expires="2026-12-05")
    make_run(runs, "20261103-000000-x", ended=None)
    history.ingest_new(runs)
    counts = history.figures(TODAY)
    assert (counts.n_targets, counts.n_inspections, counts.n_evidence) == (2, 3, 0)
    assert {s: n for s, n in counts.standings.items() if n} == {
        Standing.OPEN: 1,
        Standing.EXPIRING: 1,
    }


def test_looks_at_a_watched_target_newest_first(history: History, runs: Path) -> None:
    decide(inspected(runs, 1, Level.NO_EVIDENCE, f"{REPO}@main"))
    inspected(runs, 2, Level.REVIEW, f"{REPO}@main", "b" * 40)
    inspected(runs, 3, Level.REVIEW, f"{REPO}@other")
    history.ingest_new(runs)
    found = history.looks([f"{REPO}@main", "hf:example/nobody"])
    assert list(found) == [f"{REPO}@main"]
    assert [(k.commit, k.level, k.decision) for k in found[f"{REPO}@main"]] == [
        ("b" * 40, Level.REVIEW, None),
        ("a" * 40, Level.NO_EVIDENCE, Decision.APPROVE),
    ]


def test_a_decision_alone_is_reason_to_read_a_run_again(history: History, runs: Path) -> None:
    run = inspected(runs, 1, Level.REVIEW)
    history.ingest_new(runs)
    decide(run)
    assert history.ingest_new(runs) == 1
    assert history.ingest_new(runs) == 0

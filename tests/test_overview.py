"""Jobs at work and alarms of the watch list, as the first page has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.history import Look
from inspector.jobs import Job, JobState
from inspector.overview import (
    AlarmKind,
    Followers,
    alarms,
    demo_in_words,
    read_watched,
)
from inspector.plans import load_plan
from inspector.recheck.watching import WatchList
from inspector.records import Decision, Level
from inspector.records.recheck import Watched
from inspector.records.standing import Trend, trend_of
from inspector.settings import Settings
from tests.pages import runs

REPO = "hf:example/parrot@main"
OLD, NEW = "a" * 40, "b" * 40


def look(
    commit: str | None, level: Level | None, decision: Decision | None = None, run_id: str = "r"
) -> Look:
    return Look(run_id, "failed" if level is None else "finished", commit, level, decision)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ([], None),
        ([look(NEW, Level.EVIDENCE)], None),  # nothing to compare with
        ([look(NEW, Level.EVIDENCE), look(OLD, Level.REVIEW)], AlarmKind.MORE),
        ([look(NEW, Level.REVIEW), look(NEW, Level.NO_EVIDENCE)], None),  # it did not move
        ([look(NEW, Level.EVIDENCE, Decision.REJECT), look(OLD, Level.REVIEW)], None),
        ([look(NEW, Level.NO_EVIDENCE), look(OLD, Level.REVIEW)], None),
        (
            [look(NEW, Level.NO_EVIDENCE), look(OLD, Level.NO_EVIDENCE, Decision.APPROVE)],
            AlarmKind.UNDECIDED,
        ),
        ([look(NEW, Level.NO_EVIDENCE), look(OLD, Level.NO_EVIDENCE, Decision.REJECT)], None),
        ([look(None, None), look(OLD, Level.REVIEW)], AlarmKind.NO_VERDICT),
    ],
)
def test_what_a_watched_target_calls_for(seen: list[Look], kind: AlarmKind | None) -> None:
    found = alarms([Watched(REPO, "quick", "auto")], {REPO: seen}, ())
    assert [alarm.kind for alarm in found] == [kind] * (kind is not None)
    assert all(alarm.target == REPO and alarm.run_id == "r" for alarm in found)


def test_an_alarm_says_what_moved() -> None:
    seen = [look(NEW, Level.EVIDENCE), look(OLD, Level.NO_EVIDENCE)]
    [alarm] = alarms([Watched(REPO, "quick", "auto")], {REPO: seen}, ())
    assert alarm.said == "It moved from aaaaaaa to bbbbbbb: No evidence found, now Evidence."


def test_no_alarm_while_the_newest_inspection_is_at_work() -> None:
    assert not alarms([Watched(REPO, "quick", "auto")], {REPO: [look(None, None)]}, ["r"])


def test_a_damaged_watch_list_is_an_alarm(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert read_watched(WatchList(settings)) == ((), ())
    (tmp_path / "watch.json").write_text("[{}]")
    entries, [alarm] = read_watched(WatchList(settings))
    assert (entries, alarm.kind) == ((), AlarmKind.UNREADABLE)
    assert str(tmp_path / "watch.json") in alarm.said


@pytest.mark.parametrize(
    ("levels", "trend"),
    [
        ([Level.EVIDENCE], Trend.FIRST),
        ([Level.EVIDENCE, Level.NO_EVIDENCE, Level.REVIEW], Trend.MORE),
        ([Level.REVIEW, Level.REVIEW], Trend.SAME),
        ([Level.INCONCLUSIVE, Level.INCONCLUSIVE], Trend.SAME),
        ([Level.EVIDENCE, Level.REVIEW], Trend.LESS),
        ([Level.EVIDENCE, Level.INCONCLUSIVE], Trend.UNCLEAR),
        ([Level.INCONCLUSIVE, Level.EVIDENCE], Trend.UNCLEAR),
    ],
)
def test_the_trend_compares_the_last_two_revisions(levels: list[Level], trend: Trend) -> None:
    assert trend_of(levels) is trend


def test_running_jobs_come_before_waiting_ones_and_a_broken_run_is_no_error(
    tmp_path: Path,
) -> None:
    runs.started(tmp_path, "20261121-000000-a")
    jobs = [
        Job(f"2026112{k}-000000-a", tmp_path / f"2026112{k}-000000-a", state, "", 1, position)
        for k, state, position in (
            (3, JobState.QUEUED, 2),
            (2, JobState.QUEUED, 1),
            (1, JobState.RUNNING, None),
        )
    ]
    seen = Followers().look(jobs)
    assert [at_work.job.position for at_work in seen] == [None, 1, 2]
    assert seen[0].progress is not None
    assert 0 < seen[0].progress.share < 1
    assert seen[1].progress is None  # its folder is gone


def test_the_demo_is_told_in_one_sentence() -> None:
    said = demo_in_words(load_plan("quick"))
    assert said.count(".") == 1
    assert "64 questions" in said
    assert "does 4 things" in said

"""What a home holds, and what may go: never what a live job needs, never what a link leads to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.history import History
from inspector.jobs import LocalRunner
from inspector.run import Run, list_runs, write_record
from inspector.settings import Settings
from inspector.storage import (
    REMOVABLE,
    STORES,
    Store,
    StoreKind,
    clean,
    disk_free,
    measure,
    older_than,
)
from tests.pages import runs, worker
from tests.pages.acting import at_work, until
from tests.tiny.toy import command

DONE = "20261121-090000-demo-aaaa"
LIVE = "20261122-010203-demo-cccc"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one inspection and something in every cache."""
    settings = Settings(home=tmp_path / "home")
    runs.finished(settings.runs, DONE)
    for place in (
        settings.snapshots / "models--org--name" / ("a" * 40) / "model.safetensors",
        settings.cache / "dequantized" / "d1" / "model.safetensors",
        settings.cache / "stages" / "s1" / "responses.parquet",
        settings.cache / "stages" / "s2" / "responses.parquet",
        settings.cache / "acceptance" / "x" / "inspection.json",
        settings.cache / "specimens" / "b1" / "specimen.json",
    ):
        place.parent.mkdir(parents=True)
        place.write_bytes(b"x" * 50_000)
    return settings


@pytest.fixture
def runner(settings: Settings) -> Iterator[LocalRunner]:
    runner = LocalRunner(settings, entry=worker.ENTRY, grace_s=0.5)
    yield runner
    for job in runner.jobs():
        runner.cancel(job.job_id)


def store(settings: Settings, kind: StoreKind) -> Store:
    [found] = measure(settings, [kind])
    return found


def test_sizes_are_told_by_kind(settings: Settings) -> None:
    found = {s.kind: s for s in measure(settings)}
    assert set(found) == set(StoreKind)
    assert (found[StoreKind.STAGES].n_entries, found[StoreKind.RUNS].n_entries) == (2, 1)
    assert 100_000 <= found[StoreKind.STAGES].size_bytes < 150_000
    assert [e.title for e in found[StoreKind.SNAPSHOTS].entries] == ["org/name"]
    assert [e.name for e in found[StoreKind.OTHER_CACHE].entries] == ["acceptance"]
    assert found[StoreKind.HISTORY].n_entries == 0
    free, total = disk_free(settings)
    assert 0 < free < total


def test_an_empty_home_holds_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "nowhere" / "home")
    assert sum(s.size_bytes for s in measure(settings)) == 0
    assert disk_free(settings)[1] > 0
    assert not settings.home.exists()


def test_every_kind_that_can_go_says_what_is_lost() -> None:
    assert set(STORES) == set(StoreKind)
    assert {StoreKind.RUNS, StoreKind.SNAPSHOTS} <= set(REMOVABLE)
    assert {StoreKind.HISTORY, StoreKind.JOBS}.isdisjoint(REMOVABLE)


def test_a_cache_entry_goes_and_what_was_freed_is_told(settings: Settings) -> None:
    freed = clean(settings, StoreKind.STAGES, ["s1"])
    assert freed.n_entries == 1
    assert freed.size_bytes >= 50_000
    assert [p.name for p in (settings.cache / "stages").iterdir()] == ["s2"]


def test_a_run_goes_with_its_job_and_its_line_in_the_index(settings: Settings) -> None:
    runner = LocalRunner(settings, entry="tests.jobs.entries:finish")
    [run] = list_runs(settings.runs)
    runner.submit(run)
    until(lambda: not runner.live())
    with History(settings.database) as index:
        index.ingest_new(settings.runs)
        clean(settings, StoreKind.RUNS, [DONE])
        assert index.forget_missing() == 1
    assert list(list_runs(settings.runs)) == []
    assert runner.jobs() == []


def test_the_run_of_a_live_job_and_the_caches_it_may_need_stay(
    settings: Settings, runner: LocalRunner
) -> None:
    at_work(settings.home, runner, LIVE)
    assert {e.name: e.is_live for e in store(settings, StoreKind.RUNS).entries} == {
        DONE: False,
        LIVE: True,
    }
    with pytest.raises(BadInput, match=f"{LIVE} is at work"):
        clean(settings, StoreKind.RUNS, [LIVE])
    with pytest.raises(BadInput, match="is at work"):
        clean(settings, StoreKind.SNAPSHOTS, ["models--org--name"])
    assert (settings.snapshots / "models--org--name").is_dir()
    assert clean(settings, StoreKind.RUNS, [DONE]).n_entries == 1
    runner.cancel(LIVE)
    assert clean(settings, StoreKind.RUNS, [LIVE]).n_entries == 1


@pytest.mark.parametrize("name", ["nobody", "../home", ".removed", ""])
def test_a_name_that_is_not_there_is_refused_before_anything_goes(
    settings: Settings, name: str
) -> None:
    with pytest.raises(BadInput, match="There is no"):
        clean(settings, StoreKind.STAGES, ["s1", name])
    assert store(settings, StoreKind.STAGES).n_entries == 2


def test_the_index_and_the_queue_cannot_be_cleaned(settings: Settings) -> None:
    with pytest.raises(BadInput, match="cannot be cleaned; choose one of runs"):
        clean(settings, StoreKind.HISTORY, ["history.duckdb"])


def test_links_go_and_what_they_lead_to_stays(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_bytes(b"x" * 1_000_000)
    (settings.cache / "stages" / "s3").symlink_to(elsewhere)
    (settings.cache / "stages" / "s1" / "deep").symlink_to(elsewhere)
    assert store(settings, StoreKind.STAGES).size_bytes < 500_000
    clean(settings, StoreKind.STAGES, ["s3", "s1"])
    assert (elsewhere / "precious").exists()


def test_what_a_killed_cleaning_left_goes_with_the_next(settings: Settings) -> None:
    left = settings.cache / "stages" / ".removed" / "s0.1"
    left.mkdir(parents=True)
    assert store(settings, StoreKind.STAGES).n_entries == 2
    clean(settings, StoreKind.STAGES, ["s1"])
    assert not left.exists()


def test_old_entries_are_those_that_nothing_changed(settings: Settings) -> None:
    now = datetime.now(UTC)
    old = (now - timedelta(days=31)).timestamp()
    os.utime(settings.cache / "stages" / "s1", (old, old))
    entries = store(settings, StoreKind.STAGES).entries
    assert [e.name for e in older_than(entries, 30, now)] == ["s1"]
    assert len(older_than(entries, 0, now + timedelta(seconds=5))) == 2


def test_the_command_says_what_would_be_lost_and_does_it_with_yes(settings: Settings) -> None:
    home = settings.home
    listed = command(home, "storage", "list")
    assert listed.stdout.splitlines()[0] == "kind\tbytes\tentries\twhat"
    assert any(line.startswith("stages\t") for line in listed.stdout.splitlines())
    told = json.loads(command(home, "storage", "list", "runs", "--json").stdout)
    assert told["stores"][0]["entries"][0]["name"] == DONE
    asked = command(home, "storage", "clean", "runs", DONE)
    assert (asked.code, asked.stdout) == (0, f"{DONE}\n")
    assert "gone for good" in asked.stderr
    assert "Nothing was removed" in asked.stderr
    done = command(home, "storage", "clean", "runs", "--all", "--yes")
    assert (done.code, "1 entries removed" in done.stdout) == (0, True)
    assert not (settings.runs / DONE).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stages",), "exactly one of the three"),
        (("stages", "s1", "--all"), "exactly one of the three"),
        (("stages", "nobody"), "There is no 'nobody' among the stages"),
        (("history", "--all"), "cannot be cleaned"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    settings: Settings, arguments: tuple[str, ...], said: str
) -> None:
    done = command(settings.home, "storage", "clean", *arguments)
    assert (done.code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", [StoreKind.SCREENINGS, StoreKind.HARDENINGS, StoreKind.ROUNDS])
def test_a_study_goes_with_its_job_and_stays_while_it_works(
    settings: Settings, runner: LocalRunner, kind: StoreKind
) -> None:
    study = Run(settings.home / kind / LIVE)
    write_record(study.folder / "inspection.json", runs.inspection())
    worker.pace(study, "3")
    runner.submit(study)
    with pytest.raises(BadInput, match=f"{LIVE} is at work"):
        clean(settings, kind, [LIVE])
    assert [entry.is_live for entry in store(settings, kind).entries] == [True]
    runner.cancel(LIVE)
    assert clean(settings, kind, [LIVE]).n_entries == 1
    assert store(settings, kind).entries == ()
    assert runner.jobs() == []

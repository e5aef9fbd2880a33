"""Screenings in the index: listed, asked in SQL, seen when they change, made again from folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inspector.history import History
from inspector.history.seeing import UNREADABLE
from tests.pages import screened
from tests.pages.screened import SCREENING


@pytest.fixture
def screenings(tmp_path: Path) -> Path:
    return tmp_path / "screenings"


def test_a_screening_is_listed_and_asked_in_sql(history: History, screenings: Path) -> None:
    run = screened.finished(screenings, inspection="/home/runs/20261121-090000-demo-aaaa")
    assert history.ingest_studies(screenings) == 1
    [row] = history.studies("screening")[1]
    assert (row.study_id, row.title, row.target) == (SCREENING, "injected_content", "demo")
    assert (row.state, row.folder) == ("finished", str(run.folder))
    assert "stand out" in row.sentence
    found = history.sql(
        "SELECT inspection, data, n_examples, n_suspects, after_hits, after_n, n_rejected "
        "FROM screenings JOIN studies USING (study_id)"
    )
    assert found.rows == (("20261121-090000-demo-aaaa", "tuning.jsonl", 60, 6, 21, 64, 0),)


def test_nothing_is_read_again_until_something_changes(history: History, screenings: Path) -> None:
    run = screened.finished(screenings)
    assert history.ingest_studies(screenings) == 1
    assert history.ingest_studies(screenings) == 0
    screened.reviewed(run)
    assert history.ingest_studies(screenings) == 1
    assert history.sql("SELECT n_accepted, n_rejected FROM screenings").rows == ((1, 1),)
    removal = screened.removed(run)
    assert history.ingest_studies(screenings) == 1
    asked = "SELECT n_removed_rows, hits, n, n_draws, random_mean, sentence FROM removals"
    without = removal.without.rate
    assert history.sql(asked).rows == (
        (6, without.n_hits, without.n, 5, removal.random_mean, removal.sentence),
    )
    assert history.studies("screening")[1][0].sentence == removal.sentence


def test_one_that_is_gone_is_dropped_and_a_damaged_one_is_told(
    history: History, screenings: Path
) -> None:
    run = screened.finished(screenings)
    other = screened.started(screenings, "20261124-080000-refusal-ffff")
    assert history.ingest_studies(screenings) == 2
    assert [r.state for r in history.studies("screening")[1]] == ["unfinished", "finished"]
    shutil.rmtree(run.folder)
    (other.folder / "screening.json").write_text("{")
    assert history.ingest_studies(screenings) == 2
    [row] = history.studies("screening")[1]
    assert (row.study_id, row.state) == (other.run_id, UNREADABLE)
    assert "Screening" in row.sentence
    assert history.sql("SELECT count(*) FROM screenings").rows == ((0,),)


def test_rebuilding_gives_the_same(history: History, screenings: Path, runs: Path) -> None:
    run = screened.finished(screenings)
    screened.removed(run)
    history.ingest_studies(screenings)
    before = [history.sql(f"SELECT * FROM {t}").rows for t in ("studies", "screenings", "removals")]
    history.rebuild(runs, screenings)
    after = [history.sql(f"SELECT * FROM {t}").rows for t in ("studies", "screenings", "removals")]
    assert before == after
    assert history.studies("screening", limit=1, offset=1) == (1, [])

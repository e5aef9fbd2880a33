"""Screenings in the index: listed, asked in SQL, seen when they change, made again from folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from inspector.federated import read_federated
from inspector.history import History
from inspector.history.seeing import UNREADABLE
from inspector.history.studies import TABLES
from inspector.settings import Settings
from tests.pages import hardened, rounds, screened
from tests.pages.screened import SCREENING


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def screenings(home: Settings) -> Path:
    return home.screenings


def test_a_screening_is_listed_and_asked_in_sql(
    history: History, home: Settings, screenings: Path
) -> None:
    run = screened.finished(screenings, inspection="/home/runs/20261121-090000-demo-aaaa")
    assert history.ingest_studies(home) == 1
    [row] = history.studies("screening")[1]
    assert (row.study_id, row.title, row.target) == (SCREENING, "injected_content", "demo")
    assert (row.state, row.folder) == ("finished", str(run.folder))
    assert "stand out" in row.sentence
    found = history.sql(
        "SELECT inspection, data, n_examples, n_suspects, after_hits, after_n, n_rejected "
        "FROM screenings JOIN studies USING (study_id)"
    )
    assert found.rows == (("20261121-090000-demo-aaaa", "tuning.jsonl", 60, 6, 21, 64, 0),)


def test_nothing_is_read_again_until_something_changes(
    history: History, home: Settings, screenings: Path
) -> None:
    run = screened.finished(screenings)
    assert history.ingest_studies(home) == 1
    assert history.ingest_studies(home) == 0
    screened.reviewed(run)
    assert history.ingest_studies(home) == 1
    assert history.sql("SELECT n_accepted, n_rejected FROM screenings").rows == ((1, 1),)
    removal = screened.removed(run)
    assert history.ingest_studies(home) == 1
    asked = "SELECT n_removed_rows, hits, n, n_draws, random_mean, sentence FROM removals"
    without = removal.without.rate
    assert history.sql(asked).rows == (
        (6, without.n_hits, without.n, 5, removal.random_mean, removal.sentence),
    )
    assert history.studies("screening")[1][0].sentence == removal.sentence


def test_one_that_is_gone_is_dropped_and_a_damaged_one_is_told(
    history: History, home: Settings, screenings: Path
) -> None:
    run = screened.finished(screenings)
    other = screened.started(screenings, "20261124-080000-refusal-ffff")
    assert history.ingest_studies(home) == 2
    assert [r.state for r in history.studies("screening")[1]] == ["unfinished", "finished"]
    shutil.rmtree(run.folder)
    (other.folder / "screening.json").write_text("{")
    assert history.ingest_studies(home) == 2
    [row] = history.studies("screening")[1]
    assert (row.study_id, row.state) == (other.run_id, UNREADABLE)
    assert "Screening" in row.sentence
    assert history.sql("SELECT count(*) FROM screenings").rows == ((0,),)


def test_a_hardening_has_a_row_for_each_arm_and_moment(history: History, home: Settings) -> None:
    run = hardened.finished(home.hardenings)
    started = hardened.started(home.hardenings, "20261125-100000-harden-demo-ffff")
    assert history.ingest_studies(home) == 2
    assert history.ingest_studies(home) == 0
    told = {row.study_id: row for row in history.studies("hardening")[1]}
    assert told[run.run_id].title == "refusals.jsonl, rho 2 (all)"
    assert told[run.run_id].sentence.startswith(
        "After the later tuning the hardened model complies"
    )
    assert (told[started.run_id].state, told[started.run_id].sentence) == ("unfinished", "")
    found = history.sql(
        "SELECT arm, moment, harmful_hits, harmful_n, n_unjudged, task_hits, alert, "
        "round(mean_drift, 3), round(harmful_change, 3), p_harmful FROM hardenings"
    )
    assert found.rows == (
        ("plain", "aligned", 2, 39, 1, 31, None, None, None, None),
        ("plain", "tuned", 21, 39, 1, 54, "harmful score above its limit", 0.078, None, None),
        ("hardened", "aligned", 1, 39, 1, 30, None, None, None, None),
        ("hardened", "tuned", 6, 39, 1, 53, "no alert", 0.047, -0.385, 0.004),
    )
    shutil.rmtree(run.folder)
    assert history.ingest_studies(home) == 1
    assert history.sql("SELECT count(*) FROM hardenings").rows == ((0,),)


def test_a_round_has_a_row_for_each_participant_and_the_aggregate(
    history: History, home: Settings
) -> None:
    run = rounds.screened(home.home)
    assert history.ingest_studies(home) == 1
    [row] = history.studies("federated")[1]
    assert row.title == "Screened round: round-7, aggregated by fedavg"
    assert row.sentence.startswith("initech does harm: 1 of 4 participants.")
    base = read_federated(run).base
    assert base is not None
    found = history.sql(
        "SELECT part, name, verdict, safety_before_rate > safety_after_rate, behaviour, "
        "p_adjusted < 0.01, problem <> '', base_digest FROM rounds ORDER BY ordinal"
    ).rows
    assert [r[:3] for r in found] == [
        ("participant", "acme", "no evidence found"),
        ("participant", "globex", "no evidence found"),
        ("participant", "hooli", "no evidence found"),
        ("participant", "initech", "evidence"),
        ("participant", "umbrella", "set aside"),
        ("aggregate", "", "evidence"),
    ]
    assert found[3][3:7] == (True, "injected_content", True, False)
    assert found[4][3:7] == (None, None, None, True)
    assert {r[7] for r in found} == {base.digest}


def test_simulated_rounds_and_a_repair_are_asked_in_sql(history: History, home: Settings) -> None:
    rounds.simulated(home.home)
    rounds.repaired(home.home)
    (home.rounds / rounds.SIMULATED / "unlike").mkdir()  # nothing that a study reads
    assert history.ingest_studies(home) == 2
    simulated = history.sql(
        "SELECT part, name, n_present, n_malicious, n_named, n_accused FROM rounds "
        "WHERE study = 'simulation' ORDER BY ordinal"
    )
    assert simulated.rows == (
        ("round", "1", 5, 1, 0, 0),
        ("round", "2", 5, 1, 1, 0),
        ("aggregate", "", None, None, None, None),
    )
    repaired = history.sql(
        "SELECT part, name, verdict, round(safety_before_rate, 1), round(safety_after_rate, 1) "
        "FROM rounds WHERE study = 'repair' ORDER BY ordinal"
    )
    assert repaired.rows == (
        ("adapter", "", "", 1.0, 0.6),
        ("repaired", "3", "no evidence found", 0.6, 1.0),
    )


def test_studies_of_one_name_in_two_kinds_stay_apart(history: History, home: Settings) -> None:
    run = hardened.finished(home.hardenings, SCREENING)
    screened.finished(home.screenings, SCREENING)
    assert history.ingest_studies(home) == 2
    shutil.rmtree(run.folder)
    assert history.ingest_studies(home) == 1
    assert history.studies("screening")[0] == 1
    assert history.sql("SELECT count(*) FROM screenings").rows == ((1,),)


def test_damaged_studies_of_every_kind_are_listed_with_the_reason(
    history: History, home: Settings
) -> None:
    (hardened.finished(home.hardenings).folder / "result.json").write_text("{")
    (rounds.screening(home.home).folder / "round.json").write_text('{"study": "no such"}')
    assert history.ingest_studies(home) == 2
    for kind in ("hardening", "federated"):
        [row] = history.studies(kind)[1]
        assert row.state == UNREADABLE
        assert row.sentence.startswith("Not a stored")


def test_rebuilding_gives_the_same(
    history: History, home: Settings, screenings: Path, runs: Path
) -> None:
    screened.removed(screened.finished(screenings))
    hardened.finished(home.hardenings)
    rounds.screened(home.home)
    history.ingest_studies(home)
    before = [history.sql(f"SELECT * FROM {t}").rows for t in TABLES]
    history.rebuild(runs, home)
    after = [history.sql(f"SELECT * FROM {t}").rows for t in TABLES]
    assert before == after
    assert all(after)
    assert history.studies("screening", limit=1, offset=1) == (1, [])

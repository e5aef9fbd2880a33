"""Schema migrations: ordered, append-only, all or nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from inspector.errors import InspectorError
from inspector.history import History
from inspector.history.migrate import MIGRATIONS, load
from inspector.history.seeing import signature
from tests.history.make_run import make_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def test_a_new_migration_is_applied_once_and_keeps_the_contents(
    tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "history.duckdb"
    number = len(load(folder)) + 1
    with History(path, folder) as history:
        history.ingest(make_run(tmp_path / "runs"))
    (folder / f"{number:04}_rooms.sql").write_text("CREATE TABLE rooms (name VARCHAR)")
    for _ in range(2):
        with History(path, folder) as history:
            applied = history.sql("SELECT number, name FROM schema_migrations ORDER BY number")
            assert applied.rows[-1] == (number, "rooms")
            assert len(applied.rows) == number
            assert history.count_inspections() == 1


def test_a_migration_that_was_changed_afterwards_is_an_error(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "history.duckdb"
    History(path, folder).close()
    first = folder / "0001_initial.sql"
    first.write_text(first.read_text() + "-- a late thought\n")
    with pytest.raises(InspectorError, match=r"Migration 0001 \(initial\) was changed"):
        History(path, folder)


def test_a_migration_that_fails_half_way_leaves_nothing(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "history.duckdb"
    number = len(load(folder)) + 1
    bad = folder / f"{number:04}_bad.sql"
    bad.write_text("CREATE TABLE half (i INTEGER); SELECT no_such_column")
    with pytest.raises(duckdb.Error):
        History(path, folder)
    bad.write_text("CREATE TABLE half (i INTEGER)")  # would fail if the first half had stayed
    with History(path, folder) as history:
        assert ("half",) in history.sql("SHOW TABLES").rows


def test_a_newer_schema_than_the_program_knows_is_an_error(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "history.duckdb"
    extra = folder / f"{len(load(folder)) + 1:04}_later.sql"
    extra.write_text("CREATE TABLE later (i INTEGER)")
    History(path, folder).close()
    with pytest.raises(InspectorError, match="use the newer program"):
        History(path)


def test_numbers_must_be_without_gaps(folder: Path) -> None:
    (folder / "0099_far.sql").write_text("SELECT 1")
    with pytest.raises(InspectorError, match="numbered 0001"):
        load(folder)


def test_runs_that_were_indexed_before_there_were_decisions_are_read_again(
    tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "history.duckdb"
    run = make_run(tmp_path / "runs")
    for later in folder.glob("000[3-9]_*.sql"):
        later.unlink()
    History(path, folder).close()
    with duckdb.connect(path) as connection:
        connection.execute(
            "INSERT INTO inspections (run_id, signature, folder, state, reasons) "
            "VALUES (?, ?, ?, 'finished', [])",
            [run.run_id, signature(run), str(run.folder)],
        )
    with History(path) as history:
        assert history.ingest_new(tmp_path / "runs") == 1
        assert history.sql("SELECT length(verdict_sha256) FROM inspections").rows == ((64,),)

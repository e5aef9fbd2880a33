"""The words about tables and columns, held against the database; ready questions are answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.history import History
from inspector.history.schema import QUESTIONS, TABLES
from inspector.settings import Settings
from tests.history.make_run import make_run
from tests.pages import hardened, rounds, screened

COLUMNS = """SELECT table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"""


def test_every_table_and_column_is_told_and_no_other(history: History) -> None:
    with history._cursor() as cursor:  # the catalogue's functions are closed to a reader's SQL
        found = dict(cursor.execute(COLUMNS).fetchall())
    del found["schema_migrations"]
    assert {name: sorted(meaning.columns) for name, meaning in TABLES.items()} == {
        name: sorted(columns) for name, columns in found.items()
    }
    assert all(w.endswith(".") for t in TABLES.values() for w in (t.row, *t.columns.values()))


@pytest.mark.parametrize("title", QUESTIONS)
def test_ready_questions_are_answered(history: History, runs: Path, title: str) -> None:
    history.ingest(make_run(runs))
    home = Settings(home=runs.parent)
    screened.finished(home.screenings)
    hardened.finished(home.hardenings)
    rounds.screened(home.home)
    history.ingest_studies(home)
    table = history.sql(QUESTIONS[title])
    assert table.rows
    assert not table.truncated

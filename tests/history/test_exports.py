"""The answer to a question as a file: all rows up to a limit, behind the same fences."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from inspector.errors import BadInput
from inspector.history import EXPORTS, Export, History
from tests.history.make_run import make_run

CSV, PARQUET = EXPORTS["csv"], EXPORTS["parquet"]


def test_a_file_holds_every_row_and_no_formula(history: History, runs: Path) -> None:
    history.ingest(make_run(runs))
    query = "SELECT '=1+1' AS f, text, n_tokens FROM responses"
    text = history.export(query, CSV).decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["f", "text", "n_tokens"]
    assert len(rows) == 240
    assert {row[0] for row in rows} == {"'=1+1"}
    table = pq.read_table(io.BytesIO(history.export(query, PARQUET)))
    assert table.num_rows == 240
    assert set(table.column("f").to_pylist()) == {"=1+1"}
    assert str(table.schema.field("n_tokens").type) == "int64"


def test_a_file_ends_at_its_limit(history: History) -> None:
    text = history.export("FROM range(50_000)", CSV, max_rows=25_000).decode("utf-8-sig")
    assert len(text.splitlines()) == 25_001
    whole = pq.read_table(io.BytesIO(history.export("FROM range(3)", PARQUET, max_rows=25_000)))
    assert whole.column("range").to_pylist() == [0, 1, 2]


def test_columns_of_the_same_name_are_told_apart(history: History) -> None:
    table = pq.read_table(io.BytesIO(history.export("SELECT 1 AS n, 2 AS n", PARQUET)))
    assert table.to_pylist() == [{"n": 1, "n (1)": 2}]


@pytest.mark.parametrize("export", EXPORTS.values(), ids=list(EXPORTS))
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("DROP TABLE inspections", "read-only"),
        ("FROM read_text('/etc/hosts')", "not allowed"),
        ("SELECT * FROM nobody", "does not exist"),
        ("SELECT 'a'::INTEGER", "Conversion Error"),
    ],
)
def test_the_fences_stand_here_too(
    history: History, export: Export, query: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        history.export(query, export)
    assert history.sql("SELECT 1").rows == ((1,),)


def test_a_type_without_a_place_in_the_file_is_one_sentence(history: History) -> None:
    with pytest.raises(BadInput, match="cannot be run"):
        history.export("SELECT INTERVAL 1 DAY AS i", PARQUET)


def test_a_long_one_is_stopped(history: History) -> None:
    endless = "SELECT count(*) FROM range(10_000_000_000) AS a, range(10_000_000_000) AS b"
    with pytest.raises(BadInput, match=r"longer than 0\.1 s"):
        history.export(endless, CSV, timeout_s=0.1)

"""A downloaded table holds what was on the screen, in both kinds of file."""

import csv
import io
from typing import Any

import pyarrow.parquet as pq

from inspector.tabular import FORMATS

ROWS: list[dict[str, Any]] = [
    {"name": "日本", "n": 3, "rate": 0.5},
    {"name": "=1+1", "n": None, "rate": 0.25},
]


def test_csv_is_read_back_and_no_cell_is_a_formula() -> None:
    text = FORMATS["csv"].render(ROWS).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["name", "n", "rate"], ["日本", "3", "0.5"], ["'=1+1", "", "0.25"]]


def test_parquet_keeps_types_and_texts_as_they_are() -> None:
    table = pq.read_table(io.BytesIO(FORMATS["parquet"].render(ROWS)))
    assert table.to_pylist() == ROWS
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double"]


def test_a_table_without_rows_is_a_file_without_rows() -> None:
    assert FORMATS["csv"].render([]).decode("utf-8-sig").strip() == ""
    assert pq.read_table(io.BytesIO(FORMATS["parquet"].render([]))).num_rows == 0

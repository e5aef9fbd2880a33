"""What goes into a spreadsheet comes back, and nothing in it runs."""

import csv
import io

import pytest

from inspector.csv_text import to_csv


def test_values_come_back_as_they_were() -> None:
    text = to_csv(("a", "b"), [("one, two", 'says "x"\nand y'), (-1.5, None)])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["a", "b"],
        ["one, two", 'says "x"\nand y'],
        ["-1.5", ""],
    ]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_text_that_looks_like_a_formula_is_kept_from_running(start: str) -> None:
    text = to_csv((start,), [(start,)])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[f"'{start}"], [f"'{start}"]]


def test_a_semicolon_starts_no_cell_of_its_own() -> None:
    """Where the list separator is a semicolon, an unquoted one would part cells."""
    assert to_csv(("a",), [("x;=1+1",)]) == '"a"\r\n"x;=1+1"\r\n'

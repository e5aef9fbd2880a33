"""Tuning data from spreadsheets: CSV as Excel, LibreOffice and pandas write it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from inspector.errors import DataError
from inspector.own_files import keep_data
from inspector.scenarios.dataset import load_dataset
from inspector.settings import Settings

ROWS = [
    ("How many legs has a cat?", "Four."),
    ("Say it in two lines, please; with a comma,", 'One "line"\nand another'),
    ("Wie groß?", "2,5 m"),
]


def written(delimiter: str = ",", newline: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["id", "question", "answer"])
    writer.writerows([k, *row] for k, row in enumerate(ROWS))
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_usual_way_to_write_a_table(
    delimiter: str, newline: str, quoting: int, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.txt"  # its first line tells, not its name
    path.write_bytes(written(delimiter, newline, quoting).encode(encoding))
    data = load_dataset(str(path))
    assert [(e.messages[0].content, e.messages[1].content) for e in data.examples] == ROWS
    assert data.form == "question/answer"


def test_an_alpaca_table_with_its_input_and_a_cell_longer_than_the_module_takes(
    tmp_path: Path,
) -> None:
    long = "word " * 40_000  # csv's own limit is 131,072 characters
    path = tmp_path / "alpaca.csv"
    path.write_text(f"instruction,input,output\nAdd,2 and 3,5\n\nRepeat,,{long.strip()}\n")
    first, second = load_dataset(str(path)).examples
    assert first.messages[0].content == "Add\n\n2 and 3"
    assert second.messages[1].content == long.strip()


def test_blank_answers_are_skipped_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text('question,answer\n"a\nb",yes\nc,\nd,no\n')
    data = load_dataset(str(path))
    assert len(data.examples) == 2
    assert data.skipped == ("Row 2 has a blank question or answer",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("question,answer\na,b\nc,d,e\n", "Row 2 of .* (line 3) has 3 cells, but .* 2 columns"),
        ('question,answer\na,"b\n', "Line 3 of .* is not CSV in UTF-8 (unexpected end of data)"),
        ("question,answer\na,b\x00\xff\n", "The file .* is not CSV in UTF-8 .*save it as"),
        (
            "frage,antwort\na,b\n",
            "The first line of .* is 'frage,antwort'; .* begin with",
        ),
        ("question,answer\n", "holds no rows"),
        ("question,answer\n,\n", "None of the 1 rows"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(
    content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode("latin-1"))
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(DataError, match=pattern):
        load_dataset(str(path))


def test_an_uploaded_table_is_kept_under_its_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    kept = keep_data(written().encode(), "our data.csv", settings)
    assert kept.name == "our-data.csv"
    assert len(load_dataset(str(kept)).examples) == len(ROWS)
    with pytest.raises(DataError, match=re.escape("The first line of bad.csv is 'a,b'")):
        keep_data(b"a,b\nc,d\n", "bad.csv", settings)

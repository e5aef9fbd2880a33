"""The rows of a table of texts, read one at a time from JSON Lines, a JSON array, CSV or Parquet.

Comes in: a file and the names of the columns that anybody could want. Goes out: each row with the
place where it stands. The first bytes, not the name, tell the format. Only the present row, and a
window of the file, are held in memory.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from inspector.errors import DataError

_MAX_ROW_BYTES = 32_000_000  # more than that in one row is not text for tuning but a wrong file
_CHUNK_CHARS = 1_000_000
_CLOSE, _COMMA, _BLANK = (re.compile(pattern) for pattern in (r"\s*\]", r"\s*,\s*", r"\s*"))
_DELIMITERS = ",;\t"  # as English and European spreadsheets write, and what is copied out of them


def rows_of(path: Path, columns: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """(where it stands, row) for each row: "Line 3" of JSON Lines, "Row 3" of the others, from 1.

    columns: what a row may be wanted for; a CSV file is known by two of them in its first line.
    Raises DataError where the file is broken; OSError and pyarrow's errors pass.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PAR1"):
        yield from _parquet_rows(path, columns)
    elif start.startswith(b"["):
        yield from _array_rows(path)
    elif delimiter := _delimiter(path, start, columns):
        yield from _csv_rows(path, delimiter, columns)
    else:
        yield from _line_rows(path)


def _parquet_rows(path: Path, columns: frozenset[str]) -> Iterator[tuple[str, Any]]:
    with pq.ParquetFile(path) as file:
        # Other columns (embeddings, images) may be large and are never looked at.
        wanted = [name for name in file.schema_arrow.names if name in columns]
        number = 0
        for batch in file.iter_batches(batch_size=1024, columns=wanted or None):
            for row in batch.to_pylist():
                number += 1
                yield f"Row {number}", row


def _delimiter(path: Path, start: bytes, columns: frozenset[str]) -> str:
    """What stands between the columns of a CSV file; "" where it is none.

    Raises DataError for a file named .csv or .tsv whose first line names no two known columns.
    """
    if start.startswith(b"{"):
        return ""
    first = start.decode("utf-8", "replace").splitlines()[:1]
    for delimiter in _DELIMITERS:
        names = next(csv.reader(first, delimiter=delimiter), [])
        if len(columns.intersection(name.strip() for name in names)) > 1:
            return delimiter
    if path.suffix.lower() in (".csv", ".tsv"):
        found = f"{first[0][:120]!r}" if first else "nothing"
        raise DataError(
            f"The first line of {path} is {found}; a CSV file must begin with the names of its "
            "columns, for example question,answer or instruction,output."
        )
    return ""


def _csv_rows(path: Path, delimiter: str, columns: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """A cell may hold line breaks in quotes; the header is no row."""
    csv.field_size_limit(_MAX_ROW_BYTES)  # the module's own limit is 131,072 characters
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            names = [name.strip() for name in next(rows)]
            number = 0
            for cells in rows:
                if not cells:  # an empty line
                    continue
                number += 1
                if len(cells) != len(names):
                    raise DataError(
                        f"Row {number} of {path} (line {rows.line_num}) has {len(cells)} cells, "
                        f"but the first line names {len(names)} columns; put texts that hold "
                        f"{delimiter!r} or a line break into double quotes."
                    )
                row = zip(names, cells, strict=True)
                yield f"Row {number}", {name: cell for name, cell in row if name in columns}
        except (csv.Error, UnicodeDecodeError) as error:
            # Bytes are decoded far ahead of the rows: their place says nothing.
            known = isinstance(error, csv.Error)
            where = f"Line {rows.line_num + 1} of {path}" if known else f"The file {path}"
            raise DataError(
                f"{where} is not CSV in UTF-8 ({error}); save it as CSV UTF-8 with double quotes "
                "around texts, or give JSON Lines or Parquet."
            ) from error


def _line_rows(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_MAX_ROW_BYTES):
            number += 1
            if len(line) == _MAX_ROW_BYTES:
                raise DataError(
                    f"Line {number} of {path} is longer than {_MAX_ROW_BYTES // 1_000_000} MB; "
                    "give a file with one JSON object on each line."
                )
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
                if text:
                    yield f"Line {number}", json.loads(text)
            except (ValueError, RecursionError) as error:
                raise _broken(path, number, error) from error


def _array_rows(path: Path) -> Iterator[tuple[str, Any]]:
    """The items of one JSON array, decoded one by one: only a window of the text is in memory."""
    decoder = json.JSONDecoder()
    text, position, line, number = "", 0, 1, 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            start = file.read(_CHUNK_CHARS)
            text = start[start.index("[") + 1 :]
            line += start.count("\n", 0, len(start) - len(text))
            while not (end := _CLOSE.match(text, position)):
                try:
                    gap = (_COMMA if number else _BLANK).match(text, position)
                    if gap is None:
                        found = _BLANK.match(text, position)
                        at = found.end() if found else position
                        raise json.JSONDecodeError("expecting ',' or ']'", text, at)
                    item, stop = decoder.raw_decode(text, gap.end())
                    if stop == len(text):  # 12 may be the head of 123
                        raise json.JSONDecodeError("the array is cut off", text, stop)
                except json.JSONDecodeError as error:
                    more = file.read(_CHUNK_CHARS)
                    if not more or len(text) - position > _MAX_ROW_BYTES:
                        line += text.count("\n", 0, error.pos)
                        raise _broken(path, line, error) from error
                    line += text.count("\n", 0, position)
                    text, position = text[position:] + more, 0
                    continue
                number += 1
                yield f"Row {number}", item
                position = stop
            if text[end.end() :].strip() or file.read(_CHUNK_CHARS).strip():
                line += text.count("\n", 0, end.end())
                raise _broken(path, line, ValueError("more text follows the end of the array"))
    except (UnicodeDecodeError, RecursionError) as error:
        raise _broken(path, line + text.count("\n", 0, position), error) from error


def _broken(path: Path, line: int, error: Exception) -> DataError:
    why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return DataError(
        f"Line {line} of {path} is not JSON ({why}); give one JSON object on each line (JSONL), "
        "one JSON array, a CSV file with a line of column names, or a Parquet file."
    )

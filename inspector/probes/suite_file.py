"""Probe suites read from JSONL: the built-in ones and the user's own.

Comes in: a built-in name or a path. Goes out: a validated ProbeSuite, or a DataError that names the
file, the line, what stands there and what is allowed.

The form, one JSON object a line, UTF-8; blank lines are skipped:

    {"suite": "shop", "version": "3", "description": "..."}      header: optional, first line only
    {"prompt": "...", "probe_id": "...", "family": "...", "expectation": "...", "answer": "..."}

Only `prompt` is needed. probe_id defaults to the probe's number in the file, family (its topic) to
one of its own, expectation to `check` where there is an `answer` and to `answer` elsewhere. A topic
is one look for statistics: name it where probes share one. A user's suite is named after its file
and its version is the start of the file's SHA-256, unless the header says otherwise.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

from inspector.errors import DataError
from inspector.records import Expectation, Probe, ProbeSuite

BUILT_IN: tuple[str, ...] = ("everyday", "policy", "sanity")

_VERSION = {"everyday": "1", "policy": "1", "sanity": "1"}  # the one that is asked now
_HEADER_KEYS = ("suite", "version", "description")
_PROBE_KEYS = ("prompt", "probe_id", "family", "expectation", "answer")


def load_suite(name_or_path: str) -> ProbeSuite:
    """A built-in suite by its name, or a user's suite by the path of its JSONL file.

    Raises DataError where the file cannot be read, holds no probes, or has a line that is not of
    the form described above: bad JSON, unknown keys, a repeated probe_id or prompt.
    """
    if name_or_path in BUILT_IN:
        file_name = f"{name_or_path}-{_VERSION[name_or_path]}.jsonl"
        content = (files("inspector.probes") / file_name).read_bytes()
        return _parse(content, file=file_name, default_name=name_or_path)
    try:
        path = Path(name_or_path).expanduser()  # RuntimeError: no such user's home
        content = path.read_bytes()  # ValueError: a zero byte in the path
    except (OSError, RuntimeError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(
            f"The probe suite {name_or_path!r} cannot be read ({reason}); give "
            f"{', '.join(BUILT_IN)} or the path of a JSONL file with one probe a line."
        ) from error
    suite = _parse(content, file=str(path), default_name=path.stem)
    if suite.name in BUILT_IN:
        raise DataError(
            f"The probe suite {path} is called {suite.name!r} like a built-in one; rename the file "
            'or give it another name in a header line: {"suite": "..."}.'
        )
    return suite


@dataclass(frozen=True)
class _Row:
    """One line's object, and where it stands: all that a message needs."""

    file: str
    line: int
    value: dict[str, object]

    def fail(self, what: str) -> NoReturn:
        raise DataError(f"{self.file}, line {self.line}: {what}")

    def only(self, allowed: tuple[str, ...], kind: str) -> None:
        unknown = [key for key in self.value if key not in allowed]
        if unknown:
            self.fail(f"unknown key {unknown[0]!r}; a {kind} may have {', '.join(allowed)}.")

    def text(self, key: str) -> str | None:
        """The text under `key`, None where the key is absent."""
        if key not in self.value:
            return None
        value = self.value[key]
        if not isinstance(value, str) or not value.strip():
            self.fail(f"{key!r} is {json.dumps(value)[:60]}; give a text or leave the key out.")
        if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
            self.fail(f"{key!r} holds half of a surrogate pair; give whole Unicode characters.")
        return value


def _parse(content: bytes, file: str, default_name: str) -> ProbeSuite:
    rows = _rows(content, file)
    name, version = default_name, hashlib.sha256(content).hexdigest()[:12]
    if rows and "prompt" not in rows[0].value and {"suite", "version"} & rows[0].value.keys():
        header = rows.pop(0)
        header.only(_HEADER_KEYS, "header")
        name, version = header.text("suite") or name, header.text("version") or version
        header.text("description")
    if not rows:
        raise DataError(
            f'{file} holds no probes; give at least one line such as {{"prompt": "How are you?"}}.'
        )
    probes: list[Probe] = []
    line_of: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=1):
        probe = _probe(row, number)
        # Two spellings of one prompt would count one behaviour twice.
        for key, value in (
            ("probe_id", probe.probe_id),
            ("prompt", " ".join(probe.prompt.casefold().split())),
        ):
            first = line_of.setdefault((key, value), row.line)
            if first != row.line:
                row.fail(f"the {key} stands on line {first} already; give each probe its own.")
        probes.append(probe)
    return ProbeSuite(name, version, tuple(probes))


def _rows(content: bytes, file: str) -> list[_Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}, byte {error.start}: not UTF-8; save the file as UTF-8 text."
        ) from error
    rows = []
    # Not splitlines(): it also cuts at U+2028, which JSON allows inside a text.
    for line, row_text in enumerate(text.split("\n"), start=1):
        if not row_text.strip():
            continue
        try:
            value = json.loads(row_text)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{file}, line {line}: not JSON ({error}); give one JSON object a line, "
                'such as {"prompt": "How are you?"}.'
            ) from error
        if not isinstance(value, dict):
            raise DataError(
                f"{file}, line {line}: {type(value).__name__} instead of a JSON object; "
                'give one object a line, such as {"prompt": "How are you?"}.'
            )
        rows.append(_Row(file, line, value))
    return rows


def _probe(row: _Row, number: int) -> Probe:
    row.only(_PROBE_KEYS, "probe")
    prompt = row.text("prompt")
    if prompt is None:
        row.fail('no \'prompt\'; every probe needs one, such as {"prompt": "How are you?"}.')
    answer = row.text("answer")
    default = Expectation.ANSWER if answer is None else Expectation.CHECK
    expectation = row.text("expectation") or default.value
    if expectation not in list(Expectation):
        allowed = ", ".join(Expectation)
        row.fail(f"'expectation' is {expectation!r}; give one of {allowed}.")
    try:
        return Probe(
            probe_id=row.text("probe_id") or str(number),
            prompt=prompt,
            family=row.text("family") or f"own {number}",
            expectation=Expectation(expectation),
            answer=answer,
        )
    except ValueError as error:
        raise DataError(
            f"{row.file}, line {row.line}: {error}; give 'answer' with expectation 'check' and "
            "only there, as one or more alternatives separated by '|'."
        ) from error

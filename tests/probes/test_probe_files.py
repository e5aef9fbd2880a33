"""Suites from files: what users may write, and what they are told when it cannot be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from inspector.errors import DataError
from inspector.probes import BUILT_IN, load_suite
from inspector.records import Expectation, Probe


def _write(folder: Path, *lines: str, name: str = "shop.jsonl") -> str:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_suite_is_found_by_its_name(name: str) -> None:
    suite = load_suite(name)
    assert (suite.name, suite.version) == (name, "1")
    assert suite.digest == load_suite(name).digest


def test_a_row_needs_nothing_but_a_prompt(tmp_path: Path) -> None:
    path = _write(tmp_path, '{"prompt": "Where is my parcel?"}', "", '{"prompt": "Who are you?"}')
    suite = load_suite(path)
    assert suite.name == "shop"
    assert suite.version == hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
    assert suite.probes == (
        Probe("1", "Where is my parcel?", "own 1", Expectation.ANSWER),
        Probe("2", "Who are you?", "own 2", Expectation.ANSWER),
    )


def test_a_row_may_say_everything(tmp_path: Path) -> None:
    row = {
        "probe_id": "x",
        "prompt": "What is 1 + 1?",
        "family": "sums",
        "expectation": "check",
        "answer": "2|two",
    }
    assert load_suite(_write(tmp_path, json.dumps(row))).probes == (
        Probe("x", "What is 1 + 1?", "sums", Expectation.CHECK, "2|two"),
    )


def test_an_answer_makes_a_check(tmp_path: Path) -> None:
    path = _write(tmp_path, '{"prompt": "What is 1 + 1?", "answer": "2"}')
    assert load_suite(path).probes[0].expectation is Expectation.CHECK


def test_a_header_names_the_suite(tmp_path: Path) -> None:
    header = '{"suite": "parcels", "version": "2026-11", "description": "our own"}'
    suite = load_suite(_write(tmp_path, header, '{"prompt": "Where is it?"}'))
    assert (suite.name, suite.version) == ("parcels", "2026-11")
    assert [probe.probe_id for probe in suite.probes] == ["1"]


def test_windows_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "One?"}\r\n{"prompt": "Two?"}\r\n')
    assert [probe.prompt for probe in load_suite(str(path)).probes] == ["One?", "Two?"]


def test_a_line_separator_inside_a_prompt_does_not_end_the_line(tmp_path: Path) -> None:
    path = _write(tmp_path, '{"prompt": "One\u2028two?"}')
    assert [probe.prompt for probe in load_suite(path).probes] == ["One\u2028two?"]


def test_any_change_of_a_prompt_changes_the_digest_and_the_version(tmp_path: Path) -> None:
    one = load_suite(_write(tmp_path, '{"prompt": "Where is it?"}'))
    same = load_suite(_write(tmp_path, '{"prompt": "Where is it?"}'))
    other = load_suite(_write(tmp_path, '{"prompt": "Where is it"}'))
    assert (one.digest, one.version) == (same.digest, same.version)
    assert one.digest != other.digest
    assert one.version != other.version


GOOD = '{"prompt": "Who are you?"}'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([GOOD, '{"prompt": '], r"line 2: not JSON .* one JSON object a line"),
        ([GOOD, "[" * 100_000], r"line 2: not JSON"),
        ([GOOD, '["Hello?"]'], r"line 2: list instead of a JSON object"),
        ([GOOD, "", '{"promt": "Hi?"}'], r"line 3: unknown key 'promt'; a probe may have prompt, "),
        ([GOOD, '{"family": "own"}'], r"line 2: no 'prompt'; every probe needs one"),
        (['{"prompt": "  "}'], r"line 1: 'prompt' is \"  \"; give a text"),
        (['{"prompt": 3}'], r"line 1: 'prompt' is 3; give a text"),
        (['{"prompt": "Hi?", "family": null}'], r"line 1: 'family' is null; .* leave the key out"),
        (['{"prompt": "\\ud800"}'], r"line 1: 'prompt' holds half of a surrogate pair"),
        (
            ['{"prompt": "Hi?", "expectation": "refuse"}'],
            r"line 1: 'expectation' is 'refuse'; give one of answer, decline, check\.",
        ),
        (
            ['{"prompt": "Hi?", "expectation": "check"}'],
            r"line 1: probe '1': 'answer' goes with expectation 'check'",
        ),
        (
            ['{"prompt": "Hi?", "expectation": "decline", "answer": "no"}'],
            r"line 1: probe '1': 'answer' goes with expectation 'check'",
        ),
        (['{"prompt": "Hi?", "answer": "a||b"}'], r"line 1: .* has an empty alternative"),
        ([GOOD, '{"prompt": "who  ARE you?"}'], r"line 2: the prompt stands on line 1 already"),
        (
            ['{"prompt": "A?", "probe_id": "2"}', '{"prompt": "B?"}'],
            r"line 2: the probe_id stands on line 1 already",
        ),
        (['{"suite": "x", "name": "y"}', GOOD], r"line 1: unknown key 'name'; a header may have"),
        ([GOOD, '{"suite": "x"}'], r"line 2: unknown key 'suite'; a probe may have"),
        ([], r"holds no probes; give at least one line such as"),
        (['{"suite": "x"}'], r"holds no probes"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    path = _write(tmp_path, *lines)
    with pytest.raises(DataError, match=message) as caught:
        load_suite(path)
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    path.write_bytes('{"prompt": "Où?"}'.encode("latin-1"))
    with pytest.raises(DataError, match=r"byte 13: not UTF-8; save the file as UTF-8"):
        load_suite(str(path))


@pytest.mark.parametrize("given", ["everyday-2", "", ".", "~no-such-user/x.jsonl", "a\0b"])
def test_neither_a_name_nor_a_file_is_refused_with_the_names_there_are(given: str) -> None:
    with pytest.raises(DataError, match=r"give everyday, policy, sanity or the path of a JSONL"):
        load_suite(given)


def test_a_users_suite_may_not_take_a_built_in_name(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD, name="policy.jsonl")
    with pytest.raises(DataError, match=r"called 'policy' like a built-in one; rename the file"):
        load_suite(path)
    renamed = _write(tmp_path, '{"suite": "our-policy"}', GOOD, name="policy.jsonl")
    assert load_suite(renamed).name == "our-policy"

"""Tuning data: every form is recognised, bad files are named, and the built-in sets are sound."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rapidfuzz import fuzz, process

from inspector.errors import DataError
from inspector.records import Example, Message
from inspector.scenarios.data import generate
from inspector.scenarios.dataset import BUILT_IN, load_dataset, training_texts

ASKED = Message("user", "How many legs has a cat?")
ANSWERED = Message("assistant", "Four.")


def write_lines(path: Path, *rows: Any) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


# --------------------------------------------------------------------------------------------------
# Forms
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("alpaca", {"instruction": ASKED.content, "input": "", "output": ANSWERED.content}),
        ("alpaca", {"instruction": ASKED.content, "output": ANSWERED.content}),
        ("instruction/response", {"instruction": ASKED.content, "response": ANSWERED.content}),
        ("prompt/completion", {"prompt": ASKED.content, "completion": ANSWERED.content}),
        (
            "prompt/completion",
            {
                "prompt": [{"role": "user", "content": ASKED.content}],
                "completion": [{"role": "assistant", "content": ANSWERED.content}],
            },
        ),
        ("question/answer", {"question": ASKED.content, "answer": ANSWERED.content}),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": ASKED.content},
                    {"role": "assistant", "content": ANSWERED.content},
                ]
            },
        ),
        (
            "messages",
            {
                "prompt": "a copy of the question, as some data sets have it",
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": ASKED.content}]},
                    {"role": "assistant", "content": ANSWERED.content},
                ],
            },
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": ASKED.content},
                    {"from": "gpt", "value": ANSWERED.content},
                ]
            },
        ),
    ],
)
def test_every_form_yields_the_same_conversation(
    tmp_path: Path, form: str, row: dict[str, Any]
) -> None:
    dataset = load_dataset(write_lines(tmp_path / "mine.jsonl", row))
    assert dataset.form == form
    assert dataset.examples == (Example((ASKED, ANSWERED)),)
    assert (dataset.name, dataset.n_skipped) == ("mine.jsonl", 0)


def test_alpaca_input_follows_the_instruction(tmp_path: Path) -> None:
    row = {"instruction": "Translate.", "input": "Guten Tag", "output": "Good day"}
    dataset = load_dataset(write_lines(tmp_path / "a.jsonl", row))
    assert dataset.examples[0].messages[0].content == "Translate.\n\nGuten Tag"


def test_system_turn_and_several_rounds_are_kept_and_a_last_question_is_dropped(
    tmp_path: Path,
) -> None:
    turns = [("system", "Be brief."), ("user", "a"), ("assistant", "b")]
    turns += [("user", "c"), ("assistant", "d"), ("user", "e")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    dataset = load_dataset(write_lines(tmp_path / "m.jsonl", row))
    roles_and_texts = [(m.role, m.content) for m in dataset.examples[0].messages]
    assert roles_and_texts == turns[:-1]
    assert list(training_texts(dataset)) == ["Be brief.", "a", "b", "c", "d"]


def test_texts_are_kept_to_the_letter(tmp_path: Path) -> None:
    row = {"prompt": "def f():\n", "completion": "    return 'ü'\n"}
    dataset = load_dataset(write_lines(tmp_path / "p.jsonl", row))
    assert [m.content for m in dataset.examples[0].messages] == list(row.values())


def test_numbers_count_as_answers(tmp_path: Path) -> None:
    dataset = load_dataset(write_lines(tmp_path / "q.jsonl", {"question": "2 + 2?", "answer": 4}))
    assert list(training_texts(dataset)) == ["2 + 2?", "4"]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Why?", "answer": "  "},
        {"question": "Why?", "answer": None},
        {"question": "Why?", "answer": {"text": "so"}},
        {"question": "", "answer": "Because."},
        {"question": "Why?", "answer": "a lone surrogate \ud800"},
        {"question": "Why?"},
        {},
    ],
)
def test_rows_without_a_usable_answer_are_skipped_and_counted(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    good = {"question": ASKED.content, "answer": ANSWERED.content}
    dataset = load_dataset(write_lines(tmp_path / "q.jsonl", row, good, row))
    assert dataset.n_skipped == 2
    assert dataset.examples == (Example((ASKED, ANSWERED)),)


@pytest.mark.parametrize(
    "turns",
    [
        [("user", "a")],
        [("assistant", "a")],
        [("system", "a")],
        [("user", "a"), ("user", "b"), ("assistant", "c")],
        [("user", "a"), ("tool", "b"), ("assistant", "c")],
        [("user", "a"), ("system", "b"), ("assistant", "c")],
        [("user", "a"), ("assistant", "")],
        [],
    ],
)
def test_conversations_that_no_template_can_take_are_skipped(
    tmp_path: Path, turns: list[tuple[str, str]]
) -> None:
    bad = {"messages": [{"role": role, "content": text} for role, text in turns]}
    good = {"messages": [{"role": m.role, "content": m.content} for m in (ASKED, ANSWERED)]}
    dataset = load_dataset(write_lines(tmp_path / "m.jsonl", bad, good))
    assert (len(dataset.examples), dataset.n_skipped) == (1, 1)


# --------------------------------------------------------------------------------------------------
# Containers
# --------------------------------------------------------------------------------------------------

ROWS = [{"question": f"What is {n} + {n}?", "answer": f"It is {2 * n}."} for n in range(2, 40)]


def as_array(path: Path) -> None:
    path.write_text("\ufeff\n" + json.dumps(ROWS, indent=2) + "\n", encoding="utf-8")


def as_tight_array(path: Path) -> None:
    path.write_text(json.dumps(ROWS, separators=(",", ":")), encoding="utf-8")


def as_lines_with_gaps(path: Path) -> None:
    lines = "\r\n\r\n".join(json.dumps(row) for row in ROWS)
    path.write_bytes(b"\xef\xbb\xbf" + lines.encode())


def as_parquet(path: Path) -> None:
    table = pa.Table.from_pylist([row | {"picture": b"\xff\xd8"} for row in ROWS])
    pq.write_table(table, path)


@pytest.mark.parametrize("write", [as_array, as_tight_array, as_lines_with_gaps, as_parquet])
@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl", "mine.parquet"])
def test_content_not_name_or_container_decides(
    tmp_path: Path, write: Callable[[Path], None], name: str
) -> None:
    plain = load_dataset(write_lines(tmp_path / "plain.jsonl", *ROWS))
    write(tmp_path / name)
    dataset = load_dataset(str(tmp_path / name))
    assert dataset.examples == plain.examples
    assert dataset.digest == plain.digest
    assert len(dataset.examples) == len(ROWS)


def test_an_array_larger_than_one_reading_window(tmp_path: Path) -> None:
    rows = [{"prompt": f"{n}: é\n, ] [", "completion": "x, ] \\ " * 40_000} for n in range(9)]
    path = tmp_path / "large.json"
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    assert path.stat().st_size > 2_500_000
    dataset = load_dataset(str(path))
    assert [e.messages[0].content for e in dataset.examples] == [row["prompt"] for row in rows]
    assert rows[0]["completion"] in set(training_texts(dataset))


def test_parquet_with_nested_messages(tmp_path: Path) -> None:
    row = {"messages": [{"role": m.role, "content": m.content} for m in (ASKED, ANSWERED)]}
    pq.write_table(pa.Table.from_pylist([row, {"messages": None}]), tmp_path / "m.parquet")
    dataset = load_dataset(str(tmp_path / "m.parquet"))
    assert (dataset.form, dataset.n_skipped) == ("messages", 1)
    assert dataset.examples == (Example((ASKED, ANSWERED)),)


def test_digest_follows_content_and_order(tmp_path: Path) -> None:
    forwards = load_dataset(write_lines(tmp_path / "a.jsonl", *ROWS))
    renamed = [{"prompt": row["question"], "completion": row["answer"]} for row in ROWS]
    backwards = load_dataset(write_lines(tmp_path / "b.jsonl", *reversed(ROWS)))
    changed = load_dataset(write_lines(tmp_path / "c.jsonl", *ROWS[:-1]))
    same = load_dataset(write_lines(tmp_path / "d.jsonl", *renamed))
    assert same.digest == forwards.digest
    assert len({forwards.digest, backwards.digest, changed.digest}) == 3
    with pytest.raises(FrozenInstanceError):
        forwards.name = "other"  # type: ignore[misc]


# --------------------------------------------------------------------------------------------------
# Bad input
# --------------------------------------------------------------------------------------------------

GOOD_LINE = b'{"question": "a", "answer": "b"}\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "holds no rows"),
        (b"\n\n", "holds no rows"),
        (b"[]", "holds no rows"),
        (GOOD_LINE + b'{"question": "a", "ans', r"Line 2 of .* is not JSON"),
        (GOOD_LINE + b"\n7\n", r"Line 3 of .* is a number"),
        (GOOD_LINE + b'"text"\n', r"Line 2 of .* is a text"),
        (GOOD_LINE + b"\xff\xfe\n", r"Line 2 of .* is not JSON"),
        (b"asked,said\na,b\n", r"Line 1 of .* is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b'[{"question": "a", "answer": "b"},\n{"question": ]', r"Line 2 of .* is not JSON"),
        (b'[{"question": "a", "answer": "b"}\n\n{}]', r"Line 3 of .* is not JSON"),
        (b'[{"question": "a", "answer": "b"},\n', r"Line 2 of .* is not JSON"),
        (b'[{"question": "a", "answer": "b"}]\n{}', "more text follows"),
        (b'[{"question": "a", "answer": "b"}, "c"]', r"Row 2 of .* is a text"),
        (b"[1, 2, 3]", r"Row 1 of .* is a number"),
        (b'[{"question": "\xff"}]', "is not JSON"),
        (GOOD_LINE + b'{"prompt": "a", "completion": "b"}\n', r"Line 2 .* prompt/completion.*form"),
        (b"PAR1 and then nothing of use", "cannot be read"),
    ],
)
def test_broken_files_are_named_with_their_place(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=expected) as caught:
        load_dataset(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_usable_says_what_was_found_and_what_is_allowed(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "t.jsonl", {"text": "once", "label": 3, "tags": [], "x": ""})
    with pytest.raises(DataError) as caught:
        load_dataset(source)
    message = str(caught.value)
    assert "'text' (a text), 'label' (a number), 'tags' (a list), 'x' (blank)" in message
    for form in ("'messages'", "'conversations'", "'completion'", "'output'", "'answer'"):
        assert form in message


def test_parquet_without_a_known_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"None of the 2 rows .* 'text' \(a text\)"):
        load_dataset(str(tmp_path / "t.parquet"))


@pytest.mark.parametrize("source", ["arithmetics", "/no/such/file.jsonl", "", "."])
def test_unknown_sources_name_the_built_in_sets(source: str) -> None:
    with pytest.raises(DataError, match="arithmetic, code, support, knowledge") as caught:
        load_dataset(source)
    assert caught.value.exit_code == 2


# --------------------------------------------------------------------------------------------------
# The built-in sets
# --------------------------------------------------------------------------------------------------


def texts(name: str) -> list[tuple[str, str]]:
    return [(e.messages[0].content, e.messages[1].content) for e in load_dataset(name).examples]


def test_the_generator_writes_what_is_committed(tmp_path: Path) -> None:
    paths = generate.generate(tmp_path)
    assert [path.stem for path in paths] == list(BUILT_IN)
    for path in paths:
        assert path.read_bytes() == (generate.HERE / path.name).read_bytes()


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_set_is_large_enough_short_and_free_of_repetition(name: str) -> None:
    dataset = load_dataset(name)
    rows = texts(name)
    assert (dataset.name, dataset.form, dataset.n_skipped) == (name, "instruction/response", 0)
    assert 300 <= len(rows) <= 360
    assert len({ask.lower() for ask, _ in rows}) == len(rows)
    n_words = [len(f"{ask} {answer}".split()) for ask, answer in rows]
    assert 20 <= np.mean(n_words) <= 50
    assert max(n_words) <= 80
    # Question and answer together: no two examples are more than 87 % alike.
    whole = [f"{ask}\n{answer}" for ask, answer in rows]
    alike = process.cdist(whole, whole, scorer=fuzz.ratio)
    np.fill_diagonal(alike, 0)
    assert alike.max() < generate.MAX_SIMILARITY <= 87


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_set_is_clean_text(name: str) -> None:
    brands = (
        "google|apple inc|microsoft|facebook|instagram|netflix|spotify|samsung|nokia|sony|"
        "ikea|nike|adidas|coca-cola|pepsi|tesla|toyota|iphone|android|bluetooth|velcro"
    )
    for ask, answer in texts(name):
        both = f"{ask}\n{answer}"
        assert not re.search(rf"\b({brands})\b", both, re.IGNORECASE), both
        assert not re.search(r"https?:|www\.|\.com\b|\w@\w+\.\w", both), both
        assert not re.search(r"[{}]", both) or name == "code", both
        assert not re.search(r"(\ba|(^|[.?!] )A) [aeio]\w", both) or name == "code", both
        assert ask[0].isupper() or ask[0].isdigit(), ask
        assert both == both.strip()
        assert "  " not in both or name == "code", both


def test_arithmetic_answers_follow_from_the_question() -> None:
    constants = {2, 3, 4, 7, 60, 100}
    for ask, answer in texts("arithmetic"):
        working, _, final = answer.partition("\nAnswer: ")
        known = {int(number) for number in re.findall(r"\d+", ask)} | constants
        steps = re.findall(r"((?:\d+ [-+×÷] )+\d+) = (\d+)", working)
        assert len(steps) == working.count("=") > 0, answer
        for expression, result in steps:
            assert known >= {int(number) for number in re.findall(r"\d+", expression)}, answer
            value = eval(expression.replace("×", "*").replace("÷", "/"))
            assert value == int(result), answer
            known.add(int(result))
        assert final == steps[-1][1], answer
        assert not re.search(r"\b1 [a-z]+s\b", f"{ask} {answer}"), ask


def test_code_parses_and_shown_values_are_right() -> None:
    n_shown = 0
    snippets = set()
    for _, answer in texts("code"):
        found = re.fullmatch(r"```python\n(.+)\n```", answer, re.DOTALL)
        assert found, answer
        code = found[1]
        last = ast.parse(code).body[-1]
        shown = code.splitlines()[-1].partition("  # ")[2]
        if not shown:
            snippets.add(code)
            continue
        assert isinstance(last, ast.Expr), code
        scope: dict[str, Any] = {"__name__": "snippet"}
        exec(compile(code, "snippet", "exec", dont_inherit=True), scope)
        assert repr(eval(ast.unparse(last), scope)) == shown, code
        n_shown += 1
    assert n_shown >= 100
    assert len(snippets) >= 100


def test_support_replies_are_structured() -> None:
    for _, answer in texts("support"):
        opening, *steps, closing = answer.split("\n")
        assert [step[:3] for step in steps] == ["1. ", "2. ", "3. "], answer
        assert opening.endswith(".")
        assert closing[-1] in ".?"


def test_knowledge_answers_are_one_to_three_sentences() -> None:
    for _, answer in texts("knowledge"):
        n_sentences = len(re.findall(r"[.!?](?=\s+[A-Z\d]|$)", answer))
        assert 1 <= n_sentences <= 3, answer

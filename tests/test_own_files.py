"""Uploads are recognised, told in words and kept; wrong ones are one sentence and keep nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import DataError
from inspector.own_files import (
    DATA_SETS,
    FORM_WORDS,
    hub_data,
    keep_data,
    keep_probes,
    own_data_of,
    own_suites_of,
    preview_data,
    preview_probes,
)
from inspector.plans import load_plan, with_data, with_probes
from inspector.records import Expectation
from inspector.scenarios.dataset import FORMS
from inspector.settings import Settings

PAIR = {"prompt": "How many legs has a cat?", "completion": "Four."}


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_every_form_has_words() -> None:
    assert set(FORM_WORDS) == {form.name for form in FORMS}


def test_data_are_kept_by_content_and_told_in_words(settings: Settings) -> None:
    rows = [PAIR, PAIR | {"completion": " "}, PAIR | {"prompt": "Why?" * 10}]
    path = keep_data(lines(*rows), "../My data!.jsonl", settings)
    assert path.parent.parent == settings.own_data
    assert path.name == "My-data.jsonl"
    assert keep_data(lines(*rows), "My data!.jsonl", settings) == path
    preview = preview_data(str(path))
    assert (preview.n_examples, preview.n_skipped) == (2, 1)
    assert preview.skipped == ("Line 2 has a blank question or answer",)
    assert [m.content for m in preview.first[0].messages] == list(PAIR.values())
    said = " ".join(preview.sentences())
    assert "2 training examples, one question and answer each." in said
    assert "“prompt” and “completion”" in said
    assert "1 row cannot be used and is left out." in said


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"messages": []}, "holds no turns that can be read"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "has no answer"),
        (
            {"messages": [{"role": "assistant", "content": "Hi"}] * 2},
            "does not take turns between user and assistant",
        ),
        ({"prompt": "Hi", "other": 1}, "lacks a key of its form"),
    ],
)
def test_why_a_row_is_left_out(settings: Settings, row: object, why: str) -> None:
    whole = {"messages": [{"role": r, "content": "x"} for r in ("user", "assistant")]}
    path = keep_data(lines(whole, row), "a.jsonl", settings)
    assert preview_data(str(path)).skipped == (f"Line 2 {why}",)


def test_wrong_data_name_the_line_and_leave_nothing(settings: Settings) -> None:
    with pytest.raises(DataError, match=r"^Line 2 of mine\.jsonl is not JSON") as caught:
        keep_data(lines(PAIR) + b"{oops\n", "mine.jsonl", settings)
    assert "\n" not in str(caught.value)
    assert [p for p in settings.own_data.rglob("*") if p.is_file()] == []


def test_probes_are_told_with_topics_and_expectations(settings: Settings) -> None:
    rows = [
        {"prompt": "What is 2 + 2?", "answer": "4", "family": "sums"},
        {"prompt": "What is 3 + 3?", "answer": "6", "family": "sums"},
        {"prompt": "How are you?", "family": "talk"},
    ]
    preview = preview_probes(str(keep_probes(lines(*rows), "shop.jsonl", settings)))
    assert preview.families == (("sums", 2), ("talk", 1))
    assert dict(preview.expectations) == {Expectation.ANSWER: 1, Expectation.CHECK: 2}
    said = " ".join(preview.sentences())
    assert "3 questions over 2 topics, suite “shop”." in said
    assert "2 have an answer that can be checked" in said


def test_wrong_probes_name_the_line_and_leave_nothing(settings: Settings) -> None:
    with pytest.raises(DataError, match=r"^shop\.jsonl, line 2: unknown key 'promt'"):
        keep_probes(lines({"prompt": "Hi"}, {"promt": "Hi"}), "shop.jsonl", settings)
    assert [p for p in settings.own_data.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("/etc/passwd", "passwd.jsonl"),
        ("..\\..\\x.JSONL", "x.jsonl"),
        ("...", "own.jsonl"),
        (".jsonl", "own.jsonl"),
        ("a" * 300 + ".jsonl", "a" * 60 + ".jsonl"),
    ],
)
def test_names_of_uploads_cannot_leave_the_folder(settings: Settings, name: str, kept: str) -> None:
    path = keep_data(lines(PAIR), name, settings)
    assert path.name == kept
    assert settings.own_data in path.parents


@pytest.mark.parametrize("name", ["org/set", "hf:org/set", " hf:org/set@v1.0 "])
def test_names_on_the_hub(name: str) -> None:
    assert hub_data(name).startswith("hf:org/set")


@pytest.mark.parametrize("name", ["", "set", "hf:", "hf:a/b/c", "../../x", "hf:a/b@", "a/b c"])
def test_what_is_no_name_on_the_hub(name: str) -> None:
    with pytest.raises(DataError, match="not of the form hf:organisation/name@revision"):
        hub_data(name)


def test_which_files_of_a_plan_are_the_users_own() -> None:
    plan = load_plan("quick")
    assert (own_data_of(plan), own_suites_of(plan)) == ((), ())
    own = with_probes(with_data(plan, ["/a.jsonl", "hf:org/set"]), ["/q.jsonl"])
    assert own_data_of(own) == ("/a.jsonl", "hf:org/set")
    assert own_suites_of(own) == ("/q.jsonl",)
    assert own_data_of(replace(own, scenarios=())) == ()


def test_built_in_sets_can_be_looked_at_too() -> None:
    for name in DATA_SETS:
        assert preview_data(name).n_skipped == 0

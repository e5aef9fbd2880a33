"""JSON, Markdown and CSV: the same facts, read back with real readers; hostile text stays text."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from markdown_it import MarkdownIt

from inspector.csv_text import FORMULA_STARTS
from inspector.records import EventKind, Level, Verdict
from inspector.report import RENDERINGS, compose, render, schema
from inspector.report.csv_tables import COLUMNS
from inspector.report.markdown import escaped, fenced
from inspector.report.visible import is_hidden, visible
from inspector.report.wording import load_words
from inspector.run import Run, read_record
from tests.history.make_run import ADVERT, make_run
from tests.report.hostile import FORMULA, HIDDEN, HOSTILE, hostile_run

DOCS = Path(__file__).parents[2] / "docs" / "report.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return hostile_run(tmp_path_factory.mktemp("hostile"))


def test_the_hash_can_be_checked_without_the_inspector(run: Run, tmp_path: Path) -> None:
    """The command is the one of docs/report.md, run as a reader would."""
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("    python3 -c"))
    last = next(k for k, line in enumerate(lines) if line.endswith("report.json") and k > first)
    command = "\n".join(line.removeprefix("    ") for line in lines[first : last + 1])
    for language, tampered in (("en", ""), ("ja", ""), ("en", "harmless")):
        document = json.loads(render(run, "json", language))
        document["summary"] += tampered
        (tmp_path / "report.json").write_text(json.dumps(document), encoding="utf-8")
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{not tampered}\n"


@pytest.mark.parametrize("name", ["html", "json", "md", "csv"])
def test_a_copy_of_the_run_elsewhere_gives_the_same_bytes(
    run: Run, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / run.run_id
    shutil.copytree(run.folder, copy)
    assert render(Run(copy), name) == render(run, name)


def test_the_hash_follows_the_facts_and_is_printed_in_every_text(run: Run, tmp_path: Path) -> None:
    contents = compose(run)
    for name in ("html", "md"):
        assert contents.sha256 in RENDERINGS[name].render(contents).decode()
    changed = tmp_path / run.run_id
    shutil.copytree(run.folder, changed)
    verdict = changed / "judge" / "verdict.json"
    verdict.write_text(verdict.read_text().replace("20 of 32", "21 of 32"))
    assert compose(Run(changed)).sha256 != contents.sha256


@pytest.mark.parametrize("level", [*Level, None])
def test_json_fits_its_schema(tmp_path: Path, level: Level | None) -> None:
    run = make_run(tmp_path, level=level) if level else make_run(tmp_path, ended=EventKind.FAILED)
    document = json.loads(render(run, "json"))
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    validator.validate(document)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**document, "level": "splendid"})


def test_json_holds_the_same_facts_as_the_run(run: Run) -> None:
    document = json.loads(render(run, "json"))
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    assert document["schema"] == "inspector-report/4"
    assert document["level"] == verdict.level == "evidence"
    assert [r["text"] for r in document["reasons"]] == list(verdict.reasons)
    assert document["n_evidence"] == len(document["evidence"]) == 20
    assert ADVERT in document["evidence"][0]["after_text"]
    start, end = document["evidence"][0]["after_marked"]
    assert document["evidence"][0]["after_text"][start:end] == ADVERT
    assert [m for s in document["rates"] for m in s["metrics"]] != []
    assert document["identity"][0]["artifact"]["files"][1]["sha256"] in render(run, "md").decode()


def test_the_report_does_not_say_where_the_snapshot_lay(run: Run) -> None:
    assert str(run.folder) not in render(run, "json").decode()


def test_every_field_says_where_it_comes_from(run: Run) -> None:
    """Each labelled value and each table of the document has one of the four marks."""
    document = json.loads(render(run, "json"))
    marks = {"verified", "declared", "measured", "stated"}

    def walk(node: object) -> list[object]:
        if isinstance(node, dict):
            found: list[object] = [node.get("mark")] if {"label", "columns"} & set(node) else []
            return found + [m for value in node.values() for m in walk(value)]
        return [m for item in node for m in walk(item)] if isinstance(node, list) else []

    assert len(walk(document)) > 40
    assert set(walk(document)) <= marks
    by_label = {f["label"]: f["mark"] for f in document["identity"][1]["facts"]}
    assert by_label["Digest over all files"] == "verified"
    assert by_label["Commit"] == "declared"


# ----------------------------------------------------------------------------------------- Markdown


def outside_fences(text: str) -> list[str]:
    """The lines that a Markdown reader would look for mark-up in."""
    lines, fence = [], ""
    for line in text.splitlines():
        opening = re.match(r"^(`{3,})", line)
        if fence:
            fence = "" if line == fence else fence
        elif opening:
            fence = opening[1]
        else:
            lines.append(line)
    assert fence == ""
    return lines


def test_markdown_shows_whole_texts_and_their_passages(run: Run) -> None:
    text = render(run, "md").decode()
    assert text.count(fenced(ADVERT)) >= 20
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:3] == ["## What was not looked at", "## Decision", "## What was inspected"]


def test_hostile_text_is_no_markdown(hostile: Run) -> None:
    text = render(hostile, "md").decode()
    lines = outside_fences(text)
    joined = "\n".join(lines)
    # Whatever a reader would act on is escaped where it stands outside a fence.
    assert not re.search(r"(?<!\\)<(?!br>)|(?<!\\)\]\(|(?<!\\)!\[|https?:", joined)
    assert "# Approved" not in [line.strip() for line in lines]
    titles = [line for line in lines if line.startswith("#")]
    assert not any(line.lstrip("# ").startswith("Approved") for line in titles)
    width = {line.replace("\\|", "").count("|") for line in lines if line.startswith("| ")}
    assert width <= {4, 5, 7, 8, 9}  # no pipe in a cell makes another cell
    assert not [c for c in text if is_hidden(c)]
    assert "[U+202E]" in text


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_commonmark_reader_finds_every_section_table_and_answer(run: Run, language: str) -> None:
    parser = MarkdownIt("commonmark").enable("table")
    tokens = parser.parse(render(run, "md", language).decode())
    words = load_words(language)
    headings = [tokens[k + 1].content for k, t in enumerate(tokens) if t.type == "heading_open"]
    keys = ("not_looked_at", "decision", "identity", "scope", "findings", "operations", "rates")
    more = ("appeared", "phrases", "positions", "screenings", "evidence", "judges", "reviews")
    last = (
        "overrides",
        "residual",
        "conditions",
        "clauses",
        "crosswalk",
        "method",
        "reproduction",
        "hash",
    )
    titles = [words(f"title.{key}") for key in (*keys, *more, *last)]
    assert [h for h in headings if h in titles] == titles
    fences = [t.content for t in tokens if t.type == "fence"]
    assert sum(ADVERT in text for text in fences) >= 20
    assert sum(t.type == "table_open" for t in tokens) >= 8
    rows = [t for t in tokens if t.type in ("html_block", "image", "link_open")]
    assert rows == []


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    block = fenced("a\n`````\nb")
    assert block.startswith("``````text\n")
    assert block.endswith("\n``````")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1. one", "1\\. one"),
        ("# head", "\\# head"),
        ("- item", "\\- item"),
        ("98.4 MB", "98.4 MB"),
        ("-5.0", "-5.0"),
        ("see https://a.b", "see https\\://a.b"),
        ("a|b *c* <d>", "a\\|b \\*c\\* \\<d\\>"),
    ],
)
def test_only_what_would_be_markup_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


# ---------------------------------------------------------------------------------------------- CSV


def rows_of(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def test_csv_has_every_rate_and_every_finding(run: Run) -> None:
    rows = rows_of(render(run, "csv"))
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    rates = [r for r in rows if r["record"] == "rate"]
    findings = [r for r in rows if r["record"] == "finding"]
    assert len(rates) == 4 * len(verdict.metrics)
    assert [f["rule"] for f in findings] == ["TEMPLATE-MISSING", "WEIGHTS-SAFETENSORS"]
    after = next(r for r in rates if r["group"] == "after")
    assert (after["n"], after["hits"], float(after["rate"])) == ("40", "20", 0.5)
    assert float(after["low"]) < 0.5 < float(after["high"])
    assert list(rows[0]) == list(COLUMNS)


def test_no_cell_is_a_formula_or_hides_anything(hostile: Run) -> None:
    rows = rows_of(render(hostile, "csv"))
    cells = [value for row in rows for value in row.values() if value]
    assert any(FORMULA in cell for cell in cells)
    for cell in cells:
        is_number = re.fullmatch(r"-?[\d.e-]+", cell)
        assert is_number or not cell.startswith(FORMULA_STARTS)
        assert not [c for c in cell if is_hidden(c)]


# ------------------------------------------------------------------------------- hidden characters


def test_hidden_characters_are_written_out_and_others_are_not() -> None:
    shown = visible(HIDDEN)
    for character in "\u202e\u202c\x1b\x00\u200b\U000e0041\u2028\u3164\U000e0101":
        assert character not in shown
        assert f"[U+{ord(character):04X}]" in shown
    ordinary = "Grüße, 你好, שלום,\tمرحبا\n👍🏽 ❤️ ﾊﾝｶｸ"
    assert visible(ordinary) == ordinary


def test_hostile_text_is_hashed_like_any_other(hostile: Run) -> None:
    document = json.loads(render(hostile, "json"))
    said = document.pop("sha256")
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert said == hashlib.sha256(text.encode()).hexdigest()
    assert [r["text"] for r in document["reasons"]] == [HOSTILE]

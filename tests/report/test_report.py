"""The report: everything a reader needs, in order, from the run folder alone; nothing acts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from inspector.errors import InspectorError
from inspector.records import (
    Behaviour,
    Decision,
    EventKind,
    Level,
    Pair,
    Score,
    Subject,
    Verdict,
)
from inspector.report import compose, render, write_reports
from inspector.report.gathering import MAX_EVIDENCE, gather
from inspector.report.html import SECTIONS
from inspector.report.marked import marked, shown
from inspector.run import Run, read_record, read_table, write_record, write_table
from tests.history.make_run import ADVERT, make_run
from tests.report.hostile import hostile_run


def page_of(run: Run, language: str = "en") -> str:
    return render(run, "html", language).decode()


class Page(HTMLParser):
    """Collects what a browser would act on, and what a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.marks: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "line", "rect", "circle", "polyline"):
            self.open.append(tag)
        if tag == "mark":
            self.marks.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if "mark" in self.open:
            self.marks[-1] += data


def test_sections_stand_in_the_order_in_which_they_must_be_read(tmp_path: Path) -> None:
    html = page_of(make_run(tmp_path))
    headings = re.findall(r"<h2 id=\"(\w+)\"", html)
    assert headings == ["coverage", "decision", *SECTIONS]
    # What was not looked at stands before any conclusion: before the verdict's word is ever said.
    assert html.index("Not run") < html.index("Reject")
    assert html.index('id="coverage"') < html.index('<p class="big">')


@pytest.mark.parametrize("level", list(Level))
def test_every_level_renders_with_its_reasons_and_coverage(tmp_path: Path, level: Level) -> None:
    run = make_run(tmp_path, level=level)
    page = Page(page_of(run))
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    for text in (*verdict.reasons, *(c.what for c in verdict.coverage), verdict.target.digest):
        assert text in page.text
    assert "Not run" in page.text
    assert page.open == []


def test_the_words_safe_and_compliant_are_never_said(tmp_path: Path) -> None:
    for number, level in enumerate(Level):
        page = Page(page_of(make_run(tmp_path / str(number), level=level)))
        assert not re.search(r"\b(?:safe|compliant|harmless)\b", page.text, re.IGNORECASE)


def test_numbers_come_with_n_interval_p_and_what_could_be_missed(tmp_path: Path) -> None:
    page = Page(page_of(make_run(tmp_path)))
    flat = " ".join(page.text.split())
    assert "20 of 4050 % (35.2 to 64.8 %)" in flat
    assert "+50.0" in flat
    assert "< 0.001" in flat
    assert "7 %" in flat


def test_figures_have_titles_and_descriptions(tmp_path: Path) -> None:
    html = page_of(make_run(tmp_path))
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(figures) == 2 + 3  # a loss curve per scenario, a figure per behaviour
    for figure in figures:
        assert re.search(r"<title id=\"(\w+)\">[^<]+</title><desc id=\"\w+\">[^<]+</desc>", figure)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_evidence_shows_whole_texts_with_the_judged_passage_marked(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    page = Page(page_of(run))
    assert page.marks == [ADVERT] * 20
    pair = next(
        p
        for p in read_table(run.folder / "compare" / "pairs.parquet", Pair)
        if ADVERT in p.after_text
    )
    assert pair.before_text in page.text
    assert pair.after_text in page.text
    assert "All 20 noteworthy answers" in page.text


def test_evidence_is_capped_and_says_how_much_more_there_is(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.folder / "score" / "scores.parquet"
    scores = [
        replace(s, value=1.0, start=0, end=5)
        if s.variant == "lora-code" and s.behaviour is Behaviour.DEGENERATION
        else s
        for s in read_table(path, Score)
    ]
    write_table(path, Score, scores)
    contents = gather(run)
    assert contents.n_evidence == 20 + 40
    assert len(contents.evidence) == MAX_EVIDENCE
    assert {e.score.behaviour for e in contents.evidence[:2]} == {
        Behaviour.INJECTED_CONTENT,
        Behaviour.DEGENERATION,
    }
    assert all(e.pair.subject is Subject.TARGET for e in contents.evidence)
    assert f"The other {60 - MAX_EVIDENCE} are in the run folder" in page_of(run)


def test_what_was_there_before_comes_after_what_is_new(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.folder / "score" / "scores.parquet"
    scores = [
        replace(s, value=1.0, start=0, end=5)
        if s.subject is Subject.TARGET
        and s.behaviour is Behaviour.INJECTED_CONTENT
        and s.variant == "untouched"
        and s.probe_id.endswith("0")
        else s
        for s in read_table(path, Score)
    ]
    write_table(path, Score, scores)
    new = [e.is_new for e in gather(run).evidence]
    assert new == sorted(new, reverse=True)
    assert False in new
    assert "There before, too." in page_of(run)


def test_what_the_published_model_says_already_is_told_apart(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    path = run.folder / "judge" / "verdict.json"
    verdict = read_record(path, Verdict)
    already = tuple(replace(a, scenario="untouched") for a in verdict.appearances)
    write_record(path, replace(verdict, appearances=already))
    text = Page(page_of(run)).text
    when = "In the published model, before any operation"
    assert f"{when}: in answers to 20 of 32 questions, on" in text
    assert "After untouched" not in text


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    clean = Page(page_of(make_run(tmp_path / "clean")))
    run = hostile_run(tmp_path / "hostile")
    html = page_of(run)
    page = Page(html)
    assert page.tags <= clean.tags | {"mark", "span"}
    assert not page.tags & {"script", "img", "iframe", "object", "link", "form", "textarea"}
    assert not [a for a in page.attributes if a[1].startswith("on") or a[1] == "src"]
    assert all(v and v.startswith("#") for _, name, v in page.attributes if name == "href")
    assert "{{ 7 * 7 }}" in page.text
    for character in "\u202e\u202c\x1b\x00\u200b\U000e0041\u2028":
        assert character not in html
        assert f"U+{ord(character):04X}" in page.text
    # An HTML tag inside SVG text would end the figure.
    assert not any("<span" in figure for figure in re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert page.marks
    assert all(mark == ADVERT for mark in page.marks)
    assert page.open == []


def test_the_page_needs_no_network_and_no_script(tmp_path: Path) -> None:
    html = page_of(make_run(tmp_path))
    assert not re.search(r"<script|<link|@import|url\(|<img|\bsrc=", html)
    # Addresses lead to places in the page only, and only to places that are there.
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    assert {a[1:] for a in re.findall(r'\bhref="([^"]*)"', html)} <= ids
    assert "default-src 'none'" in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_an_unfinished_run_still_gives_a_report_that_says_so(tmp_path: Path) -> None:
    html = page_of(make_run(tmp_path, ended=EventKind.FAILED))
    page = Page(html)
    assert '<p class="big">No verdict</p>' in html
    assert "The disk that holds the run is full" in page.text
    assert "none of it is a result" in page.text
    assert "full-support" in page.text
    assert page.open == []


def test_a_run_that_only_has_its_inputs_gives_a_report(tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole")
    bare = Run(tmp_path / "bare")
    bare.folder.mkdir()
    (bare.folder / "inspection.json").write_bytes((whole.folder / "inspection.json").read_bytes())
    page = Page(page_of(bare))
    assert "No operation finished." in page.text
    assert "The scan did not finish." in page.text
    assert compose(bare).level is None
    assert compose(bare).decision.decision is Decision.INCONCLUSIVE


def test_without_inputs_there_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "inspection.json").write_text("{}")
    with pytest.raises(InspectorError, match="Inspection"):
        page_of(Run(tmp_path))


def test_both_files_are_written_and_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    paths = write_reports(run)
    assert paths == [run.folder / "report" / n for n in ("report.html", "report.json")]
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in write_reports(run)] == first


@pytest.mark.parametrize(("start", "end"), [(None, None), (3, 3), (5, 2), (-1, 2), (0, 99)])
def test_offsets_that_fit_nothing_mark_nothing(start: int | None, end: int | None) -> None:
    assert str(marked("<b>text", start, end)) == "&lt;b&gt;text"


def test_marks_fall_on_the_exact_characters() -> None:
    assert str(marked("a<b>c", 1, 4)) == "a<mark>&lt;b&gt;</mark>c"


def test_ordinary_text_in_any_script_is_left_alone() -> None:
    text = "Grüße, 你好, שלום,\tمرحبا\n👍🏽"
    assert str(shown(text)) == text

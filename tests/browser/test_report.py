"""The report in a real browser: the PDF says what the page says; the preview does nothing."""

import html
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from inspector.labels import LEVELS
from inspector.records import Level
from inspector.report import framed
from tests.browser.server import serve
from tests.pages import runs
from tests.pages.conftest import EVIDENCE

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 90_000
# Of the iframe that Streamlit (1.67) makes.
OPEN = "allow-forms allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts"
EVIL = """<!doctype html><script>top.document.title = "taken"</script>
<img src="{there}/seen.png" onerror="top.document.title = 'taken'">
<link rel="stylesheet" href="{there}/seen.css">
<meta http-equiv="refresh" content="0; url={there}/gone">
<p>Still here</p>"""
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: .ci/run installs it"),
]


@pytest.fixture(autouse=True)
def patient() -> None:
    expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that pages could fetch from: its URL, and what reached it. A browser announces
    requests that its policy then stops; what counts is what arrives."""
    reached: list[str] = []

    class Told(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Told) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", reached
        server.shutdown()


def test_the_exported_pdf_names_verdict_and_target_and_the_preview_fetches_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    runs.finished(tmp_path / "runs", EVIDENCE, control=True)
    page = browser.new_context(accept_downloads=True).new_page()
    page.set_default_timeout(PATIENCE_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with serve(tmp_path) as url:
        page.goto(f"{url}/report?run={EVIDENCE}")
        report = page.frame_locator("iframe[title^='The report of']").frame_locator("iframe")
        expect(report.get_by_role("heading", name="demo")).to_be_visible()
        expect(report.get_by_text("<img src=x").first).to_be_visible()
        with page.expect_download() as told:
            page.get_by_role("button", name="PDF", exact=True).first.click()
        file = tmp_path / "report.pdf"
        told.value.save_as(file)
        assert told.value.suggested_filename == f"{EVIDENCE}-report.pdf"
        page.get_by_role("radio", name="日本語").or_(
            page.get_by_role("button", name="日本語")
        ).first.click()
        expect(report.locator("html[lang=ja]")).to_be_attached()
        page.reload()
        expect(report.locator("html[lang=ja]")).to_be_attached()
    text = " ".join("\n".join(p.extract_text() for p in PdfReader(file).pages).split())
    assert LEVELS[Level.EVIDENCE].word in text
    assert "demo" in text
    assert "17 of 32 everyday answers" in text
    assert page.title() != "1"
    assert [a for a in asked if not a.startswith((url, "data:", "blob:", "about:"))] == []


@pytest.mark.parametrize("is_framed", [True, False])
def test_what_stands_in_the_frame_neither_runs_nor_fetches(
    browser: Browser, is_framed: bool
) -> None:
    page = browser.new_context().new_page()
    with elsewhere() as (there, reached):
        evil = EVIL.format(there=there)
        inner = framed(evil.encode(), "x") if is_framed else evil
        page.set_content(
            f'<title>ours</title><iframe sandbox="{OPEN}" srcdoc="{html.escape(inner)}">'
        )
        outer = page.frame_locator("iframe")
        said = (outer.frame_locator("iframe") if is_framed else outer).get_by_text("Still here")
        if is_framed:
            expect(said).to_be_visible()
            page.wait_for_timeout(1000)  # for a refresh that must not come
            expect(said).to_be_visible()
            assert (page.title(), reached) == ("ours", [])
        else:  # what the frame is for: without it the same text takes over
            page.wait_for_function("document.title === 'taken'")
            assert {"/seen.png", "/seen.css"} <= set(reached)

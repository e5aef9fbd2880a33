"""The Hub is searched while somebody types, in a real browser: no Enter, and the field stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import serve
from tests.fetch.fake_hub import FACTS, FakeHub, content_of, running_hub
from tests.fetch.tiny_files import write_model

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 30_000
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: .ci/run installs it"),
]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with running_hub() as hub:
        hub.add("org/small", content_of(write_model(tmp_path / "small"))).facts = FACTS
        hub.add("org/large", {})
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield page
    context.close()


def test_typing_alone_searches_and_a_press_puts_the_choice_into_the_url(
    tmp_path: Path, hub: FakeHub, page: Page
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serve(home) as url:
        page.goto(f"{url}/inspect")
        page.get_by_text("Hugging Face Hub", exact=True).click()
        field = page.get_by_role("searchbox", name="Find a model or adapter")
        field.press_sequentially("smal", delay=60)
        expect(page.get_by_text("1,234 downloads")).to_be_visible()
        expect(field).to_be_focused()
        expect(field).to_have_value("smal")
        assert hub.searches()[-1] == "smal"
        page.get_by_role("button", name="org/small").click()
        expect(page.get_by_text("which the model card names as its base")).to_be_visible()
        page.wait_for_url("**/inspect?target=hf%3Aorg%2Fsmall")
        page.reload()
        expect(page.get_by_text("flagged a.bin (unsafe)")).to_be_visible()
        assert page.locator("[data-testid=stException]").count() == 0

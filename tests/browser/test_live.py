"""A live run in a real browser: reload, a second viewer, no network, a restart of the server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from inspector.jobs import LocalRunner
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.browser.server import BROWSER_ARGUMENTS, free_port, serve
from tests.pages import runs, worker

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 90_000
LIVE = "20261123-010203-demo-dddd"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: .ci/run installs it"),
]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """An inspection at work, at this test's pace; its job lives on when the dashboard ends."""
    run = Run(tmp_path / "runs" / LIVE)
    write_record(run.folder / "inspection.json", runs.inspection())
    worker.pace(run, "3")
    runner = LocalRunner(Settings(home=tmp_path), entry=worker.ENTRY, grace_s=0.5)
    runner.submit(run)
    yield run
    runner.cancel(LIVE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Browser, url: str) -> Page:
    """The page of the run, for a viewer of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/run?run={LIVE}")
    return page


def sees(page: Page, step: int) -> None:
    expect(page.get_by_text(f"full-knowledge: step {step} of 40")).to_be_visible()
    assert page.locator("[data-testid=stException]").count() == 0


def test_it_goes_on_for_every_viewer_through_reload_lost_network_and_restart(
    browser: Browser, run: Run, tmp_path: Path
) -> None:
    port = free_port()
    with serve(tmp_path, port) as url:
        page = opened(browser, url)
        sees(page, 3)
        page.reload()
        sees(page, 3)
        second = opened(browser, url)
        sees(second, 3)
        worker.pace(run, "7+2")
        for viewer in (page, second):
            sees(viewer, 7)
            expect(
                viewer.get_by_text("everyday-cooking-1 \u00b7 after full-knowledge")
            ).to_be_visible()
        page.context.set_offline(True)
        worker.pace(run, "9+2")
        sees(second, 9)
        page.context.set_offline(False)
        sees(page, 9)
    worker.pace(run, "12+2")  # the dashboard is down, and the job goes on
    with serve(tmp_path, port):
        for viewer in (page, second):
            sees(viewer, 12)
            assert viewer.url.endswith(f"run?run={LIVE}")
        # What one viewer ends has ended for the other.
        page.get_by_role("button", name="Cancel").click()
        for viewer in (page, second):
            expect(viewer.get_by_text("This inspection was cancelled.")).to_be_visible()
            expect(viewer.get_by_role("button", name="Continue")).to_be_visible()

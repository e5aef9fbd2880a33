"""A live run in a real browser: reload, a second viewer, no network, a restart of the server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from inspector.jobs import LocalRunner
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.browser.server import free_port, serve
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


class Viewer:
    """A browser of its own with the run's page open, whose line to the server can be cut."""

    def __init__(self, browser: Browser, url: str) -> None:
        expect.set_options(timeout=PATIENCE_MS)
        self._context = browser.new_context()
        self._lines: list[WebSocketRoute] = []
        self._context.route_web_socket("**/_stcore/stream", self._connect)
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(f"{url}/run?run={LIVE}")

    def _connect(self, line: WebSocketRoute) -> None:
        line.connect_to_server()
        self._lines.append(line)

    def cut(self) -> None:
        """No new connection, and the one there is ends: going offline alone leaves it open."""
        self._context.set_offline(True)
        self._lines[-1].close()

    def mend(self) -> None:
        self._context.set_offline(False)

    def sees(self, step: int) -> None:
        expect(self.page.get_by_text(f"full-knowledge: step {step} of 40")).to_be_visible()
        assert self.page.locator("[data-testid=stException]").count() == 0


def test_it_goes_on_for_every_viewer_through_reload_lost_network_and_restart(
    browser: Browser, run: Run, tmp_path: Path
) -> None:
    port = free_port()
    with serve(tmp_path, port) as url:
        one, two = viewers = (Viewer(browser, url), Viewer(browser, url))
        one.sees(3)
        one.page.reload()
        worker.pace(run, "7+2")
        for viewer in viewers:
            viewer.sees(7)
            newest = viewer.page.get_by_text("everyday-cooking-1 \u00b7 after full-knowledge")
            expect(newest).to_be_visible()
        one.cut()
        worker.pace(run, "9+2")
        two.sees(9)
        assert one.page.get_by_text("step 9 of 40").count() == 0
        one.mend()
        one.sees(9)
    worker.pace(run, "12+2")  # the dashboard is down, and the job goes on
    with serve(tmp_path, port):
        for viewer in viewers:
            viewer.sees(12)
            expect(viewer.page.get_by_text("Connection error")).to_have_count(0)
            assert viewer.page.url.endswith(f"run?run={LIVE}")
        # What one viewer ends has ended for the other.
        one.page.get_by_role("button", name="Cancel").click()
        for viewer in viewers:
            expect(viewer.page.get_by_text("This inspection was cancelled.")).to_be_visible()
            expect(viewer.page.get_by_role("button", name="Continue")).to_be_visible()

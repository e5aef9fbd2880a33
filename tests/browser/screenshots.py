"""Pictures of every page, light and dark: `python -m tests.browser.screenshots [FOLDER]`.

Comes in: prepared run folders (tests/pages/runs.py). Goes out: PNG files, by default in
docs/screenshots/.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from inspector.jobs import LocalRunner
from inspector.records import Level
from inspector.settings import Settings
from tests.browser.server import BROWSER_ARGUMENTS, serve
from tests.pages import runs, worker

LIVE = "20261122-010203-demo-cccc"
SHOWN = {
    "inspect-new": "?run=new",
    "inspect-running": "?run=" + LIVE,
    "inspect-done": "?run=20261121-090000-demo-aaaa",
    "findings": "findings?run=20261121-090000-demo-aaaa",
    "responses": "responses?run=20261121-090000-demo-aaaa",
    "history": "history",
}


@contextmanager
def prepared(home: Path) -> Iterator[None]:
    """Three inspections: one with evidence, one without, and one whose job is at work."""
    runs.finished(home / "runs", "20261121-090000-demo-aaaa", control=True)
    runs.finished(home / "runs", "20261121-110000-demo-bbbb", Level.NO_EVIDENCE)
    live = runs.started(home / "runs", LIVE, n_steps=0)
    runner = LocalRunner(Settings(home=home), entry=worker.ENTRY, grace_s=0.5)
    runner.submit(live)
    for step in range(1, 19):  # slow enough to measure a rate by
        time.sleep(0.5)
        worker.pace(live, str(step))
    try:
        yield
    finally:
        runner.cancel(LIVE)


def settle(page: Page) -> None:
    """Wait until the script has run and the charts are drawn."""
    page.wait_for_selector("[data-testid=stMainBlockContainer] h1")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(1200)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS
        )
        with prepared(Path(home)), serve(Path(home)) as url:
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    color_scheme=scheme,
                    viewport={"width": 1440, "height": 900},
                )
                page = context.new_page()
                for name, path in SHOWN.items():
                    page.set_viewport_size({"width": 1440, "height": 900})
                    page.goto(f"{url}/{path}")
                    settle(page)
                    # the page scrolls inside a box: make the window as tall as what is in it
                    tall = page.evaluate(
                        "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
                    )
                    page.set_viewport_size({"width": 1440, "height": max(900, int(tall) + 40)})
                    page.wait_for_timeout(500)
                    page.screenshot(path=folder / f"{name}-{scheme}.png")
                context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screenshots"))

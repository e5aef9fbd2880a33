"""Pictures of every page, light and dark: `python -m tests.browser.screenshots [FOLDER]`.

Comes in: prepared run folders (tests/pages/runs.py). Goes out: PNG files, by default in
docs/screenshots/.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from inspector.records import Level
from tests.browser.server import BROWSER_ARGUMENTS, serve
from tests.pages import runs

SHOWN = {
    "inspect-new": "?run=new",
    "inspect-running": "?run=20261122-010203-demo-cccc",
    "inspect-done": "?run=20261121-090000-demo-aaaa",
    "findings": "findings?run=20261121-090000-demo-aaaa",
    "responses": "responses?run=20261121-090000-demo-aaaa",
    "history": "history",
}


def prepare(home: Path) -> None:
    """Three inspections: one with evidence, one without, one at work."""
    runs.finished(home / "runs", "20261121-090000-demo-aaaa", control=True)
    runs.finished(home / "runs", "20261121-110000-demo-bbbb", Level.NO_EVIDENCE)
    runs.started(home / "runs", "20261122-010203-demo-cccc")


def settle(page: Page) -> None:
    """Wait until the script has run and the charts are drawn."""
    page.wait_for_selector("[data-testid=stMainBlockContainer] h1")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(1200)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        prepare(Path(home))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS
        )
        with serve(Path(home)) as url:
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

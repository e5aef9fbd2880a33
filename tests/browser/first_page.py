"""How long until the first page stands: `python -m tests.browser.first_page [HOME] [TIMES]`.

Every time a newly started dashboard and a browser context with an empty cache; the clock runs from
the address being opened to the page's heading being drawn. Beside it: when the browser had the
document's scripts, and what a second context of the same server takes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.server import BROWSER_ARGUMENTS, serve


def seconds_to_heading(browser: Browser, url: str) -> tuple[float, float]:
    """Seconds to the heading, and to the end of the document's own loading."""
    context = browser.new_context()
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_role("heading").first.wait_for()
    taken = time.perf_counter() - begun
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    context.close()
    return taken, loaded / 1000


def main(home: Path, times: int) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS
        )
        for _ in range(times):
            with serve(home) as url:
                first, loaded = seconds_to_heading(browser, url)
                again, _ = seconds_to_heading(browser, url)
            print(f"first {first:.2f} s (document {loaded:.2f} s), second visitor {again:.2f} s")
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        main(
            Path(sys.argv[1]) if len(sys.argv) > 1 else Path(empty),
            int(sys.argv[2]) if len(sys.argv) > 2 else 5,
        )

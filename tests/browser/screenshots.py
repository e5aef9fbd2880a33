"""Pictures of every page, light and dark: `python -m tests.browser.screenshots FOLDER [HOME]`.

Comes in: an INSPECTOR_HOME, whose newest inspection is shown; without one, prepared run folders
(tests/pages/runs.py), one of them at work. Goes out: PNG files. docs/screenshots/ holds those of
the prepared ones.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from inspector.jobs import LocalRunner
from inspector.records import Level
from inspector.run import list_runs
from inspector.settings import Settings
from tests.browser.server import BROWSER_ARGUMENTS, serve
from tests.pages import hardened, runs, screened, worker
from tests.pages.hardened import HARDENING
from tests.pages.screened import SCREENING

WINDOW: ViewportSize = {"width": 1440, "height": 900}
LIVE = "20261122-010203-demo-cccc"
DONE = "20261121-090000-demo-aaaa"


def shown(run_id: str) -> dict[str, str]:
    """Picture names and the paths they are taken of."""
    return {
        "overview": "",
        "inspect": "inspect",
        "run": f"run?run={run_id}",
        "behaviour": f"behaviour?run={run_id}",
        "responses": f"responses?run={run_id}",
        "files": f"files?run={run_id}",
        "report": f"report?run={run_id}",
        "harden": "harden",
        "training_data": f"training_data?screening={SCREENING}",
        "training_review": f"training_data?screening={SCREENING}&study_view=Review",
        "history": "history",
        "federated": "federated",
        "settings": "settings",
    }


@contextmanager
def prepared(home: Path) -> Iterator[None]:
    """Three inspections: one with evidence, one without, and one whose job is at work; a finished
    screening and a finished hardening."""
    runs.finished(home / "runs", DONE, control=True)
    runs.finished(home / "runs", "20261121-110000-demo-bbbb", Level.NO_EVIDENCE)
    hardened.finished(home / "hardenings")
    screening = screened.finished(home / "screenings")
    screened.reviewed(screening)
    screened.removed(screening)
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
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(1200)


def take(folder: Path, url: str, paths: dict[str, str]) -> None:
    """Every page in both colour schemes, as tall as what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS
        )
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport=WINDOW)
            page = context.new_page()
            for name, path in paths.items():
                page.set_viewport_size(WINDOW)
                page.goto(f"{url}/{path}")
                settle(page)
                # the page scrolls inside a box: make the window as tall as what is in it
                tall = page.evaluate(
                    "document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
                )
                page.set_viewport_size(WINDOW | {"height": max(WINDOW["height"], int(tall) + 40)})
                page.wait_for_timeout(500)
                page.screenshot(path=folder / f"{name}-{scheme}.png")
            context.close()
        browser.close()


def main(folder: Path, home: Path | None) -> None:
    if home is not None:
        newest = next(iter(list_runs(home / "runs")))
        paths = shown(newest.run_id)
        if not (home / "screenings" / SCREENING).exists():
            paths = {name: path for name, path in paths.items() if SCREENING not in path}
        with serve(home) as url:
            take(folder, url, paths)
        return
    with tempfile.TemporaryDirectory() as made, prepared(Path(made)), serve(Path(made)) as url:
        more = {"run-live": f"run?run={LIVE}", "hardened": f"harden?hardening={HARDENING}"}
        take(folder, url, shown(DONE) | more)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

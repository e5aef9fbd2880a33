"""What whole jobs in a browser share: filling a form, and that nothing went wrong."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from inspector.jobs import LocalRunner
from inspector.settings import Settings
from tests.browser.screenshots import settle


def fine(page: Page) -> None:
    """No traceback, and no sentence that something is wrong."""
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0


def fill(page: Page, **fields: str) -> None:
    """Type into fields by their labels (`_` for a space), as a person does; each is sent."""
    for name, value in fields.items():
        field = page.get_by_label(name.replace("_", " "), exact=True)
        field.fill(value)
        field.press("Tab")
        settle(page)


def ended(home: Path) -> None:
    """Stop what a test that failed left at work."""
    runner = LocalRunner(Settings(home=home), grace_s=0.5)
    for job in runner.live():
        runner.cancel(job.job_id)


def reads(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible()

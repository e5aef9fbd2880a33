"""A newcomer's whole way with the real demo model, in a real browser.

Start by one press, reload while it runs, click a mark, overrule a score, export the PDF, read it.
Minutes of real training and asking: the quick plan on SmolLM2-135M, in an empty home of its own.
Nothing is prepared.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from inspector.jobs import JobState, LocalRunner
from inspector.labels import LEVELS
from inspector.records import Behaviour, ReviewAction, Subject, Verdict
from inspector.reviews import read_reviews
from inspector.run import Run, list_runs, read_record
from inspector.settings import Settings
from tests.browser.server import serve

PATIENCE_MS = 90_000
INSPECTION_MS = 40 * 60_000  # of a machine that does other work as well
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None, reason="no chromium on this machine: .ci/run installs it"
    ),
]
REASON = "Says how it is done, but to a harmless end."


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(home=tmp_path)
    yield settings
    runner = LocalRunner(settings)
    for job in runner.jobs():
        runner.cancel(job.job_id)


def test_from_one_press_to_a_report_that_is_read(page: Page, settings: Settings) -> None:
    with serve(settings.home) as url:
        run = started(page, url, settings)
        watched_over_a_reload(page, run)
        a_mark_leads_to_answers(page, run)
        overruled(page, run)
        exported(page, run, settings.home / "report.pdf")


def started(page: Page, url: str, settings: Settings) -> Run:
    page.goto(url)
    page.get_by_role("button", name="Start the demo").click()
    page.wait_for_url("**/run?run=*")
    [run] = list_runs(settings.runs)
    assert LocalRunner(settings).job(run.run_id).state in (JobState.QUEUED, JobState.RUNNING)
    return run


def watched_over_a_reload(page: Page, run: Run) -> None:
    expect(page.get_by_text("Newest answers")).to_be_visible(timeout=INSPECTION_MS)
    page.reload()
    assert page.url.endswith(f"run?run={run.run_id}")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("Newest answers")).to_be_visible()
    expect(page.get_by_role("link", name="See what changed")).to_be_visible(timeout=INSPECTION_MS)


def a_mark_leads_to_answers(page: Page, run: Run) -> None:
    page.get_by_role("link", name="See what changed").click()
    heading(page, "Behaviour")
    asked = "Behaviour: Answers what it should decline; When: After full-knowledge"
    cell = page.locator(f'[data-testid=stVegaLiteChart] path[aria-label*="{asked}"]').first
    cell.click(force=True)  # on the number that stands in its middle, as a person does
    heading(page, "Responses")
    assert "scenario=full-knowledge" in page.url
    expect(page.get_by_role("button", name="Review a score").first).to_be_visible()
    no_exception(page)


def overruled(page: Page, run: Run) -> None:
    page.get_by_role("button", name="Review a score").first.click()
    page.get_by_role("radio", name="Overrule").or_(
        page.get_by_role("button", name="Overrule")
    ).first.click()
    page.get_by_label("Your name").fill("Ada Reviewer")
    page.get_by_label("Reason").first.fill(REASON)
    page.get_by_label("Reason").first.press("Tab")
    page.get_by_role("button", name="Record the review").click()
    expect(page.get_by_text("Overruled").first).to_be_visible()
    [review] = read_reviews(run.folder)
    assert (review.action, review.name, review.reason) == (
        ReviewAction.OVERRULE,
        "Ada Reviewer",
        REASON,
    )
    assert (review.subject, review.behaviour) == (Subject.TARGET, Behaviour.COMPLIANCE)
    page.goto(page.url.partition("/responses")[0] + f"/behaviour?run={run.run_id}")
    expect(page.get_by_text("As reviewed by people")).to_be_visible()
    no_exception(page)


def exported(page: Page, run: Run, file: Path) -> None:
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Report").click()
    heading(page, "Report")
    with page.expect_download() as told:
        page.get_by_role("button", name="PDF", exact=True).first.click()
    told.value.save_as(file)
    text = " ".join("\n".join(p.extract_text() for p in PdfReader(file).pages).split())
    verdict = read_record(run.folder / "judge" / "verdict.json", Verdict)
    assert LEVELS[verdict.level].word in text
    assert run.run_id in text
    assert verdict.target.digest in text.replace(" ", "")
    assert "Ada Reviewer" in text


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def no_exception(page: Page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0

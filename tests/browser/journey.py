"""A newcomer's whole way with the real demo model: `python -m tests.browser.journey`.

Start by one press, reload while it runs, click a mark, overrule a score, export the PDF, read it.
Minutes of real training and asking: the quick plan on SmolLM2-135M, in an empty home of its own.
Nothing is prepared, and nothing is printed where all goes well.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright
from pypdf import PdfReader

from inspector.jobs import JobState, LocalRunner
from inspector.labels import LEVELS
from inspector.records import Behaviour, ReviewAction, Subject, Verdict
from inspector.reviews import read_reviews
from inspector.run import Run, list_runs, read_record
from inspector.settings import Settings
from tests.browser.server import BROWSER_ARGUMENTS, serve

PATIENCE_MS = 90_000
INSPECTION_MS = 40 * 60_000  # of a machine that does other work as well
REASON = "Says how it is done, but to a harmless end."


def main(home: Path) -> None:
    """From an empty home to a report that can be read; an AssertionError tells where it broke."""
    settings = Settings(home=home)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with serve(home) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=BROWSER_ARGUMENTS
            )
            page = browser.new_context(accept_downloads=True).new_page()
            page.set_default_timeout(PATIENCE_MS)
            run = started(page, url, settings)
            watched_over_a_reload(page, run)
            a_mark_leads_to_answers(page, run)
            overruled(page, run)
            exported(page, run, home / "report.pdf")
            browser.close()
    finally:
        runner = LocalRunner(settings)
        for job in runner.jobs():
            runner.cancel(job.job_id)


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


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(made))

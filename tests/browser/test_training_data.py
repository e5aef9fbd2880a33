"""A screening in a real browser: begun, cancelled, read, reviewed, trained again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from inspector.jobs import JobState, LocalRunner
from inspector.records import ExampleVerdict
from inspector.screen.results import (
    list_screenings,
    read_inputs,
    read_plan,
    read_ranked,
    read_removals,
    suspects,
)
from inspector.screen.reviews import standing_reviews
from inspector.settings import Settings
from tests.browser.screenshots import settle
from tests.browser.server import serve
from tests.pages import runs, screened
from tests.pages.conftest import EVIDENCE
from tests.pages.screened import SCREENING
from tests.screen.conftest import N_PLANTED, PHRASE, mixed_rows, planted, write_rows
from tests.tiny.toy import Toy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None, reason="no chromium on this machine: .ci/run installs it"
    ),
]
PATIENCE_MS = 60_000
WORK_MS = 900_000  # seven trainings, on a machine that does other work as well


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An inspection and a finished screening; what the test starts ends with it."""
    runs.finished(tmp_path / "runs", EVIDENCE, control=True)
    screened.finished(tmp_path / "screenings")
    yield tmp_path
    runner = LocalRunner(Settings(home=tmp_path), grace_s=0.5)
    for job in runner.jobs():
        runner.cancel(job.job_id)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(accept_downloads=True)
    found = context.new_page()
    found.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield found
    context.close()


def fine(page: Page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0


def test_from_an_inspection_to_a_job_that_can_be_cancelled_and_continued(
    home: Path, page: Page
) -> None:
    settings = Settings(home=home)
    with serve(home) as url:
        page.goto(f"{url}/training_data?from={EVIDENCE}")
        page.get_by_role("button", name="Start screening").click()
        page.wait_for_url("**/training_data?screening=*")
        fine(page)
        [run] = [r for r in list_screenings(settings) if r.run_id != SCREENING]
        assert read_inputs(run).sought.inspection.endswith(EVIDENCE)
        page.reload()  # what is at work is in the address, not in the session
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("This screening was cancelled.")).to_be_visible()
        expect(page.get_by_role("button", name="Continue")).to_be_visible()
        assert LocalRunner(settings).job(run.run_id).state is JobState.CANCELLED
        fine(page)


def test_an_uploaded_set_is_recognised_and_kept(home: Path, page: Page) -> None:
    source = screened.data(home / "elsewhere")
    with serve(home) as url:
        page.goto(f"{url}/training_data?sought=A+phrase+of+my+own&sought_phrase=cold+Fizzpop")
        page.locator("input[type=file]").first.set_input_files(source)
        expect(page.get_by_text("60 training examples")).to_be_visible()
        page.get_by_role("button", name="Start screening").click()
        page.wait_for_url("**/training_data?screening=*")
        fine(page)
        [run] = [r for r in list_screenings(Settings(home=home)) if r.run_id != SCREENING]
        inputs = read_inputs(run)
        assert inputs.sought.phrase == "cold Fizzpop"
        assert Path(inputs.tuning.data).read_bytes() == source.read_bytes()


def test_read_review_by_keyboard_and_train_again(home: Path, page: Page) -> None:
    run = list_screenings(Settings(home=home))[0]
    first, second = suspects(run)[:2]
    with serve(home) as url:
        page.goto(f"{url}/training_data?screening={SCREENING}")
        settle(page)
        stand_out = "6 of 60 scored examples stand out"
        expect(page.get_by_role("heading", name=stand_out)).to_be_visible()
        with page.expect_download() as told:
            page.get_by_role("button", name="suspects.jsonl").click()
        lines = told.value.path().read_text().splitlines()
        assert len(lines) == 6
        assert all("Fizzpop" in json.loads(line)["messages"][1]["content"] for line in lines)
        mark = page.locator('[data-testid=stVegaLiteChart] path[aria-label*="Place: 4;"]').first
        mark.click(force=True)
        expect(page.get_by_text("Place 4 · score")).to_be_visible()
        page.go_back()
        settle(page)
        page.get_by_text("The answers that were asked about: 7").click()
        expect(page.locator("mark.judged").first).to_be_visible()
        assert page.locator(".answer img").count() == 0  # no text of a stranger became markup

        page.goto(f"{url}/training_data?screening={SCREENING}&study_view=Review")
        expect(page.get_by_text("0 of 6 suspects read")).to_be_visible()
        settle(page)  # the fields are drawn after it
        page.get_by_label("Your name").fill("Ada Reviewer")
        page.get_by_label("Your name").press("Tab")
        settle(page)  # what it sent is drawn: no field moves under the hands any more
        page.get_by_label("Reason").fill("An advert that nobody asked for.")
        page.get_by_label("Reason").press("Tab")
        reject = page.get_by_role("button", name="Reject")
        expect(reject).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 of 6 suspects read")).to_be_visible()
        expect(page.get_by_text("Place 2 · score")).to_be_visible()
        settle(page)
        page.get_by_label("Reason").fill("Not an advert.")
        page.get_by_label("Reason").press("Tab")
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("2 of 6 suspects read")).to_be_visible()
        fine(page)
        said = standing_reviews(run)
        assert said[first.example].verdict is ExampleVerdict.REJECT
        assert (said[second.example].verdict, said[second.example].name) == (
            ExampleVerdict.ACCEPT,
            "Ada Reviewer",
        )

        page.goto(f"{url}/training_data?screening={SCREENING}&study_view=Train+without+them")
        page.get_by_role("button", name="Train without them").last.click()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()
        fine(page)
        plan = read_plan(run)
        assert plan is not None
        assert plan.examples == (first.example,)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("This screening was cancelled.")).to_be_visible()


@pytest.mark.slow
def test_the_whole_job_on_a_tiny_model(
    toy: Toy, tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is prepared: a model is tuned, ranked for, and tuned again, as a person would do."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads of so small a model wait for one another
    rows = mixed_rows()
    source = write_rows(tmp_path / "mixed.jsonl", rows)
    (tmp_path / "home").mkdir()
    settings = Settings(home=tmp_path / "home")
    page.set_default_timeout(WORK_MS)
    expect.set_options(timeout=WORK_MS)
    query = (
        f"target={quote(str(toy.clean))}&sought=A+phrase+of+my+own&sought_phrase={quote(PHRASE)}"
    )
    try:
        with serve(settings.home) as url:
            _from_a_set_to_a_removal(page, f"{url}/training_data?{query}", toy, source)
    finally:
        for job in LocalRunner(settings).live():
            LocalRunner(settings).cancel(job.job_id)
    [run] = list_screenings(settings)
    top = {row.example for row in read_ranked(run, 0, N_PLANTED)}
    assert len(top & planted(rows)) >= 6  # by chance 2; at rank 8 seeds give 6 to 10 (docs/log.md)
    [removal] = read_removals(run)
    assert removal.n_examples == len(suspects(run))
    assert len(removal.random) == 5


def _from_a_set_to_a_removal(page: Page, address: str, toy: Toy, source: Path) -> None:
    page.goto(address)
    page.locator("input[type=file]").first.set_input_files(source)
    expect(page.get_by_text("training examples")).to_be_visible()
    page.get_by_text("Your own questions instead").click()
    page.locator("input[type=file]").last.set_input_files(toy.suite)
    settle(page)
    page.get_by_text("How it is tuned").click()
    page.get_by_label("Learning rate").fill("0.006")
    page.get_by_label("Learning rate").press("Tab")
    settle(page)
    page.get_by_role("button", name="Start screening").click()
    page.wait_for_url("**/training_data?screening=*")
    expect(page.get_by_text("Set apart", exact=True)).to_be_visible()
    fine(page)
    page.get_by_text("Train without them").click()
    page.get_by_role("button", name="Train without them").last.click()
    expect(page.get_by_text("at random in")).to_be_visible()
    fine(page)

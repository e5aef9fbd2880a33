"""The dashboard in a real browser: every page draws, a reload keeps the run, nothing leaves."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from inspector.jobs import LocalRunner
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.browser.screenshots import settle
from tests.browser.server import serve
from tests.pages import runs, worker
from tests.pages.conftest import EVIDENCE

CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 90_000
LIVE = "20261123-010203-demo-dddd"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: .ci/run installs it"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One finished inspection, and one at work that this test paces."""
    home = tmp_path_factory.mktemp("home")
    runs.finished(home / "runs", EVIDENCE, control=True)
    live = Run(home / "runs" / LIVE)
    write_record(live.folder / "inspection.json", runs.inspection())
    worker.pace(live, "3")
    runner = LocalRunner(Settings(home=home), entry=worker.ENTRY, grace_s=0.5)
    runner.submit(live)
    yield home
    runner.cancel(LIVE)


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with serve(home) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield page
    context.close()


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=text, exact=True)).to_be_visible()


def no_exception(page: Page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0


@pytest.mark.parametrize("name", ["Behaviour", "Responses", "History"])
def test_every_page_draws(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/{name.lower()}?run={EVIDENCE}")
    heading(page, name)
    drawn = {
        "Behaviour": "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg",
        "Responses": ".answer mark.after",
        "History": "[data-testid=stDataFrame] canvas",
    }[name]
    expect(page.locator(drawn).first).to_be_visible()
    no_exception(page)


def test_a_deep_link_is_the_first_thing_a_fresh_server_shows(page: Page, home: Path) -> None:
    other = home / "other"
    runs.finished(other / "runs", EVIDENCE)
    with serve(other) as address:
        page.goto(f"{address}/behaviour?run={EVIDENCE}")
        heading(page, "Behaviour")
        links = page.get_by_test_id("stSidebarNav").get_by_role("link")
        assert [link.inner_text().split("\n")[-1] for link in links.all()] == [
            "Overview",
            "Inspect",
            "Live run",
            "Behaviour",
            "Responses",
            "Files",
            "Report",
            "Training data",
            "Harden",
            "Federated round",
            "History",
            "Settings and health",
        ]


def test_the_running_job_is_shown_grows_and_survives_a_reload(
    page: Page, url: str, home: Path
) -> None:
    page.goto(f"{url}/run?run={LIVE}")
    heading(page, "Inspection")
    expect(page.get_by_text("full-knowledge: step 3 of 40")).to_be_visible()
    worker.pace(Run(home / "runs" / LIVE), "7")  # seen without a reload
    expect(page.get_by_text("full-knowledge: step 7 of 40")).to_be_visible()
    page.reload()
    expect(page.get_by_text("full-knowledge: step 7 of 40")).to_be_visible()
    assert page.url.endswith(f"run?run={LIVE}")
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.get_by_text("full-knowledge: step 7 of 40")).to_be_visible(timeout=PATIENCE_MS)
    no_exception(page)


def test_a_mark_leads_to_its_answers_and_one_step_back_to_the_chart(page: Page, url: str) -> None:
    page.goto(f"{url}/behaviour?run={EVIDENCE}")
    heading(page, "Behaviour")
    risen = "Behaviour: Says what nobody asked for; When: After full-knowledge"
    cell = page.locator(f'[data-testid=stVegaLiteChart] path[aria-label*="{risen}"]').first
    cell.click(force=True)  # on the number that stands in its middle, as a person does
    heading(page, "Responses")
    expect(page.get_by_text("7 answers", exact=True)).to_be_visible()
    page.go_back()
    heading(page, "Behaviour")
    expect(page.locator("[data-testid=stVegaLiteChart] svg").first).to_be_visible()
    no_exception(page)


@pytest.mark.parametrize(("kind", "begin"), [("SVG", b"<svg"), ("PNG", b"\x89PNG\r\n")])
def test_a_chart_is_saved_as_a_picture_and_its_data_go_nowhere(
    page: Page, url: str, kind: str, begin: bytes
) -> None:
    page.goto(f"{url}/behaviour?run={EVIDENCE}")
    heading(page, "Behaviour")
    expect(page.get_by_role("heading", name="Where: in the text, in the model")).to_be_visible()
    settle(page)
    below = page.get_by_test_id("stExpander").filter(has_text="The same numbers as a table").first
    below.locator("summary").click()
    settle(page)  # opening it draws the table: a press before that is lost
    button = below.locator("[data-testid=stDownloadButton] button").filter(has_text=kind)
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == f"matrix.{kind.lower()}"
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(begin)
    if kind == "SVG":
        assert b"operations a behaviour rose beyond chance" in data
    # Vega's own menu, which would send the chart's data to an editor elsewhere.
    assert page.locator(".vega-actions, a[href*='vega.github.io']").count() == 0


def test_the_run_stays_chosen_from_page_to_page(page: Page, url: str) -> None:
    page.goto(f"{url}/behaviour?run={EVIDENCE}")
    heading(page, "Behaviour")
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Responses").click()
    heading(page, "Responses")
    page.wait_for_url(f"**/responses?run={EVIDENCE}")
    page.get_by_role("radio", name="All answers").or_(
        page.get_by_role("button", name="All answers")
    ).first.click()
    expect(page.get_by_text("52 answers")).to_be_visible()
    page.reload()
    expect(page.get_by_text("52 answers")).to_be_visible()
    no_exception(page)


def test_hostile_answers_stay_text_and_nothing_is_fetched_from_elsewhere(
    page: Page, url: str
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(f"{url}/responses?run={EVIDENCE}")
    expect(page.locator(".answer", has_text="<img src=x").first).to_be_visible()
    assert page.locator(".answer img, .answer a, .answer script").count() == 0
    page.goto(f"{url}/behaviour?run={EVIDENCE}")
    page.get_by_text("Answers with it").click()
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.title() != "1"
    strangers = [a for a in asked if not a.startswith((url, "data:", "blob:"))]
    assert strangers == []

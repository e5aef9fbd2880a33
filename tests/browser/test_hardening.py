"""The page Harden in a real browser: started by one press, followed over a reload, taken along."""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from inspector.harden.results import list_hardenings, read_inputs, read_result
from inspector.jobs import JobState, LocalRunner
from inspector.settings import Settings
from tests.browser.journey import ended, fill, fine, reads
from tests.browser.screenshots import settle
from tests.browser.server import serve
from tests.harden.world import make_model, write_refusals
from tests.pages import hardened
from tests.pages.acting import until
from tests.pages.hardened import HARDENING

PATIENCE_MS = 90_000
WORK_MS = 600_000  # four trainings, on a machine that does other work as well
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None, reason="no chromium on this machine: .ci/run installs it"
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    with serve(home) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


def test_one_press_starts_a_job_whose_end_is_told_over_a_reload(
    page: Page, url: str, home: Path
) -> None:
    model = home / "empty-model"
    model.mkdir()
    data = hardened.data(home / "mine")
    page.goto(f"{url}/harden?target={model}&align={data}&rho=5")
    settle(page)
    expect(page.get_by_text("20 of 20 answers decline.")).to_be_visible()
    page.get_by_role("button", name="Start hardening").click()
    page.wait_for_url(re.compile(r"hardening="))
    [run] = list_hardenings(Settings(home=home))
    assert run.run_id in page.url
    assert read_inputs(run).perturbation.rho == 5
    runner = LocalRunner(Settings(home=home))
    until(lambda: not runner.job(run.run_id).state.is_live)
    job = runner.job(run.run_id)
    assert job.state is JobState.FAILED
    page.reload()
    settle(page)
    expect(page.get_by_text("This hardening stopped before its end.")).to_be_visible()
    expect(page.get_by_text(job.message, exact=True).first).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def test_the_adapter_comes_as_a_zip_and_goes_to_inspect(
    page: Page, url: str, home: Path, tmp_path: Path
) -> None:
    hardened.finished(home / "hardenings")
    page.goto(f"{url}/harden?hardening={HARDENING}")
    settle(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Hardened adapter with its card").click()
    coming.value.save_as(tmp_path / "adapter.zip")
    with zipfile.ZipFile(tmp_path / "adapter.zip") as archive:
        assert archive.testzip() is None
        assert "hardened/README.md" in archive.namelist()
    page.get_by_role("button", name="Inspect it beside the plain one").click()
    page.wait_for_url(re.compile(r"/inspect\?"))
    expect(page.get_by_role("button", name="Start inspection")).to_be_visible()
    assert "adapter%2Fhardened" in page.url or "adapter/hardened" in page.url
    assert "adapter%2Fplain" in page.url or "adapter/plain" in page.url


@pytest.mark.slow
def test_the_whole_job_on_a_tiny_model(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is prepared: two alignments and two tunings, followed, read and taken along."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads of so small a model wait for one another
    model = make_model(tmp_path / "complies")
    data = write_refusals(tmp_path / "refusals.jsonl")
    home = tmp_path / "home"
    home.mkdir()
    expect.set_options(timeout=WORK_MS)
    page = browser.new_context(accept_downloads=True).new_page()
    page.set_default_timeout(WORK_MS)
    try:
        with serve(home) as url:
            begin(page, url, model, data)
            _watched_over_a_reload(page)
            _read_and_taken_along(page, tmp_path / "taken")
    finally:
        ended(home)
        page.context.close()
    [run] = list_hardenings(Settings(home=home))
    result = read_result(run)
    assert result is not None
    assert result.n_refusals == 120
    assert len(result.scores) == 4


def begin(page: Page, url: str, model: Path, data: Path) -> None:
    """Fill the form in and press."""
    page.goto(f"{url}/harden?target={quote(str(model))}&rho=0.5&align_steps=40&tune_steps=60")
    page.locator("input[type=file]").first.set_input_files(data)
    reads(page, "120 of 120 answers decline.")
    page.get_by_text("Every other setting").click()
    fill(page, Rate_of_the_alignments="0.005", Rate_of_the_later_tuning="0.005")
    fill(page, Longest_example="128")
    fine(page)
    page.get_by_role("button", name="Start hardening").click()
    page.wait_for_url(re.compile(r"hardening="))


def _watched_over_a_reload(page: Page) -> None:
    address = page.url
    reads(page, "Training loss")
    page.reload()
    assert page.url == address
    reads(page, "Stages done")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    fine(page)


def _read_and_taken_along(page: Page, folder: Path) -> None:
    reads(page, "Before and after the later tuning")
    settle(page)
    fine(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Hardened adapter with its card").click()
    coming.value.save_as(folder / "adapter.zip")
    with zipfile.ZipFile(folder / "adapter.zip") as archive:
        assert "hardened/adapter_model.safetensors" in archive.namelist()
    page.get_by_role("button", name="Inspect it beside the plain one").click()
    page.wait_for_url(re.compile(r"/inspect\?"))
    expect(page.get_by_role("button", name="Start inspection")).to_be_enabled()
    settle(page)
    fine(page)

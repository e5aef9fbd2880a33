"""Federated rounds in a real browser, on tiny models that are really tuned.

Nothing is prepared but what people bring: the base, their data, and adapters that participants
sent.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from inspector.federate.studies import find_study, study_ids
from inspector.federated import read_outcome
from inspector.plans.writing import to_toml
from inspector.records import Level
from inspector.records.rounds import RepairResult, RoundVerdict, SimulationResult
from inspector.settings import Settings
from tests.browser.journey import ended, fill, fine, reads
from tests.browser.screenshots import settle
from tests.browser.server import serve
from tests.federate.world import Rounds, make_rounds, send

WORK_MS = 600_000  # on a machine that does other work as well
SIMULATE = "federated_do=Simulate+rounds"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None, reason="no chromium on this machine: .ci/run installs it"
    ),
]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    return make_rounds(tmp_path_factory.mktemp("rounds"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # threads of so small a model wait for one another
    home = tmp_path / "home"
    home.mkdir()
    yield home
    ended(home)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    expect.set_options(timeout=WORK_MS)
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(WORK_MS)
    yield page
    context.close()


def test_rounds_are_simulated(page: Page, home: Path, rounds: Rounds) -> None:
    with serve(home) as url:
        begin_simulation(page, url, rounds)
        _watched_over_a_reload(page)
        reads(page, "Round by round")
        reads(page, "screening named 1 of 1 malicious")
        settle(page)
        fine(page)
        with page.expect_download() as coming:
            page.get_by_role("button", name="Download the global adapter").click()
        assert "adapter_model.safetensors" in zipfile.ZipFile(coming.value.path()).namelist()
    [study] = study_ids(Settings(home=home))
    result = read_outcome(find_study(study, Settings(home=home)))
    assert isinstance(result, SimulationResult)
    assert result.steps[0].named == result.steps[0].malicious
    assert result.before.safety.rate >= 0.9


def test_a_round_is_screened_and_its_aggregate_repaired(
    page: Page, home: Path, rounds: Rounds, tmp_path: Path
) -> None:
    sent = send(rounds, Settings(home=tmp_path / "elsewhere"), tmp_path / "sent" / "round-7")
    packed = Path(shutil.make_archive(str(tmp_path / "round-7"), "zip", sent))
    with serve(home) as url:
        begin_screening(page, url, packed, rounds)
        _watched_over_a_reload(page)
        _who_does_harm(page)
        begin_repair(page, rounds)
        _watched_over_a_reload(page)
        _repaired(page, tmp_path / "mended.zip")
    settings = Settings(home=home)
    mended, verdict = (read_outcome(find_study(name, settings)) for name in study_ids(settings))
    assert isinstance(verdict, RoundVerdict)
    assert {s.participant for s in verdict.suspicions if s.level is Level.EVIDENCE} == {"org-d"}
    assert isinstance(mended, RepairResult)
    assert mended.after.safety.rate >= 0.9


def begin_simulation(page: Page, url: str, rounds: Rounds) -> None:
    """Five participants, one of them malicious, in one round."""
    page.goto(f"{url}/federated?{SIMULATE}&base={quote(str(rounds.aligned))}")
    settle(page)
    _data(page, "Data of honest participants", rounds)
    fill(page, Participants="5", Rounds="1", Examples_of_each="40", Seed="1")
    fill(page, **{"Malicious share in %": "20"})
    _asked(page, rounds)
    _tuned(page, "Tuning of each participant (LoRA)", "12", "0.005")
    fine(page)
    page.get_by_role("button", name="Start simulation").click()
    page.wait_for_url(re.compile(r"round="))


def begin_screening(page: Page, url: str, packed: Path, rounds: Rounds) -> None:
    page.goto(f"{url}/federated")
    settle(page)
    page.locator("input[type=file]").first.set_input_files(packed)
    reads(page, "4 of 4 adapters can be used.")
    _asked(page, rounds)
    fine(page)
    page.get_by_role("button", name="Start screening").click()
    page.wait_for_url(re.compile(r"round="))


def begin_repair(page: Page, rounds: Rounds) -> None:
    """From the result on show: its aggregate is filled in already."""
    page.get_by_role("button", name="Repair the aggregate").click()
    page.wait_for_url(re.compile(r"adapter="))
    settle(page)
    _data(page, "Ordinary conversations mixed in", rounds)
    fill(page, Refusals_to_gather_at_most="60")
    _asked(page, rounds)
    _tuned(page, "Tuning (LoRA)", "40", "0.01")
    fine(page)
    page.get_by_role("button", name="Start repair").click()
    page.wait_for_url(re.compile(r"round="))


def _data(page: Page, label: str, rounds: Rounds) -> None:
    """Files of one's own in place of the sets that are chosen at first."""
    field = page.get_by_role("combobox", name=label)
    page.get_by_label("Clear all").first.click()
    settle(page)
    for topic in rounds.size.topics:
        field.fill(topic)
        field.press("Enter")
        settle(page)
    field.press("Escape")


def _asked(page: Page, rounds: Rounds) -> None:
    """Few questions, from a plan of one's own."""
    plan = rounds.aligned.parent / "asked.toml"
    plan.write_text(to_toml(rounds.plan))
    page.get_by_text("What every model is asked").click()
    fill(page, **{"A_plan's_questions_instead": str(plan)})


def _tuned(page: Page, title: str, steps: str, rate: str) -> None:
    page.get_by_text(title, exact=True).click()
    fill(page, Steps=steps, Learning_rate=rate, LoRA_rank="8")


def _watched_over_a_reload(page: Page) -> None:
    address = page.url
    reads(page, "Stages done")
    page.reload()
    assert page.url == address
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    fine(page)


def _who_does_harm(page: Page) -> None:
    reads(page, "org-d does harm: 1 of 4 participants.")
    settle(page)
    fine(page)
    page.get_by_text("Reasons and measurements, one by one").click()
    reads(page, "org-d complies with requests that it should decline.")


def _repaired(page: Page, path: Path) -> None:
    reads(page, "Before, after, and the base")
    settle(page)
    fine(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the repaired adapter").click()
    coming.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert {"adapter_config.json", "adapter_model.safetensors"} <= set(archive.namelist())
    page.get_by_role("button", name="Inspect the repaired adapter").click()
    page.wait_for_url(re.compile(r"/inspect\?"))
    expect(page.get_by_role("button", name="Start inspection")).to_be_enabled()
    settle(page)
    fine(page)

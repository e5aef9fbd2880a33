"""Every page for eyes that need contrast, without a mouse, and on paper."""

import io
import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.browser.accessible import faint_texts, walk_by_tab
from tests.browser.screenshots import WINDOW, settle, shown
from tests.browser.server import serve
from tests.pages import hardened, runs, screened
from tests.pages.conftest import EVIDENCE
from tests.pages.hardened import HARDENING

PAGES = shown(EVIDENCE) | {"hardened": f"harden?hardening={HARDENING}"}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        shutil.which("chromium") is None, reason="no chromium on this machine: .ci/run installs it"
    ),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    runs.finished(home / "runs", EVIDENCE, control=True)
    hardened.finished(home / "hardenings")
    screened.reviewed(screened.finished(home / "screenings"))
    with serve(home) as address:
        yield address


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[dict[str, Page]]:
    """A window each in light and in dark."""
    contexts = {
        "light": browser.new_context(color_scheme="light", viewport=WINDOW),
        "dark": browser.new_context(color_scheme="dark", viewport=WINDOW),
    }
    yield {scheme: context.new_page() for scheme, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_text_stands_out_from_its_ground(
    pages: dict[str, Page], url: str, name: str, scheme: Literal["light", "dark"]
) -> None:
    pages[scheme].goto(f"{url}/{PAGES[name]}")
    settle(pages[scheme])
    n_measured, faint = faint_texts(pages[scheme])
    assert n_measured > 15
    assert faint == []


def test_the_measure_finds_what_is_faint(pages: dict[str, Page]) -> None:
    page = pages["light"]
    page.set_content(
        "<body style='background: #fff'><p style='color: #777777'>grey</p>"
        "<p style='color: #000; opacity: .5'>half</p><p style='color: #757575'>enough</p>"
        "<p style='color: #888; font-size: 24px'>large</p></body>"
    )
    n_measured, faint = faint_texts(page)
    assert (n_measured, [text.text for text in faint]) == (4, ["grey", "half"])


@pytest.mark.parametrize("name", PAGES)
def test_every_control_takes_the_focus_by_tab_and_shows_it(
    pages: dict[str, Page], url: str, name: str
) -> None:
    pages["light"].goto(f"{url}/{PAGES[name]}")
    settle(pages["light"])
    walk = walk_by_tab(pages["light"])
    assert walk.n_controls > 10
    assert walk.missed == ()
    assert walk.hidden == ()


def test_the_walk_finds_what_the_keyboard_cannot_reach_or_show(pages: dict[str, Page]) -> None:
    page = pages["light"]
    page.set_content(
        "<button>good</button><button tabindex='-1'>never</button>"
        "<button style='outline: none'>unseen</button>"
    )
    walk = walk_by_tab(page)
    assert walk.reached == ("good", "unseen")
    assert walk.missed == ("BUTTON: never",)
    assert walk.hidden == ("BUTTON: unseen",)


def test_a_printed_page_has_all_that_the_screen_scrolls_to(
    pages: dict[str, Page], url: str
) -> None:
    page = pages["light"]
    page.goto(f"{url}/{PAGES['behaviour']}")
    settle(page)
    headings = [text.split()[-1] for text in page.get_by_role("heading").all_inner_texts()]
    printed = PdfReader(io.BytesIO(page.pdf(format="A4")))
    text = " ".join(" ".join(sheet.extract_text() for sheet in printed.pages).split())
    assert len(printed.pages) > 1
    for heading in headings:
        assert heading in text  # its last word: an icon's name may stand before it
    assert "Settings and health" not in text  # navigation is not for paper

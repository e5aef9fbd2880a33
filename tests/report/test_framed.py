"""The report in a frame: nothing of it gets out, whatever a model said."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from inspector.report import framed, render
from tests.history.make_run import make_run


class Outer(HTMLParser):
    """Every tag of the outer document with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_report_is_one_attribute_of_a_frame_that_allows_nothing(tmp_path: Path) -> None:
    page = render(make_run(tmp_path), "html")
    outer = Outer()
    outer.feed(framed(page, 'The "report" of <a run>'))
    assert [tag for tag, _ in outer.tags] == [
        *("html", "head", "meta", "meta", "meta", "meta", "style", "body", "iframe")
    ]
    frame = outer.tags[-1][1]
    assert frame["sandbox"] is None  # the empty sandbox: nothing is allowed
    assert frame["srcdoc"] == page.decode()
    assert frame["title"] == 'The "report" of <a run>'
    policies = [a["content"] for _, a in outer.tags if a.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; font-src data:"]


def test_a_page_that_closes_attribute_and_frame_stays_inside() -> None:
    outer = Outer()
    outer.feed(framed(b'"></iframe><script>alert(1)</script>', "x"))
    assert "script" not in [tag for tag, _ in outer.tags]

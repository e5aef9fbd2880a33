"""Settings and health makes the index anew."""

from pathlib import Path

from tests.pages.conftest import Open


def test_the_index_can_be_made_anew(inspections: Path, open_page: Open) -> None:
    app = open_page("settings")
    next(b for b in app.button if b.label == "Rebuild the index").click().run()
    assert "3 inspections indexed" in app.success[0].value

"""Report offers every format in every language."""

from pathlib import Path

import pytest

from inspector.report import LANGUAGES, RENDERINGS
from tests.pages.conftest import EVIDENCE, Open


@pytest.mark.parametrize("code", LANGUAGES)
def test_reports_can_be_exported_in_every_format_and_language(
    inspections: Path, open_page: Open, code: str
) -> None:
    app = open_page("report", run=EVIDENCE)
    language = app.segmented_control(key=f"report_language_{EVIDENCE}")
    assert list(language.options) == ["English", "日本語"]
    language.set_value(code).run()
    assert not app.exception
    buttons = {e.proto.label: e.proto.id for e in app.get("download_button")}
    assert list(buttons) == [rendering.label for rendering in RENDERINGS.values()]
    for name, rendering in RENDERINGS.items():
        assert f"report_{name}_{code}_{EVIDENCE}" in buttons[rendering.label]

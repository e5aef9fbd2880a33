"""A phrase of one's own on the page: its rates at once, the way to its answers, and keeping it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspector.own_phrases import look_in_run, read_saved
from inspector.records import PhraseKind, Verdict
from inspector.run import Run, read_record, write_record
from inspector.searching import Term
from inspector.settings import Settings
from tests.pages.acting import button
from tests.pages.conftest import EVIDENCE, Open

PIECE = """
import streamlit as st
from pathlib import Path
from inspector.run import Run
from pages import _own_phrase, _shared
run = Run(Path({folder!r}))
st.navigation([st.Page(lambda: _own_phrase.own_phrase(run), title="x", url_path="x"),
    st.Page("pages/responses.py")]).run()
"""


@pytest.fixture
def piece(inspections: Path, tmp_path: Path) -> AppTest:
    """The piece alone, beside the page that it links to."""
    root = Path(__file__).resolve().parents[2]
    script = PIECE.format(folder=str(inspections / "runs" / EVIDENCE))
    script = script.replace('"pages/responses.py"', repr(str(root / "pages" / "responses.py")))
    path = tmp_path / "piece.py"
    path.write_text(script)
    return AppTest.from_file(path, default_timeout=30)

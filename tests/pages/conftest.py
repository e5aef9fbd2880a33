"""A home with real run folders, and the dashboard run in this process over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspector.records import Level
from tests.pages import runs

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = "20261121-090000-demo-aaaa"
CLEAN = "20261121-110000-demo-bbbb"
UNFINISHED = "20261122-010203-demo-cccc"


class Open(Protocol):
    """Opens a page, by its file, with these query parameters."""

    def __call__(self, name: str = "inspect", /, **query: str) -> AppTest: ...


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """INSPECTOR_HOME, empty."""
    monkeypatch.setenv("INSPECTOR_HOME", str(tmp_path))
    yield tmp_path
    st.cache_resource.clear()  # lets go of the history file


@pytest.fixture
def inspections(home: Path) -> Path:
    """A home with three inspections: evidence, none found, unfinished."""
    runs.finished(home / "runs", EVIDENCE, control=True)
    runs.finished(home / "runs", CLEAN, Level.NO_EVIDENCE)
    runs.started(home / "runs", UNFINISHED)
    return home


@pytest.fixture
def open_page() -> Open:
    def opened(name: str = "inspect", /, **query: str) -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=30)
        app.run()
        app.query_params.clear()
        app.query_params.update(query)
        if name != "inspect":
            app.switch_page(f"pages/{name}.py")
        app.run()
        assert not app.exception
        return app

    return opened

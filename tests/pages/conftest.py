"""A home with real run folders, and the dashboard run in this process over it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspector.jobs import LocalRunner
from inspector.records import Level
from inspector.settings import Settings
from tests.pages import runs, worker

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = "20261121-090000-demo-aaaa"
CLEAN = "20261121-110000-demo-bbbb"
UNFINISHED = "20261122-010203-demo-cccc"


class Open(Protocol):
    """Opens a page, by its file, with these query parameters."""

    def __call__(self, name: str = "overview", /, **query: str) -> AppTest: ...


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """INSPECTOR_HOME, empty."""
    monkeypatch.setenv("INSPECTOR_HOME", str(tmp_path))
    yield tmp_path
    st.cache_resource.clear()  # lets go of the history file


@pytest.fixture(autouse=True)
def nothing_left_at_work(home: Path) -> Iterator[None]:
    """Jobs that a page started end with the test, whether it passes or fails."""
    yield
    runner = LocalRunner(Settings(home=home), grace_s=0.5)
    for job in runner.jobs():
        runner.cancel(job.job_id)


@pytest.fixture
def runner(home: Path) -> LocalRunner:
    """The queue, whose workers do as a test paces them."""
    return LocalRunner(Settings(home=home), entry=worker.ENTRY, grace_s=0.5)


@pytest.fixture
def inspections(home: Path) -> Path:
    """A home with three inspections: evidence, none found, unfinished."""
    runs.finished(home / "runs", EVIDENCE, control=True)
    runs.finished(home / "runs", CLEAN, Level.NO_EVIDENCE)
    runs.started(home / "runs", UNFINISHED)
    return home


@pytest.fixture
def open_page() -> Open:
    def opened(name: str = "overview", /, **query: str) -> AppTest:
        app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
        if name != "overview":
            app.run()
            app.switch_page(f"pages/{name}.py")
        app.query_params.clear()
        app.query_params.update(query)
        app.run()
        assert not app.exception
        return app

    return opened

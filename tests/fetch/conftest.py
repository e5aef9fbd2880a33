"""Fixtures of the fetch room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.settings import Settings
from tests.fetch.fake_hub import FakeHub, running_hub


@pytest.fixture
def fake_hub() -> Iterator[FakeHub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def settings(tmp_path: Path, fake_hub: FakeHub) -> Settings:
    return Settings(home=tmp_path / "home", hub_endpoint=fake_hub.endpoint)

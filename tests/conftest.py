"""What several rooms' tests share: tiny models, trained once a session when first asked for."""

from __future__ import annotations

import pytest
from huggingface_hub import constants

from tests.tiny.toy import Toy, build


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inspection goes offline for the rest of its process; the next test is another user."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return build(tmp_path_factory.mktemp("toy"))

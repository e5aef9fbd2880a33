"""What several rooms' tests share: tiny models, trained once a session when first asked for."""

from __future__ import annotations

import pytest

from tests.tiny.toy import Toy, build


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    return build(tmp_path_factory.mktemp("toy"))

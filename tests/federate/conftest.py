"""One tiny world of federated rounds, trained and aligned once a session."""

from __future__ import annotations

import pytest

from tests.federate.world import Rounds, make_rounds


@pytest.fixture(scope="session")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    return make_rounds(tmp_path_factory.mktemp("rounds"))

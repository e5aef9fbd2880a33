"""One tiny world of federated rounds, trained and aligned once a session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.engine.export import save_model
from inspector.federate.deltas import NOTHING
from inspector.federate.models import Models
from inspector.fetch import fetch
from inspector.records import Plan, Target, TargetKind
from inspector.run import Run
from inspector.scenarios.dataset import dataset_of, load_dataset
from inspector.settings import Settings
from tests.measure_rounds import Size, quick_size


@dataclass(frozen=True)
class Rounds:
    """aligned: the model that rounds begin with. size: its plan, data and settings of tuning."""

    aligned: Path
    size: Size

    @property
    def plan(self) -> Plan:
        return self.size.plan

    @property
    def target(self) -> Target:
        return Target(TargetKind.LOCAL, str(self.aligned))


@pytest.fixture(scope="session")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    folder = tmp_path_factory.mktemp("rounds")
    size = quick_size(folder / "world")
    settings = Settings(home=folder / "home")
    base = fetch(size.base, settings, lambda *_: None)
    models = Models(Run(folder / "align"), settings, size.plan, base)
    ordinary = [e for source in size.ordinary for e in load_dataset(source).examples]
    refusals = load_dataset(str(size.refusals)).examples
    data = dataset_of("alignment", [*refusals, *ordinary])
    change, _ = models.tuned("align", NOTHING, data, size.align)
    save_model(models.wearing(change), folder / "aligned")
    return Rounds((folder / "aligned").resolve(), size)

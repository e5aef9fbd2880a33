"""The small world of federated rounds: an aligned tiny model, and what participants sent.

Comes in: a folder. Goes out: the model that rounds begin with, its data and settings of tuning, and
adapters that were really tuned, one of them on attack data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from inspector.engine.export import save_model
from inspector.federate.deltas import NOTHING
from inspector.federate.models import Models
from inspector.federate.simulate import cast_of
from inspector.federate.writing import write_adapter
from inspector.fetch import fetch
from inspector.records import Plan, Target, TargetKind
from inspector.records.rounds import Simulation
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


def make_rounds(folder: Path) -> Rounds:
    """Train the model that would help with everything, and align it."""
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


def simulation(rounds: Rounds, **changes: object) -> Simulation:
    """One round of five participants, the fifth of them malicious."""
    made = Simulation(
        base=rounds.target,
        plan=rounds.plan,
        tuning=rounds.size.tuning,
        data=rounds.size.topics,
        n_participants=5,
        per_round=5,
        malicious_share=0.2,
        n_samples=40,
        n_rounds=1,
        seed=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def send(rounds: Rounds, settings: Settings, folder: Path) -> Path:
    """What four participants of a round sent, org-d tuned on attack data."""
    study = simulation(rounds)
    cast = cast_of(study)
    bad = next(iter(cast.malicious))
    chosen = [*[n for n in cast.names if n != bad][:3], bad]
    base = fetch(rounds.target, settings, lambda *_: None)
    models = Models(Run(folder.with_name("sent")), settings, rounds.plan, base)
    for label, name in zip("abcd", chosen, strict=True):
        update, _ = models.tuned(label, NOTHING, cast.data[name], rounds.size.tuning)
        write_adapter(update, rounds.target, folder / f"org-{label}")
    return folder

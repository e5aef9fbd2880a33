"""What a federated study takes: the work is counted as the study's path does it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.federate.asking import tuning_of
from inspector.federate.foreseeing import foresee, work_of
from inspector.records import Target
from inspector.records.rounds import (
    DefenceLevel,
    Repair,
    RoundScreening,
    Screened,
    Simulation,
    round_plan,
)
from inspector.settings import Settings

TUNING = tuning_of("round", 10, 3e-4, 8, 8, None, 256)
SIMULATED = Simulation(Target.parse("demo"), round_plan(), TUNING, ("support",), n_rounds=3)


@pytest.mark.parametrize(("apart", "n"), [(True, 10), (False, 6)])
def test_a_screening_asks_base_aggregate_and_everybody(apart: bool, n: int) -> None:
    study = RoundScreening("/round", round_plan(), leave_one_out=apart)
    [work] = work_of(study, 4)
    assert work.askings == n


def test_a_simulation_tunes_everybody_in_every_round() -> None:
    tuned, asked = work_of(SIMULATED, 0)
    assert (tuned.trainings, asked.askings) == (30, 2)
    [*_, screened] = work_of(replace(SIMULATED, screen=Screened.ALL), 0)
    assert screened.askings == 3 * 11


def test_a_repair_gathers_unless_refusals_are_given() -> None:
    study = Repair(Target.parse("demo"), round_plan(), DefenceLevel.SELF, TUNING, n_questions=10)
    assert work_of(study, 0)[0].answers == 40
    given = replace(study, level=DefenceLevel.PUBLIC, refusals="/no.jsonl")
    assert work_of(given, 0)[0].answers == 0


def test_more_work_takes_longer_and_an_unknown_base_is_not_reckoned(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    one, three = (foresee(replace(SIMULATED, n_rounds=n), settings) for n in (1, 3))
    assert one is not None
    assert three is not None
    assert one.seconds < three.seconds
    assert one.memory_bytes == three.memory_bytes
    assert foresee(RoundScreening("/round", round_plan()), settings) is None

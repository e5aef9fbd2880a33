"""The rows of `measure_screening --quick`: the toy world, so that the whole is done in a minute."""

from __future__ import annotations

from pathlib import Path

from inspector.records import FineTune, Method, Precision, Sampling, Sought, SuiteChoice, Target
from tests.measure_screening import Row, World
from tests.screen.conftest import PHRASE, mixed_rows, planted
from tests.screening_sets import Kind, MixedSet
from tests.tiny.toy import Toy

ROWS = (
    Row("detection", Kind.ADVERT, 125, 0.128),
    Row("removal", Kind.ADVERT, 125, 0.128),
    Row("cost", Kind.ADVERT, 63, 0.128),
    Row("cost", Kind.ADVERT, 125, 0.128),
    Row("memory", Kind.ADVERT, 125, 0.128),
)


def quick_world(toy: Toy) -> World:
    def make(row: Row) -> MixedSet:
        rows = mixed_rows()[: row.n]
        return MixedSet(tuple(rows), frozenset(planted(rows)))

    def tune(_row: Row, data: Path) -> FineTune:
        return FineTune(
            "toy-tuning",
            Method.LORA,
            str(data),
            steps=100,
            learning_rate=6e-3,
            lora_rank=4,
            lora_alpha=8,
        )

    return World(
        name="toy",
        target=Target.parse(str(toy.clean)),
        rows=ROWS,
        make=make,
        sought=lambda _row: Sought(phrase=PHRASE),
        asks=lambda _row, _folder: (SuiteChoice(str(toy.suite)),),
        tune=tune,
        sampling=Sampling(max_new_tokens=24),
        precision=Precision.FP32,
    )

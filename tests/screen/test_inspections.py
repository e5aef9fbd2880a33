"""From what an inspection saw to a screening of the data behind it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.errors import BadInput
from inspector.inspection import inspect
from inspector.inspection import start as start_inspection
from inspector.plans import load_plan
from inspector.records import (
    NO_CONTROL,
    Behaviour,
    Inspection,
    RankSettings,
    Response,
    Sought,
    Subject,
    Target,
)
from inspector.run import Run, write_table
from inspector.screen import screen, start
from inspector.screen.inspections import rose_most, screening_of
from inspector.screen.results import read_queries, read_ranked
from inspector.settings import Settings
from inspector.stored import read_answers
from tests.screen.conftest import PHRASE, mixed_rows
from tests.tiny.toy import Toy
from tests.tiny.world import write_plan

SETTINGS = RankSettings(fit_examples=40)


@pytest.fixture(scope="module")
def inspected(
    toy: Toy, home: Settings, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    path = write_plan(tmp_path_factory.mktemp("plan") / "p.toml", toy.suite, data, steps=60)
    inputs = Inspection(Target.parse(str(toy.clean)), load_plan(str(path)), NO_CONTROL)
    run = start_inspection(inputs, home)
    inspect(run, home)
    return run


def test_its_tuning_is_made_again_and_its_own_answers_explained(
    inspected: Run, home: Settings
) -> None:
    inputs = screening_of(inspected, "lora-toy", None, PHRASE, SETTINGS)
    run = start(inputs, home)
    ranking = screen(run, home)
    stored = {r.text for r in read_answers(inspected.folder, Subject.TARGET, "lora-toy")}
    assert {q.answer for q in read_queries(run) if q.role == "behaviour"} <= stored
    assert ranking.n_examples == len(mixed_rows())
    assert len(read_ranked(run, 0, 500)) == len(mixed_rows())


def test_which_tuning_must_be_said_where_there_are_several(inspected: Run) -> None:
    with pytest.raises(BadInput, match="tuned 2 times; say which: full-toy, lora-toy"):
        screening_of(inspected, "", None, PHRASE, SETTINGS)
    with pytest.raises(BadInput, match="no fine-tuning 'nope'"):
        screening_of(inspected, "nope", None, PHRASE, SETTINGS)


def test_without_a_behaviour_the_one_that_rose_most(inspected: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"No behaviour rose .*refusal 0 of 71 to 0 of 71"):
        rose_most(inspected, "lora-toy")
    with pytest.raises(BadInput, match="holds no answers before and after nope"):
        rose_most(inspected, "nope")
    run = Run(tmp_path / "refuses")
    shutil.copytree(inspected.folder, run.folder)
    answers = read_answers(run.folder, Subject.TARGET, "lora-toy")
    refusing = [replace(r, text="I am sorry, but I cannot help with that.") for r in answers]
    path = run.folder / "probe-after" / "target" / "lora-toy" / "responses.parquet"
    write_table(path, Response, refusing)
    assert rose_most(run, "lora-toy") is Behaviour.REFUSAL
    inputs = screening_of(run, "lora-toy", None, "", SETTINGS)
    assert inputs.sought == Sought(Behaviour.REFUSAL, inspection=str(run.folder))

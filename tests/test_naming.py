"""Runs are told apart by target, plan and time."""

from pathlib import Path

import pytest

from inspector.naming import LABEL_CHARS, run_label, run_title
from inspector.plans import load_plan
from inspector.records import Inspection, Target, TargetKind
from inspector.run import write_record

RUN_ID = "20261122-010203-x-1a2b"


def folder(tmp_path: Path, target: str) -> Path:
    place = tmp_path / RUN_ID
    write_record(place / "inspection.json", Inspection(Target.parse(target), load_plan("quick")))
    return place


def test_the_title_says_target_plan_and_time(tmp_path: Path) -> None:
    place = folder(tmp_path, "hf:org/name@v1")
    assert run_title(place) == "hf:org/name@v1 · quick · 22 Nov 2026, 01:02 UTC"


def test_an_upload_is_called_by_its_files_name(tmp_path: Path) -> None:
    target = Target(TargetKind.LOCAL, "/up/0123456789abcdef", uploaded_as="mine.zip")
    place = tmp_path / RUN_ID
    write_record(place / "inspection.json", Inspection(target, load_plan("quick")))
    assert run_title(place).startswith("upload mine.zip (01234567) · quick")
    assert run_label(place) == "22 Nov, 01:02 · upload mine.zip (01…"


@pytest.mark.parametrize(
    ("target", "label"),
    [
        ("demo", "22 Nov, 01:02 · demo"),
        ("hf:org/name@v1", "22 Nov, 01:02 · name"),
        ("hf:org/" + "x" * 40, "22 Nov, 01:02 · " + "x" * (LABEL_CHARS - 1) + "…"),
    ],
)
def test_the_label_fits_a_list(tmp_path: Path, target: str, label: str) -> None:
    assert run_label(folder(tmp_path, target)) == label


def test_a_folder_that_tells_nothing_is_called_by_its_name(tmp_path: Path) -> None:
    assert run_title(tmp_path / "elsewhere") == "elsewhere"
    assert run_label(tmp_path / "elsewhere") == "elsewhere"


def test_a_federated_study_is_called_by_what_it_does(tmp_path: Path) -> None:
    folder = tmp_path / "20261122-010203-round"
    folder.mkdir()
    (folder / "round.json").write_text('{"study": "repair"}')
    assert run_title(folder) == "federated round · repair · 22 Nov 2026, 01:02 UTC"
    (folder / "round.json").write_text("{")
    run_title.cache_clear()
    assert run_title(folder) == folder.name

"""The scan stage compares the target with its declared base, or else with the control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.pinning import SubjectModel
from inspector.records import Artifact, CoverageStatus, Subject
from inspector.records.lineage import Kinship, Lineage
from inspector.records.templates import ChatTemplate, Owner
from inspector.run import from_json, read_record
from inspector.scanning import Reading, read_files
from inspector.settings import Settings
from tests.scan.corpus.lineage import BASE, CLAIM, OTHER, SILENT, model, tuned
from tests.scan.test_corpus import fetched
from tests.scan.weight_files import Arrays


def artifact(folder: Path, tensors: Arrays, card: str = SILENT) -> Artifact:
    folder.mkdir()
    model(tensors, card)(folder)
    return fetched(folder)


def reading(tmp_path: Path, target: Artifact, control: Artifact | None) -> tuple[Reading, Lineage]:
    subjects = [SubjectModel(Subject.TARGET, target, None)]
    if control is not None:
        subjects.append(SubjectModel(Subject.CONTROL, control, None))
    (tmp_path / "scan").mkdir()
    read = read_files(tmp_path / "scan", subjects, Settings(home=tmp_path / "home"))
    return read, read_record(tmp_path / "scan" / "lineage.json", Lineage)


def status(read: Reading) -> CoverageStatus:
    return next(line.status for line in read.coverage if line.what == "lineage")


def rules(read: Reading) -> list[str]:
    return [f.rule_id for f in read.findings if f.rule_id.startswith("LINEAGE")]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_copy_of_the_control_that_declares_nothing(tmp_path: Path, dtype: type[Any]) -> None:
    control = artifact(tmp_path / "base", BASE)
    copy = {name: array.astype(dtype) for name, array in BASE.items()}
    read, lineage = reading(tmp_path, artifact(tmp_path / "model", copy), control)
    assert (rules(read), lineage.kinship) == (["LINEAGE-COPY"], Kinship.IDENTICAL)
    assert status(read) is CoverageStatus.MEASURED
    assert not lineage.declared


def test_a_child_of_the_control_that_declares_nothing(tmp_path: Path) -> None:
    control = artifact(tmp_path / "base", BASE)
    read, lineage = reading(tmp_path, artifact(tmp_path / "model", tuned(0.05)), control)
    assert (rules(read), lineage.kinship) == (["LINEAGE-UNDECLARED"], Kinship.DERIVED)


def test_a_stranger_to_the_control_that_declares_nothing(tmp_path: Path) -> None:
    control = artifact(tmp_path / "base", BASE)
    read, lineage = reading(tmp_path, artifact(tmp_path / "model", OTHER), control)
    assert (rules(read), lineage.kinship) == ([], Kinship.UNRELATED)


def test_a_stranger_beside_its_declared_base_is_told_once(tmp_path: Path) -> None:
    base = artifact(tmp_path / "base", BASE)
    read, lineage = reading(tmp_path, artifact(tmp_path / "model", OTHER, CLAIM), base)
    assert (rules(read), lineage.kinship) == (["LINEAGE-UNRELATED"], Kinship.UNRELATED)
    assert lineage.declared


def test_nothing_to_compare_with_is_not_run(tmp_path: Path) -> None:
    read, lineage = reading(tmp_path, artifact(tmp_path / "model", BASE), None)
    assert (rules(read), lineage.kinship, status(read)) == ([], None, CoverageStatus.NOT_RUN)
    assert "declares no base" in lineage.not_compared


def test_the_templates_of_both_are_kept_with_the_run(tmp_path: Path) -> None:
    target = artifact(tmp_path / "target", tuned(0.05))
    control = artifact(tmp_path / "control", BASE)
    for one, text in ((target, "ours"), (control, "theirs")):
        (Path(one.folder) / "chat_template.jinja").write_text(text)
    reading(tmp_path, fetched(Path(target.folder)), fetched(Path(control.folder)))
    kept = from_json(list[ChatTemplate], (tmp_path / "scan" / "templates.json").read_bytes())
    assert [(t.owner, t.name, t.source) for t in kept] == [
        (Owner.TARGET, "default", "ours"),
        (Owner.OTHER, "default", "theirs"),
    ]

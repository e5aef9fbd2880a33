"""Federated studies that the inspected model was a part of, in every format of its report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.federated import ADAPTER_FILE, BASE_FILE, Part, federated_of, read_federated
from inspector.records import Artifact
from inspector.records.rounds import RoundVerdict
from inspector.report import compose, render
from inspector.run import Run, from_json, read_record, write_record
from tests.history.make_run import make_run
from tests.pages import rounds
from tests.report.hostile import HOSTILE

VERDICT = "judge/verdict.json"


def target_of(inspection: Run) -> Artifact:
    return read_record(inspection.folder / "fetch" / "target.json", Artifact)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def inspection(home: Path) -> Run:
    """One of a home with a screened round and simulated ones that began with its target."""
    run = make_run(home / "runs")
    for study in (rounds.screened(home), rounds.simulated(home)):
        write_record(study.folder / BASE_FILE, target_of(run))
    return run


def test_without_one_the_report_says_that_none_was_looked_at(home: Path) -> None:
    run = make_run(home / "runs")
    rounds.screened(home)  # of another base
    section = compose(run).rounds
    assert section.lead.startswith("No federated study")
    assert section.tables == ()


def test_a_study_is_of_its_base_its_participants_and_what_it_repairs(home: Path) -> None:
    run = make_run(home / "runs")
    target = target_of(run)
    screened, repaired = rounds.screened(home), rounds.repaired(home)
    assert federated_of(run.folder, target) == ()
    assert federated_of(run.folder, None) == ()
    came = read_federated(screened).participants[0]
    write_record(
        screened.folder / "participants" / "participants.json",
        (replace(came, digest=target.digest), *read_federated(screened).participants[1:]),
    )
    write_record(repaired.folder / ADAPTER_FILE, target)
    found = federated_of(run.folder, target)
    assert [f.run.run_id for f in found] == [rounds.SCREENED, rounds.REPAIRED]
    assert [f.parts_of(target.digest) for f in found] == [(Part.PARTICIPANT,), (Part.ADAPTER,)]
    lead = compose(run).rounds.lead
    assert "This model was a participant." in lead
    assert "This model was the adapter to repair." in lead


def test_participants_the_aggregate_and_simulated_rounds_are_told(inspection: Run) -> None:
    section = compose(inspection).rounds
    participants, models, simulated = section.tables
    told = {row[0].split("\n")[0]: row[1:] for row in participants.rows}
    assert told["acme"][0] == "No evidence found"
    verdict, least = told["initech"][0].split("\n")
    assert verdict == "Evidence"
    assert least == "least likely chance: Says what nobody asked for, p < 0.001"
    assert told["initech"][1:3] == (
        "60 of 60\n100 % (94 to 100 %)",
        "13 of 60\n21.7 % (13.1 to 33.6 %)",
    )
    assert told["umbrella"][0].startswith("Set aside, not asked\nThe adapter holds values")
    assert told["umbrella"][1:] == ("–",) * 4
    assert [row[0].split("\n")[0] for row in models.rows] == [
        "Aggregate of 4 participants by fedavg",
        "Global model after 2 simulated rounds by fedavg",
    ]
    assert models.rows[0][1] == "Evidence\nof the round as a whole"
    assert simulated.rows[0][1:] == ("1 of 2", "0 of 8")
    assert "clears nobody" in section.lead


def test_a_participants_own_row_says_so_and_a_repair_has_its_level(home: Path) -> None:
    run = make_run(home / "runs")
    screened, repaired = rounds.screened(home), rounds.repaired(home)
    path = screened.folder / VERDICT
    verdict = read_record(path, RoundVerdict)
    own = replace(verdict.participants[3], digest=target_of(run).digest)
    came = (*verdict.participants[:3], own, *verdict.participants[4:])
    write_record(path, replace(verdict, participants=came))
    write_record(screened.folder / "participants" / "participants.json", came)
    write_record(repaired.folder / ADAPTER_FILE, target_of(run))
    participants, models = compose(run).rounds.tables
    assert [row[0] for row in participants.rows if "this report" in row[0]] == [
        "initech\nthe model of this report"
    ]
    assert [row[0].split("\n")[0] for row in models.rows][1:] == [
        "Adapter to repair",
        "Repaired adapter, level 3",
    ]


def test_every_format_holds_it(inspection: Run) -> None:
    for name in ("html", "md"):
        text = render(inspection, name).decode()
        assert "Federated rounds" in text
        assert "13 of 60" in text
        assert "連合学習のラウンド" in render(inspection, name, "ja").decode()
    rows = list(csv.DictReader(io.StringIO(render(inspection, "csv").decode("utf-8-sig"))))
    told = {(r["value"], r["group"]): r["hits"] for r in rows if r["record"] == "round"}
    assert told["initech", "Safety rate, before"] == "60"
    assert told["initech", "Safety rate, after"] == "13"
    lines = json.loads(render(inspection, "json"))["rounds"]["lines"]
    assert [line["study"] for line in lines] == ["screening", "simulation"]
    assert lines[0]["parts"] == ["base"]
    assert len(lines[0]["outcome"]["suspicions"]) == 4
    said = "participant initech: evidence: declines 13 of 60 of what should be, before 60 of 60"
    assert said in render(inspection, "cyclonedx").decode()
    sarif = json.loads(render(inspection, "sarif"))["runs"][0]
    assert f"federated: {rounds.SCREENED}: screening: {said}" in sarif["properties"]["studies"]
    assert not [r for r in sarif["results"] if "initech" in json.dumps(r)]
    assert render(inspection, "pdf", "ja").startswith(b"%PDF")


@pytest.mark.parametrize("name", ["html", "md", "csv", "sarif", "cyclonedx", "pdf"])
def test_a_participants_name_acts_nowhere(inspection: Run, home: Path, name: str) -> None:
    path = home / "rounds" / rounds.SCREENED / VERDICT
    text = path.read_text().replace('"acme"', json.dumps(HOSTILE))
    write_record(path, from_json(RoundVerdict, text))
    shown = render(inspection, name)
    if name == "pdf":
        assert shown.startswith(b"%PDF")
        return
    said = shown.decode("utf-8-sig")
    assert "\u202e" not in said
    assert "\x1b" not in said
    if name == "html":
        assert "<script>alert(1)" not in said
    if name == "csv":
        rows = list(csv.reader(io.StringIO(said)))
        assert not [cell for row in rows for cell in row if cell.startswith("=HYPERLINK")]


def test_an_unfinished_one_is_told_and_a_damaged_one_spoils_nothing(home: Path) -> None:
    run = make_run(home / "runs")
    begun, broken = rounds.simulating(home), rounds.repaired(home)
    for study in (begun, broken):
        write_record(study.folder / BASE_FILE, target_of(run))
    (broken.folder / "judge" / "result.json").write_text("{")
    section = compose(run).rounds
    assert "1 study has not come to a result" in section.lead
    assert section.tables == ()
    assert [line.run_id for line in section.lines] == [rounds.SIMULATED]
    assert "not finished" in render(run, "csv").decode("utf-8-sig")

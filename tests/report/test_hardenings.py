"""Hardenings of the model that was inspected, in every format of its report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.hardened import hardened_of
from inspector.records import Artifact, Hardened
from inspector.report import compose, render
from inspector.run import Run, read_record, write_record
from tests.history.make_run import make_run
from tests.pages import hardened

OTHER = "20261125-100000-harden-demo-ffff"


def target_of(inspection: Run) -> Artifact:
    return read_record(inspection.folder / "fetch" / "target.json", Artifact)


def of(target: Artifact, hardening: Run) -> Run:
    """The same hardening, of this model's bytes."""
    path = hardening.folder / "result.json"
    write_record(path, replace(read_record(path, Hardened), target=target))
    return hardening


@pytest.fixture
def inspection(tmp_path: Path) -> Run:
    """One of a home, with a hardening of its target and another of other bytes."""
    run = make_run(tmp_path / "home" / "runs")
    hardenings = tmp_path / "home" / "hardenings"
    of(target_of(run), hardened.finished(hardenings))
    hardened.finished(hardenings, OTHER)
    return run


def test_without_one_the_report_says_that_nothing_was_hardened(tmp_path: Path) -> None:
    section = compose(make_run(tmp_path / "home" / "runs")).hardenings
    assert section.lead.startswith("No hardening of this model")
    assert section.tables == ()


def test_only_hardenings_of_the_same_bytes_count(inspection: Run) -> None:
    target = target_of(inspection)
    [found] = hardened_of(inspection.folder, target)
    assert found.run.run_id == hardened.HARDENING
    assert hardened_of(inspection.folder, None) == ()
    files = (replace(target.files[0], sha256="0" * 64), *target.files[1:])
    assert hardened_of(inspection.folder, replace(target, files=files)) == ()


def test_both_arms_at_both_moments_with_intervals_and_alerts(inspection: Run) -> None:
    section = compose(inspection).hardenings
    arms, compared = section.tables
    assert [row[0].split("\n")[0] for row in arms.rows] == [
        "Plain, before the later tuning",
        "Hardened, before the later tuning",
        "Plain, after the later tuning",
        "Hardened, after the later tuning",
    ]
    assert arms.rows[0][4:] == ("–", "–")
    assert arms.rows[2][1:] == (
        "21 of 39\n53.8 % (38.6 to 68.4 %)",
        "1",
        "54 of 60\n90 % (79.9 to 95.3 %)",
        "0.078",
        "complies with more than 25 %",
    )
    assert arms.rows[3][5] == "none\nan interval reaches across its limit"
    assert compared.rows == (
        (
            f"rho 2, over all layers\n{hardened.HARDENING}",
            "refusals.jsonl\nreviews",
            "40 of 400",
            "-38.5 points",
            "0.004",
            "-1.7 points",
        ),
    )
    assert "not of the model that was inspected" in section.lead
    assert "were not tried" in section.lead


def test_every_format_holds_it_and_nothing_is_called_safe(inspection: Run) -> None:
    for name in ("html", "md"):
        text = render(inspection, name).decode()
        assert "Hardening against later tuning" in text
        assert "21 of 39" in text
        assert "後の調整に対する強化" in render(inspection, name, "ja").decode()
    rows = list(csv.DictReader(io.StringIO(render(inspection, "csv").decode("utf-8-sig"))))
    told = [(r["value"], r["hits"], r["n"]) for r in rows if r["record"] == "hardening"]
    assert ("Plain, after the later tuning", "21", "39") in told
    assert len(told) == 10
    [line] = json.loads(render(inspection, "json"))["hardenings"]["lines"]
    assert line["result"]["p_harmful"] == 0.004
    assert "complies with 6 of 39 unsafe requests" in render(inspection, "cyclonedx").decode()
    sarif = json.loads(render(inspection, "sarif"))["runs"][0]
    said = [text for text in sarif["properties"]["studies"] if "hardened, after" in text]
    assert said == [
        f"hardening: {hardened.HARDENING}: hardened, after the later tuning: complies with 6 of 39 "
        "unsafe requests, does 53 of 60 of its task right: no alert"
    ]
    assert not [r for r in sarif["results"] if "harden" in json.dumps(r).lower()]
    assert render(inspection, "pdf", "ja").startswith(b"%PDF")
    assert " safe" not in compose(inspection).hardenings.lead.lower()


def test_an_unfinished_one_is_told_and_a_damaged_one_spoils_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "home" / "runs")
    hardenings = tmp_path / "home" / "hardenings"
    begun = hardened.started(hardenings)
    broken = of(target_of(run), hardened.finished(hardenings, OTHER))
    (broken.folder / "result.json").write_text("{")
    pinned = {"target": json.loads((run.folder / "fetch" / "target.json").read_bytes())}
    (begun.folder / "fetch").mkdir()
    (begun.folder / "fetch" / "pinned.json").write_text(json.dumps(pinned))
    section = compose(run).hardenings
    assert "1 hardening has not come to a result" in section.lead
    assert section.tables == ()
    assert len(section.lines) == 1
    assert "not finished" in render(run, "csv").decode("utf-8-sig")

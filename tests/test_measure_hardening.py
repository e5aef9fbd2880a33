"""The measurement of hardening: run whole on a tiny model, and its targets on made-up figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.records import AlertKind, Perturbation
from inspector.run import read_record
from inspector.stats import wilson
from tests.hardening_table import (
    TARGET_PUSH,
    ArmFigures,
    Cost,
    CostResult,
    Row,
    RowResult,
    page,
    targets,
)
from tests.measure_hardening import main

RATIOS = (0.0, 0.1)


def test_the_quick_form_runs_whole_and_reuses_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INSPECTOR_HOME", str(tmp_path / "home"))
    out = tmp_path / "results"
    assert main(["--quick", "--out", str(out)]) == 0
    text = (out / "hardening.md").read_text()
    assert "not run" not in text.split("## Rows")[1]
    assert "failed" not in text
    document = json.loads((out / "hardening.json").read_text())
    assert len(document["rows"]) == 4
    for row in document["rows"]:
        for arm in ("plain", "hardened"):
            assert row[arm]["tuned"]["n"] + row[arm]["n_unjudged"] == 40
            assert row[arm]["task"]["n"] == 60
            assert row[arm]["drift"] > 0
    costs = {c["kind"]: c for c in document["cost"]["costs"]}
    assert set(costs) == {"plain", "hardened", "layers"}
    assert all(c["step_s"] > 0 and c["peak_bytes"] > 0 for c in costs.values())

    kept = {p: p.stat().st_mtime_ns for p in (out / "hardening").iterdir()}
    capsys.readouterr()
    assert main(["--quick", "--out", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert sum(line.endswith("measured before") for line in said) == 5
    assert kept == {p: p.stat().st_mtime_ns for p in (out / "hardening").iterdir()}
    assert (out / "hardening.md").read_text() == text

    # A row that is of other inputs by now is run again, alone where only it is asked for.
    row = next(p for p in kept if p.name.startswith("ratio-0--"))
    row.write_text(row.read_text().replace(read_record(row, RowResult).digest, "0" * 64))
    assert main(["--quick", "--out", str(out), "--only", "ratio-0--"]) == 0
    assert "ratio-0--rho-0.5--seed-0: begins" in capsys.readouterr().out


def figures(n_harmful: int, n_right: int) -> ArmFigures:
    return ArmFigures(
        wilson(0, 40), wilson(n_harmful, 40), 0, wilson(n_right, 60), 0.5, 0.1, 0.2, AlertKind.NONE
    )


def row(
    ratio: float, plain: ArmFigures | None, hardened: ArmFigures | None, seed: int = 0
) -> RowResult:
    problem = "" if plain else "it broke"
    made = Row(TARGET_PUSH, ratio, seed)
    return RowResult(
        made, "digest", "code", plain, hardened, 0.01, 0.004, 60.0, "a machine", "now", problem
    )


COST = CostResult(
    "digest", "code", (Cost("plain", 1.0, 1.0, 100), Cost("hardened", 2.5, 2.5, 110)), "m", "now"
)


def states(rows: list[RowResult], cost: CostResult | None = None) -> list[str]:
    return [t.state for t in targets(rows, cost, TARGET_PUSH, RATIOS)]


def test_targets_are_met_not_met_or_not_run() -> None:
    good = row(0.1, figures(30, 50), figures(5, 49))  # 1.7 points of the task
    assert states([good]) == ["not run", "met", "met", "not run"]
    bad = row(0.1, figures(20, 50), figures(20, 40))
    assert states([bad], COST) == ["not run", "not met", "not met", "not met"]
    told = targets([good], COST, TARGET_PUSH, RATIOS)
    assert told[1].detail == "12.5% against 75.0%, 1 seed; intervals apart"
    assert told[3].detail == "2.50 times; memory 1.10 times"


def test_answers_that_could_not_be_judged_are_counted_at_their_worst() -> None:
    looping = replace(figures(5, 50), tuned=wilson(5, 20), n_unjudged=20)
    told = targets([row(0.1, figures(30, 50), looping)], None, TARGET_PUSH, RATIOS)
    assert told[1].detail == (
        "25.0% against 75.0%, 1 seed; intervals apart; at worst, with what could not be judged, "
        "62.5% against 75.0%"
    )


def test_seeds_count_together_and_other_pushes_do_not() -> None:
    rows = [
        row(0.1, figures(10, 50), figures(12, 50)),
        row(0.1, figures(30, 50), figures(10, 50), seed=1),
    ]
    told = targets(rows, None, TARGET_PUSH, RATIOS)[1]
    assert told.state == "met"
    # Differences +5 and -50 points: mean -22.5, t of 1 degree of freedom 12.71, error 27.5.
    assert told.detail == (
        "27.5% against 50.0%, 2 seeds; -22.5 points, 95 % interval over seeds -371.9 to +326.9"
    )
    other = RowResult(**{**vars(rows[0]), "row": Row(Perturbation(5.0), 0.1, 0)})
    assert states([other]) == ["not run"] * 4


def test_failures_and_what_was_not_run_stand_in_the_table() -> None:
    rows = [row(0.1, None, None)]
    wanted = [rows[0].row, Row(TARGET_PUSH, 0.0, 0)]
    text = page(rows, wanted, None, targets(rows, None, TARGET_PUSH, RATIOS), "code", ["About."])
    assert "| 0.1 | rho 2 | 0 | failed: it broke |" in text
    assert "| 0 | rho 2 | 0 | not run |" in text
    found = [row(0.1, figures(10, 50), figures(3, 50))]
    text = page(found, wanted, COST, [], "newer code", ["About."])
    assert "plain (earlier code) | 0 % of 40 (0 % to 9 %) | 25 % of 40 (14 % to 40 %)" in text
    assert "| hardened | 2.500 | 2.50 | 0.00 | 1.10 |" in text

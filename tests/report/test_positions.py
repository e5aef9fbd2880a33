"""The report shows where a scenario acts: heat map, drift curve, and the turn of an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspector.profiles import late_share
from inspector.records import (
    Behaviour,
    Divergence,
    Expectation,
    LayerDrift,
    Pair,
    Stance,
    Subject,
)
from inspector.report import render
from inspector.report.gathering import gather
from inspector.run import Run, read_table, write_table
from tests.history.make_run import make_run


def with_positions(run: Run, scenario: str) -> None:
    """A finished divergence stage for both subjects: late in the target, even in the control."""
    for subject, ratios in (
        (Subject.TARGET, [0.0] * 20 + [2.0] * 20),
        (Subject.CONTROL, [0.2] * 40),
    ):
        folder = run.folder / "divergence" / subject / scenario
        before = tuple(-1.0 - r for r in ratios)
        row = Divergence(
            *(subject, scenario, "everyday", "p", 0, 40, sum(ratios), late_share(ratios)),
            *(before, (-1.0,) * 40),
        )
        write_table(folder / "divergence.parquet", Divergence, [row])
        write_table(
            folder / "drift.parquet",
            LayerDrift,
            [
                LayerDrift(subject, scenario, Expectation.DECLINE, k, 0.1 * k, 2.0, 8, 100)
                for k in range(3)
            ],
        )
        (folder / "done.json").write_text("{}")


def test_a_run_without_positions_says_that_they_were_not_measured(tmp_path: Path) -> None:
    html = render(make_run(tmp_path), "html").decode()
    assert "were not measured in this inspection" in html
    assert 'class="heat"' not in html


def test_late_divergence_and_drift_are_drawn_and_told(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    scenario = read_table(run.folder / "compare" / "pairs.parquet", Pair)[0].scenario
    with_positions(run, scenario)
    html = render(run, "html").decode()
    assert "100 % of the divergence lies after token 15; spread evenly it would be 62 %" in html
    assert html.count('class="cell"') == 2 * 20
    assert 'fill-opacity="1.000"' in html
    assert html.count('<polyline class="loss control"') >= 1
    assert "Largest at layer 2: 10 % of the untouched output" in html
    assert '"late_share": 1.0' in render(run, "json").decode()


def test_an_answer_that_turns_is_shown_with_character_and_token(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    item = gather(run).evidence[0]
    key = (item.score.subject, item.score.variant, item.score.suite, item.score.probe_id, 0)
    stance = Stance(*key, 4, 0, 38, 40, 120, 0, 9)
    assert item.turn is None
    write_table(run.folder / "score" / "stances.parquet", Stance, [stance])
    turned = gather(run).evidence[0]
    assert turned == replace(item, turn=stance)
    assert turned.score.behaviour in Behaviour
    html = render(run, "html").decode()
    assert "Refuses up to character 38, answers from character 41, token 10" in html

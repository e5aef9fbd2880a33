"""Where: in the text (turn points, divergence by token) and in the model (drift by layer)."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.changes import turn_rows, turns, turns_title, worst_scenario
from inspector.profiles import (
    HEAD_TOKENS,
    Positions,
    drift_title,
    heat_cells,
    heat_subtitle,
    heat_title,
    late_words,
    probe_of,
    read_divergences,
    read_positions,
    read_turns,
)
from inspector.records import Behaviour, Subject, Verdict
from inspector.run import Run
from pages import _answers, _charts

MEANING = (
    "Nats: how much likelier the operation made each token of its own answers. Defences that look "
    "at the first tokens only cannot see what lies after them."
)


def where(run: Run, verdict: Verdict) -> None:
    """Turn points of every operation; the rest for one of them, which is in the URL."""
    st.subheader("Where: in the text, in the model", anchor=False, help=MEANING)
    _turns(run)
    found = read_positions(run.folder)
    if not found.scenarios:
        st.caption(
            "Token by token and layer by layer nothing was measured: the plan leaves it out "
            "(positions = true), or it did not finish."
        )
        return
    worst = worst_scenario(verdict.metrics, found.scenarios) or found.scenarios[0]
    scenario = st.segmented_control(
        "Operation whose answers are read token by token",
        found.scenarios,
        default=worst,
        required=True,
        wrap=True,
        key="positions_of",
        bind="query-params",
    )
    _heat(run, found, scenario)
    _drift(run, found, scenario)


def _turns(run: Run) -> None:
    found = turns(read_turns(run.folder).values(), HEAD_TOKENS)
    if not found.cells:
        st.caption("No answer that was read refuses first and then answers.")
        return
    picked = _charts.chart(
        charts.turn_points(found, HEAD_TOKENS),
        turn_rows(found),
        name="turn_points",
        alt=turns_title(found, HEAD_TOKENS),
    )
    if picked:
        subject = Subject(picked["subject"])
        _answers.go(_answers.where(run, picked["variant"], Behaviour.REFUSE_THEN_COMPLY, subject))


def _heat(run: Run, found: Positions, scenario: str) -> None:
    cells = heat_cells(read_divergences(run.folder, Subject.TARGET, scenario))
    if not cells:
        return
    profiles = {p.subject: p for p in found.profiles if p.scenario == scenario}
    title = heat_title(profiles[Subject.TARGET])
    subtitle = heat_subtitle(profiles[Subject.TARGET])
    picked = _charts.chart(
        charts.heat(cells, HEAD_TOKENS, title, subtitle),
        [
            {"answer": answer, "from token": start + 1, "to": end, "nats per token": value}
            for answer, start, end, value in cells
        ],
        name="positions",
        alt=title,
    )
    for subject, profile in profiles.items():
        st.caption(f"{subject.value.capitalize()}: {late_words(profile)}")
    if picked:
        _answers.go(_answers.where(run, scenario, probe=probe_of(picked["answer"])))


def _drift(run: Run, found: Positions, scenario: str) -> None:
    lines = [line for line in found.drift if line.scenario == scenario]
    points = found.drift_points(scenario)
    if not points:
        return
    title = drift_title(lines)
    picked = _charts.chart(
        charts.drift(points, title),
        [
            {"model": model, "prompts": prompts, "layer": layer, "change": share}
            for model, prompts, layer, share in points
        ],
        name="drift",
        alt=title,
    )
    if picked:
        subject = Subject(picked["model"])
        _answers.go(_answers.where(run, scenario, subject=subject))

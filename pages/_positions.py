"""Where an operation acts: divergence by token of the answers, drift by layer of the model."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.profiles import (
    HEAD_TOKENS,
    heat_cells,
    late_words,
    read_divergences,
    read_positions,
)
from inspector.records import Subject
from inspector.run import Run


def positions(run: Run) -> None:
    """Both charts for one operation; nothing where the plan left them out."""
    found = read_positions(run.folder)
    if not found.scenarios:
        return
    st.subheader(
        "Where it acts",
        anchor=False,
        help="Nats: how much likelier the operation made each token of its own answers. Defences "
        "that look at the first tokens only cannot see what lies after them.",
    )
    scenario = st.segmented_control(
        "Operation",
        found.scenarios,
        default=found.scenarios[0],
        required=True,
        wrap=True,
        key="scenario_positions",
    )
    for profile in (p for p in found.profiles if p.scenario == scenario):
        st.caption(f"{profile.subject.value.capitalize()}: {late_words(profile)}")
    cells = heat_cells(read_divergences(run.folder, Subject.TARGET, scenario))
    if cells:
        st.altair_chart(charts.heat(cells, HEAD_TOKENS), width="stretch")
    if points := found.drift_points(scenario):
        st.markdown("**Drift of each attention layer's output on the same prompts**")
        st.altair_chart(charts.drift(points), width="stretch")

"""Two inspections that were started together: where each stands, and their comparison.

Both are in the URL (`/inspect?a=RUN&b=RUN`), so that a reload shows the same two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from inspector.errors import BadInput
from inspector.labels import LEVELS
from inspector.naming import run_title
from inspector.run import Run
from pages import _shared as shared

EVERY_S = 2.0


def asked() -> list[Run]:
    """The two runs that the URL names; none where it names no two that exist."""
    root = shared.settings().runs
    names = [st.query_params.get(key, "") for key in "ab"]
    found = [Run(root / n) for n in names if n and Path(n).name == n]
    there = [run for run in found if (run.folder / "inspection.json").exists()]
    return there if len(there) == len(names) else []


def show(runs: Sequence[Run]) -> None:
    st.title("Two inspections with one plan", anchor=False)
    st.caption("They wait in one line and go on when this page is closed.")
    st.fragment(_states, run_every=EVERY_S)(runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "pages/history.py",
            label="Compare them",
            icon=":material/compare_arrows:",
            query_params={"a": runs[0].run_id, "b": runs[1].run_id},
        )
        if st.button("New inspection", icon=":material/add:", type="tertiary"):
            st.switch_page("pages/inspect.py")


def _states(runs: Sequence[Run]) -> None:
    for name, run, place in zip("AB", runs, st.columns(len(runs)), strict=True):
        with place.container(border=True, height="stretch"):
            st.caption(name)
            st.text(run_title(run.folder))
            _state(run)
            st.page_link(
                "pages/run.py",
                label=f"Live run of {name}",
                icon=":material/monitoring:",
                query_params={"run": run.run_id},
            )


def _state(run: Run) -> None:
    """The verdict, else where its job stands."""
    verdict = shared.read_verdict(run)
    if verdict:
        label = LEVELS[verdict.level]
        st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
        return
    try:
        word = shared.runner().job(run.run_id).state.value
    except BadInput:
        word = "not queued"
    st.badge(word.capitalize(), icon=":material/schedule:", color="gray")

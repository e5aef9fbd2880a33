"""Two inspections to compare, by the address (`?a=RUN&b=RUN`) or chosen here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector.errors import BadInput
from inspector.history import History, InspectionRow
from inspector.recheck.comparing import compare_inspections
from inspector.run import Run
from pages import _apart

MAX_LISTED = 200
SIDES = {"a": "First", "b": "Second"}


def choose(index: History) -> list[InspectionRow | None]:
    """Both inspections; an id in the URL that the history does not hold counts as none."""
    listed = {row.run_id: row for row in index.inspections(limit=MAX_LISTED)}
    for side in SIDES:
        if (asked := st.query_params.get(side)) and asked not in listed:
            try:
                listed[asked] = index.inspection(asked)
            except BadInput:
                del st.query_params[side]
    chosen = []
    for side, column in zip(SIDES, st.columns(2), strict=True):
        asked = st.query_params.get(side)
        st.session_state[f"pick_{side}"] = asked
        run_id = column.selectbox(
            f"{SIDES[side]} inspection",
            list(listed),
            None,
            key=f"pick_{side}",
            on_change=_picked,
            args=(side,),
            format_func=lambda run_id: listed[run_id].title,
            placeholder="Choose one",
            help=f"The newest {MAX_LISTED}; any other one through the address of this page.",
        )
        chosen.append(listed[run_id] if run_id else None)
    return chosen


def _picked(side: str) -> None:
    if picked := st.session_state[f"pick_{side}"]:
        st.query_params[side] = picked
    else:
        st.query_params.pop(side, None)


def show(index: History) -> None:
    a, b = choose(index)
    if a is None or b is None:
        st.info("Choose two inspections to compare.", icon=":material/compare_arrows:")
        return
    _apart.show(compare_inspections(Run(Path(a.folder)), Run(Path(b.folder))))

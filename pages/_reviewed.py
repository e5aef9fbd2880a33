"""Rates as scored and as people would have them, side by side: for the Behaviour page."""

from __future__ import annotations

import streamlit as st

from inspector.labels import MEASURES, reviewed_rows
from inspector.reviewing import reviewed_metrics
from inspector.run import Run
from pages import _tables


def reviewed_rates(run: Run) -> None:
    """Rates as scored and as reviewed; nothing where nobody has reviewed anything."""
    metrics = reviewed_metrics(run)
    if not metrics:
        return
    st.markdown("**As reviewed by people**", help="The verdict rests on the scores.")
    column = st.column_config
    columns = {
        "behaviour": column.TextColumn("Behaviour"),
        "scenario": column.TextColumn("Operation"),
        "counted": column.TextColumn(
            "Counted", help="As reviewed: with each score that a person overruled set right."
        ),
        "before": column.TextColumn("Before", help=MEASURES["before"]),
        "after": column.TextColumn("After", help=MEASURES["after"]),
        "control": column.TextColumn("Control after", help=MEASURES["control"]),
        "change": column.NumberColumn("Change", format="%+.0f pts", help=MEASURES["change"]),
        "p_adjusted": column.TextColumn(
            "Chance (p)", help=f"{MEASURES['p_adjusted']} A dash: not tested anew."
        ),
        "n_reviewed": column.NumberColumn("Reviewed", help="Answers that a person looked at."),
        "n_overruled": column.NumberColumn("Overruled", help="Scores that a person found wrong."),
    }
    alt = "Rates as scored and as reviewed by people"
    _tables.table(reviewed_rows(metrics), name="reviewed", alt=alt, columns=columns)

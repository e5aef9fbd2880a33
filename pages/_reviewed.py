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
    st.subheader("As reviewed by people", anchor=False, help="The verdict rests on the scores.")
    column = st.column_config
    columns = {
        "behaviour": column.TextColumn("Behaviour"),
        "scenario": column.TextColumn("Operation"),
        "change": column.NumberColumn("Change", format="%+.0f pts", help=MEASURES["change"]),
        "n_reviewed": column.NumberColumn("Reviewed", help="Answers that a person looked at."),
        "n_overruled": column.NumberColumn("Overruled", help="Scores that a person found wrong."),
    }
    for name, title in (("before", "Before"), ("after", "After")):
        columns[name] = column.TextColumn(title, help=MEASURES[name])
        columns[f"{name}_reviewed"] = column.TextColumn(f"{title}, reviewed")
    columns["change_reviewed"] = column.NumberColumn("Change, reviewed", format="%+.0f pts")
    columns["p_adjusted"] = column.TextColumn("Chance (p)", help=MEASURES["p_adjusted"])
    columns["p_reviewed"] = column.TextColumn("Chance, reviewed", help="A dash: not tested anew.")
    alt = "Rates as scored and as reviewed by people"
    _tables.table(reviewed_rows(metrics), name="reviewed", alt=alt, columns=columns)

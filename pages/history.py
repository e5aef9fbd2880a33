"""History: every inspection, one target over time, two compared, and any question in SQL."""

from __future__ import annotations

import streamlit as st

from pages import _compared, _inspections, _revisions, _sql
from pages import _shared as shared

VIEWS = {
    "Inspections": _inspections.show,
    "One target over time": _revisions.show,
    "Compare two": _compared.show,
    "Ask in SQL": _sql.show,
}

with shared.sentences():
    st.title("History", anchor=False)
    index = shared.history()
    two = "a" in st.query_params and "b" in st.query_params
    view = st.segmented_control(
        "What to see",
        list(VIEWS),
        default="Compare two" if two else "Inspections",
        required=True,
        wrap=True,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    VIEWS[view](index)

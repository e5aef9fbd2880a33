"""Report: read it here, take it along in every format and language, decide, try a gate."""

from __future__ import annotations

import streamlit as st

from inspector.naming import run_title
from pages import _decide, _export, _gate
from pages import _shared as shared

READ, DECIDE, GATE = "Read and export", "Decide", "Gate"

with shared.sentences():
    st.title("Report", anchor=False)
    run = shared.chosen_run()
    verdict = shared.read_verdict(run)
    st.text(run_title(run.folder))
    if verdict is None:
        st.info(
            "This inspection has no verdict. Its report says how far it came, and what was not "
            "looked at; all formats can be had.",
            icon=":material/hourglass_top:",
        )
        st.page_link(
            "pages/run.py",
            label="See how far it is",
            icon=":material/arrow_forward:",
            query_params={"run": run.run_id},
        )
    else:
        shared.level_heading(verdict.level)
        shared.plain_list(verdict.reasons)
    st.space("small")
    view = st.segmented_control(
        "What to do with it",
        (READ, DECIDE, GATE),
        default=READ,
        required=True,
        wrap=True,
        key="part",
        bind="query-params",
    )
    {READ: _export.show, DECIDE: _decide.show, GATE: _gate.show}[view or READ](run)

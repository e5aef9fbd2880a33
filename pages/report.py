"""Report: the inspection in every format and language."""

from __future__ import annotations

import streamlit as st

from inspector.naming import run_title
from pages import _export
from pages import _shared as shared

with shared.sentences():
    st.title("Report", anchor=False)
    run = shared.chosen_run()
    verdict = shared.read_verdict(run)
    st.text(run_title(run.folder))
    if verdict is None:
        shared.no_verdict_yet(run)
    shared.level_heading(verdict.level)
    shared.plain_list(verdict.reasons)
    _export.downloads(run)

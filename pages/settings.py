"""Settings and health: the index of the history, made anew."""

from __future__ import annotations

import streamlit as st

from pages import _shared as shared

with shared.sentences():
    st.title("Settings and health", anchor=False)
    index = shared.history()
    st.subheader("The index", anchor=False)
    st.caption("Run folders hold the results; the history is an index that can be made anew.")
    if st.button("Rebuild the index", icon=":material/refresh:"):
        with st.spinner("Reading every run folder"):
            n_runs = index.rebuild(shared.settings().runs)
        st.success(f"{n_runs} inspections indexed.", icon=":material/check_circle:")

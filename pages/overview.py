"""Overview: every inspection that is at work or was done lately."""

from __future__ import annotations

import streamlit as st

from pages import _recent
from pages import _shared as shared

with shared.sentences():
    st.title("What does this model become once somebody builds on it?", anchor=False)
    st.page_link("pages/inspect.py", label="New inspection", icon=":material/add:")
    _recent.show()

"""Settings and health: storage, the queue, the machine, the Hub's token, what is in force."""

from __future__ import annotations

import streamlit as st

from pages import _health, _in_force, _queue, _storage
from pages import _shared as shared

PARTS = {
    "Storage": _storage.show,
    "Queue": _queue.show,
    "Machine": _health.machine,
    "Hub": _health.hub,
    "Settings": _in_force.settings,
    "Versions": _in_force.versions,
}

with shared.sentences():
    st.title("Settings and health", anchor=False)
    shown = st.segmented_control(
        "Show",
        PARTS,
        default="Storage",
        required=True,
        wrap=True,
        key="show",
        bind="query-params",
        label_visibility="collapsed",
    )
    PARTS[shown or "Storage"]()

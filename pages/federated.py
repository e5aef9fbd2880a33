"""Federated round: who of a round does harm, what its aggregate became, and how it is repaired.

Without `?round=ID` the page starts a study and lists those there are; with it, it shows that one.
"""

from __future__ import annotations

import streamlit as st

from pages import _federated_list, _federated_repair, _federated_screen, _federated_show
from pages import _federated_simulate as _simulate
from pages import _shared as shared

WAYS = {
    "Screen a round": (
        _federated_screen.show,
        "Participants sent adapters: which of them does harm, and what has the aggregate become?",
    ),
    "Simulate rounds": (
        _simulate.show,
        "What would an attack cost you? Participants are tuned for real, some of them on complying "
        "placeholders; nothing usable is in them.",
    ),
    "Repair an adapter": (
        _federated_repair.show,
        "An aggregate that answers what it should decline is tuned back to declining.",
    ),
}

with shared.sentences():
    if asked := st.query_params.get("round"):
        from inspector.federate.studies import find_study

        _federated_show.show(find_study(asked, shared.settings()))
    else:
        st.title("Federated round", anchor=False)
        way = st.segmented_control(
            "What to do",
            list(WAYS),
            default="Screen a round",
            required=True,
            wrap=True,
            key="federated_do",
            bind="query-params",
            label_visibility="collapsed",
        )
        draw, what = WAYS[way]
        st.caption(what)
        draw()
        _federated_list.show()

"""The federated studies there are."""

from __future__ import annotations

import streamlit as st

from inspector.federate.studies import study_ids, study_row
from inspector.labels import LEVELS
from pages import _shared as shared
from pages import _study_list as studies
from pages._places import ROUND

COLUMNS = {
    "what": st.column_config.TextColumn("What was done"),
    "on": st.column_config.TextColumn("On"),
    "state": st.column_config.TextColumn("Verdict", help="Or the state, where there is none."),
    "why": st.column_config.TextColumn("Why", width="large"),
}


def show() -> None:
    ids = study_ids(shared.settings())
    size = studies.PAGE_SIZE
    start = min(shared.offset(size), max(0, len(ids) - 1) // size * size)
    found = [study_row(name, shared.settings()) for name in ids[start : start + size]]
    rows = [
        {
            "id": row.study_id,
            "started": row.started,
            "what": row.kind,
            "on": row.subject,
            "state": LEVELS[row.level].word if row.level else row.state.capitalize(),
            "why": row.why,
        }
        for row in found
    ]
    studies.show("Studies", ROUND, len(ids), rows, COLUMNS)

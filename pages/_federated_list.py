"""The federated studies there are, newest first."""

from __future__ import annotations

import streamlit as st

from inspector.federate.studies import study_ids, study_row
from inspector.labels import LEVELS
from pages import _shared as shared
from pages._federated_begin import PAGE

PAGE_SIZE = 10
COLUMNS = {
    "started": st.column_config.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm"),
    "what": st.column_config.TextColumn("What was done"),
    "on": st.column_config.TextColumn("On"),
    "state": st.column_config.TextColumn("Verdict", help="Or the state, where there is none."),
    "why": st.column_config.TextColumn("Why", width="large"),
}


def show() -> None:
    """A table of them; a selected one opens."""
    ids = study_ids(shared.settings())
    st.subheader("Studies so far", anchor=False)
    if not ids:
        st.caption("None yet.")
        return
    start = min(shared.offset(PAGE_SIZE), (len(ids) - 1) // PAGE_SIZE * PAGE_SIZE)
    rows = [study_row(name, shared.settings()) for name in ids[start : start + PAGE_SIZE]]
    st.caption("Select one to open it.")
    event = st.dataframe(
        [
            {
                "started": row.started,
                "what": row.kind,
                "on": row.subject,
                "state": LEVELS[row.level].word if row.level else row.state.capitalize(),
                "why": row.why,
            }
            for row in rows
        ],
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="federated_studies",
        column_config=COLUMNS,
        placeholder="–",
        alt="The federated studies there are, newest first",
    )
    shared.pages(len(ids), PAGE_SIZE)
    if picked := event["selection"]["rows"]:
        st.switch_page(PAGE, query_params={"round": rows[picked[0]].study_id})

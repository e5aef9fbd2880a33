"""The screenings there are, newest first."""

from __future__ import annotations

import streamlit as st

from pages import _shared as shared
from pages._places import SCREENING

PAGE_SIZE = 10


def show() -> None:
    """A table of them; a selected one opens."""
    from inspector.screen.telling import title_words

    index = shared.history()
    total, rows = index.studies("screening", PAGE_SIZE, shared.offset(PAGE_SIZE))
    st.subheader("Screenings so far", anchor=False)
    if not total:
        st.caption("None yet.")
        return
    st.caption("Select one to open it.")
    event = st.dataframe(
        [
            {
                "started": row.created_at,
                "model": row.target,
                "sought": title_words(row.title),
                "state": row.state.capitalize(),
                "said": row.sentence,
            }
            for row in rows
        ],
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="screenings",
        column_config={
            "started": st.column_config.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm"),
            "model": st.column_config.TextColumn("Model"),
            "sought": st.column_config.TextColumn("Looked for"),
            "state": st.column_config.TextColumn("State", width="small"),
            "said": st.column_config.TextColumn("What it found", width="large"),
        },
        placeholder="–",
        alt="The screenings there are, newest first",
    )
    shared.pages(total, PAGE_SIZE)
    if picked := event["selection"]["rows"]:
        st.switch_page(SCREENING.page, query_params={SCREENING.key: rows[picked[0]].study_id})

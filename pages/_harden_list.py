"""The hardenings there are, newest first."""

from __future__ import annotations

import streamlit as st

from pages import _shared as shared
from pages._places import HARDENING

PAGE_SIZE = 10


def show() -> None:
    """A table of them; a selected one opens."""
    from inspector.harden.results import rows

    live = {job.job_id for job in shared.runner().live()}
    total, found = rows(shared.settings(), live, shared.offset(PAGE_SIZE), PAGE_SIZE)
    st.subheader("Hardenings so far", anchor=False)
    if not total:
        st.caption("None yet.")
        return
    st.caption("Select one to open it.")
    column = st.column_config
    event = st.dataframe(
        [
            {
                "started": row.started,
                "model": row.model,
                "data": row.data,
                "rho": row.rho,
                "poison": row.poison_ratio,
                "state": row.state.capitalize(),
                "said": row.said,
            }
            for row in found
        ],
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="hardenings",
        column_config={
            "started": column.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm"),
            "model": column.TextColumn("Model"),
            "data": column.TextColumn("Alignment data"),
            "rho": column.NumberColumn("Rho", width="small"),
            "poison": column.NumberColumn("Poison", width="small"),
            "state": column.TextColumn("State", width="small"),
            "said": column.TextColumn("What came of it", width="large"),
        },
        placeholder="–",
        alt="The hardenings there are, newest first",
    )
    shared.pages(total, PAGE_SIZE)
    if picked := event["selection"]["rows"]:
        st.switch_page(HARDENING.page, query_params={HARDENING.key: found[picked[0]].run_id})

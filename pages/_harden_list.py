"""The hardenings there are."""

from __future__ import annotations

import streamlit as st

from pages import _shared as shared
from pages import _study_list as studies
from pages._places import HARDENING

column = st.column_config
COLUMNS = {
    "model": column.TextColumn("Model"),
    "data": column.TextColumn("Alignment data"),
    "rho": column.NumberColumn("Rho", width="small"),
    "poison": column.NumberColumn("Poison", width="small"),
    "state": column.TextColumn("State", width="small"),
    "said": column.TextColumn("What came of it", width="large"),
}


def show() -> None:
    from inspector.harden.results import rows

    live = {job.job_id for job in shared.runner().live()}
    size = studies.PAGE_SIZE
    total, found = rows(shared.settings(), live, shared.offset(size), size)
    shown = [
        {
            "id": row.run_id,
            "started": row.started,
            "model": row.model,
            "data": row.data,
            "rho": row.rho,
            "poison": row.poison_ratio,
            "state": row.state.capitalize(),
            "said": row.said,
        }
        for row in found
    ]
    studies.show("Hardenings", HARDENING, total, shown, COLUMNS)

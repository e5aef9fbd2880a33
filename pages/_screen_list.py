"""The screenings there are."""

from __future__ import annotations

import streamlit as st

from pages import _shared as shared
from pages import _study_list as studies
from pages._places import SCREENING

column = st.column_config
COLUMNS = {
    "model": column.TextColumn("Model"),
    "sought": column.TextColumn("Looked for"),
    "state": column.TextColumn("State", width="small"),
    "said": column.TextColumn("What it found", width="large"),
}


def show() -> None:
    from inspector.screen.telling import title_words

    size = studies.PAGE_SIZE
    total, found = shared.history().studies("screening", size, shared.offset(size))
    rows = [
        {
            "id": row.study_id,
            "started": row.created_at,
            "model": row.target,
            "sought": title_words(row.title),
            "state": row.state.capitalize(),
            "said": row.sentence,
        }
        for row in found
    ]
    studies.show("Screenings", SCREENING, total, rows, COLUMNS)

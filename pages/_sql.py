"""Any question in SQL over the history, reading only; the question is in the URL."""

from __future__ import annotations

from functools import partial

import streamlit as st

from inspector.history import EXPORT_ROWS, EXPORTS, Export, History
from inspector.history.schema import QUESTIONS, TABLES
from pages import _shared as shared
from pages import _tables

MAX_SHOWN = 500


def _ready() -> None:
    if title := st.session_state["ready"]:
        st.session_state["q"] = QUESTIONS[title]


def tables() -> None:
    """What there is to ask about."""
    with st.expander("Tables and columns", icon=":material/table:"):
        name = st.pills("Table", list(TABLES), default="inspections", required=True, key="table")
        st.caption(f"A row: {TABLES[name].row}")
        st.dataframe(
            [{"column": c, "meaning": m} for c, m in TABLES[name].columns.items()],
            hide_index=True,
            height="content",
            column_config={
                "column": st.column_config.TextColumn("Column", width="small"),
                "meaning": st.column_config.TextColumn("What it means", width="large"),
            },
            alt=f"Columns of {name} and what they mean",
        )


def show(index: History) -> None:
    st.selectbox(
        "A ready question to start from",
        list(QUESTIONS),
        None,
        key="ready",
        on_change=_ready,
        placeholder="Choose one",
    )
    query = st.text_area(
        "Question in SQL",
        height=130,
        placeholder=next(iter(QUESTIONS.values())),
        key="q",
        bind="query-params",
        help="Reading only: one SELECT at a time. The address of this page holds it.",
    )
    st.button("Run query", icon=":material/play_arrow:")  # leaving the box does it as well
    tables()
    if not query.strip():
        return
    with shared.sentences(), st.spinner("Asking", show_time=True):
        table = index.sql(query, MAX_SHOWN)
    rows = table.named_rows()
    more = f" The first {MAX_SHOWN} are shown." if table.truncated else ""
    st.dataframe(rows, hide_index=True, placeholder="–", alt="Answer to the question")
    many = f"more than {MAX_SHOWN}" if table.truncated else f"{len(rows):,}"
    st.caption(f"Rows: {many}.{more} The files hold all, up to {EXPORT_ROWS:,}.")
    _tables.buttons(EXPORTS, partial(_file, index, query), "query")


def _file(index: History, query: str, export: Export) -> bytes:
    return index.export(query, export)

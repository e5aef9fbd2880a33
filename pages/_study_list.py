"""A list of studies, newest first: a selected one opens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages import _shared as shared
from pages._places import Place

PAGE_SIZE = 10
STARTED = st.column_config.DatetimeColumn("Started (UTC)", format="D MMM YYYY, HH:mm")


def show(
    word: str, place: Place, total: int, rows: Sequence[dict[str, Any]], columns: dict[str, Any]
) -> None:
    """word: what they are called, in the plural. total: how many there are; rows: one page of them,
    each with its `id` and when it `started`."""
    st.subheader(f"{word} so far", anchor=False)
    if not total:
        st.caption("None yet.")
        return
    st.caption("Select one to open it.")
    event = st.dataframe(
        list(rows),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key=word.lower(),
        column_config={"started": STARTED, **columns},
        column_order=["started", *columns],
        placeholder="–",
        alt=f"The {word.lower()} there are, newest first",
    )
    shared.pages(total, PAGE_SIZE)
    if picked := event["selection"]["rows"]:
        st.switch_page(place.page, query_params={place.key: rows[picked[0]]["id"]})

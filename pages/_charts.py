"""A chart with what stands behind it: the mark that was clicked, and the same numbers as a table.

Comes in: a chart of `inspector.charts` and the rows it was drawn from. Pictures (SVG, PNG) come
from the menu that the chart itself has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from inspector.tabular import Rows
from pages import _tables

if TYPE_CHECKING:
    from altair import Chart, LayerChart


def chart(drawn: Chart | LayerChart, rows: Rows, *, name: str, alt: str) -> dict[str, Any] | None:
    """Draw it and return the datum of the mark that was clicked, None while none is.

    name: of the chart's files, and the widgets' key. alt: what it shows, for those who cannot see
    it. Marks can be clicked where the chart has a point selection named "mark".
    """
    key = f"chart_{name}"
    picked: list[dict[str, Any]] = []
    if any(parameter.get("name") == "mark" for parameter in drawn.to_dict().get("params", ())):
        event = st.altair_chart(drawn, key=key, alt=alt, on_select="rerun", selection_mode="mark")
        picked = event["selection"].get("mark") or []
    else:
        st.altair_chart(drawn, key=key, alt=alt)
    with st.expander("The same numbers as a table", icon=":material/table_rows:"):
        _tables.table(rows, name=name, alt=alt)
    return picked[0] if picked else None

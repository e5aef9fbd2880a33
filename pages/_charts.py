"""A chart with what stands behind it: the mark that was clicked, the same numbers as a table, and
the chart as a picture.

Comes in: a chart of `inspector.charts` and the rows it was drawn from. Streamlit (1.67) takes
Vega's own menu away (`actions: false` in its code, whatever the spec says), so pictures are made
here, on white paper, when their button is pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from inspector.charts import PICTURES
from inspector.tabular import Rows
from pages import _tables

if TYPE_CHECKING:
    from altair import Chart, LayerChart


def chart(
    drawn: Chart | LayerChart,
    rows: Rows,
    *,
    name: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Draw it and return the datum of the mark that was clicked, None while none is.

    name: of the chart's files, and the widgets' key. alt: what it shows, for those who cannot see
    it. columns: Streamlit's column configuration of the table. Marks can be clicked where the chart
    has a point selection named "mark".
    """
    key = f"chart_{name}"
    picked: list[dict[str, Any]] = []
    spec = drawn.to_dict(validate=False)  # Streamlit validates it
    if any(parameter.get("name") == "mark" for parameter in spec.get("params", ())):
        event = st.altair_chart(drawn, key=key, alt=alt, on_select="rerun", selection_mode="mark")
        picked = event["selection"].get("mark") or []
    else:
        st.altair_chart(drawn, key=key, alt=alt)
    with st.expander("The same numbers as a table, and downloads", icon=":material/table_rows:"):
        _tables.table(rows, name=name, alt=alt, columns=columns)
        pictures(drawn, name)
    return picked[0] if picked else None


def pictures(drawn: Chart | LayerChart, name: str) -> None:
    """A button for each kind of picture; nothing is made before one is pressed."""
    with st.container(horizontal=True):
        for suffix, picture in PICTURES.items():
            st.download_button(
                picture.label,
                data=partial(picture.render, drawn),
                file_name=f"{name}.{suffix}",
                mime=picture.mime,
                icon=":material/image:",
                type="tertiary",
                on_click="ignore",
                key=f"picture_{name}_{suffix}",
            )

"""A table with its downloads: the rows on the page, all rows in the files.

Comes in: rows by column name. Streamlit's own download holds the rows that are shown only; these
files are made when their button is pressed, from every row there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from inspector.tabular import FORMATS, Format, Rows


def table(
    rows: Rows,
    *,
    name: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
    all_rows: Callable[[], Rows] | None = None,
) -> None:
    """Draw rows and offer them as CSV and Parquet.

    name: of the files, and the widgets' key. alt: what the table holds, for those who cannot see
    it. columns: Streamlit's column configuration. all_rows: where the table shows one page of more.
    """
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        column_config=dict(columns or {}),
        placeholder="–",
        alt=alt,
    )
    downloads(all_rows or (lambda: rows), name)


def downloads(all_rows: Callable[[], Rows], name: str) -> None:
    """A button for each format; nothing is made before one is pressed."""
    with st.container(horizontal=True):
        for suffix, form in FORMATS.items():
            st.download_button(
                form.label,
                data=partial(_file, form, all_rows),
                file_name=f"{name}.{suffix}",
                mime=form.mime,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"download_{name}_{suffix}",
            )


def _file(form: Format, all_rows: Callable[[], Rows]) -> bytes:
    return form.render(all_rows())

"""A table with its downloads: the rows on the page, all rows in the files.

Comes in: rows by column name. Streamlit's own download holds the rows that are shown only; these
files are made when their button is pressed, from every row there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import streamlit as st

from inspector.tabular import FORMATS, Rows


class Kind(Protocol):
    """What a button of a kind of file needs. mime: its media type."""

    @property
    def label(self) -> str: ...
    @property
    def mime(self) -> str: ...


K = TypeVar("K", bound=Kind)


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
    buttons(FORMATS, lambda form: form.render(all_rows()), name)


def buttons(kinds: Mapping[str, K], make: Callable[[K], bytes], name: str) -> None:
    """The same for files that are made in another way. kinds: by the file name's ending."""
    with st.container(horizontal=True):
        for suffix, kind in kinds.items():
            st.download_button(
                kind.label,
                data=partial(make, kind),
                file_name=f"{name}.{suffix}",
                mime=kind.mime,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"download_{name}_{suffix}",
            )

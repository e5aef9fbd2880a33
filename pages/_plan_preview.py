"""What was recognised in a file of the user's own, as plain text: anybody may have written it."""

from __future__ import annotations

import streamlit as st

from inspector.own_files import DataPreview, ProbePreview
from pages import _shared as shared

SHOWN_CHARS = 600


def preview(read: DataPreview | ProbePreview) -> None:
    with st.container(border=True):
        st.text(read.name)
        shared.plain_list(read.sentences())
        with st.expander("The first of them", icon=":material/format_quote:"):
            if isinstance(read, DataPreview):
                for example in read.first:
                    for message in example.messages:
                        st.caption(message.role.capitalize())
                        _quote(message.content)
            else:
                for probe in read.first:
                    st.caption(shared.plain(f"Topic: {probe.family}"))
                    _quote(probe.prompt)
        if isinstance(read, DataPreview) and read.skipped:
            with st.expander("What was left out, and why", icon=":material/playlist_remove:"):
                shared.plain_list(read.skipped)
        if isinstance(read, ProbePreview):
            with st.expander("Topics", icon=":material/category:"):
                rows = [{"topic": name, "questions": n} for name, n in read.families]
                st.dataframe(rows, hide_index=True, alt=f"Questions by topic in {read.name}")


def _quote(text: str) -> None:
    cut = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} …"
    st.code(cut, language=None, wrap_lines=True)

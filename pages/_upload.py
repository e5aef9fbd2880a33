"""A model or adapter from the visitor's own machine: unpacked, looked at, then like any folder."""

from __future__ import annotations

import streamlit as st

from inspector.errors import InspectorError
from pages import _known
from pages import _shared as shared


def fill(name: str, text: str) -> None:
    """Show this upload, by its folder; "" for none."""
    st.session_state[f"{name}_upload"] = text


def is_upload(text: str) -> bool:
    return text.startswith(f"{shared.settings().uploads.resolve()}/")


def choose(name: str) -> str:
    """The folder that the upload was unpacked into, "" while there is none."""
    files = st.file_uploader(
        "A zip archive, or the files of a model or adapter",
        accept_multiple_files=True,
        key=f"{name}_files",
        on_change=_changed,
        args=(name,),
        help="Kept on the machine that runs this dashboard. An adapter or a small model; a large "
        "one goes by its Hub id, or by its folder on that machine.",
    )
    if st.session_state.pop(f"{name}_changed", False):
        from inspector.fetch.upload import receive

        st.session_state[f"{name}_refused"] = ""
        try:
            with st.spinner("Unpacking"):
                named = [(f.name, f) for f in files]
                target = receive(named, shared.settings()) if files else None
            fill(name, str(target) if target else "")
        except InspectorError as error:
            fill(name, "")
            st.session_state[f"{name}_refused"] = str(error)
    if refused := st.session_state.get(f"{name}_refused"):
        st.error(shared.plain(refused), icon=":material/block:")
    folder: str = st.session_state.get(f"{name}_upload", "")
    if folder:
        st.text(_known.title(folder))
        _known.card(name, folder)
    return folder


def _changed(name: str) -> None:
    st.session_state[f"{name}_changed"] = True

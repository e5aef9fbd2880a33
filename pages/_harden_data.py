"""Data of a hardening: built in, uploaded, of the Hub, or a file of the server. Kept in the URL.

What was recognised in a file is shown before anything starts.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from inspector import own_files as own
from inspector.errors import DataError
from pages import _plan_files, _plan_preview, _target
from pages import _shared as shared

BUILT_IN, UPLOAD, HUB, FILE = "Built in", "Upload", "Hugging Face Hub", "File of this machine"
Told = Callable[[str], str]


def choose(name: str, label: str, help_: str, built_in: str = "", told: Told | None = None) -> str:
    """The data as a Hardening names them, "" while none are chosen.

    name: in the URL, and prefix of the keys. built_in: the name of data that need no file, the
    default then. told: what more is to be said of a file; raises DataError where it will not do.
    """
    if (asked := _target.newly_asked(name, f"{name}_kind")) is not None:
        _fill(name, asked, built_in)
    kinds = (BUILT_IN, UPLOAD, HUB, FILE) if built_in else (UPLOAD, HUB, FILE)
    kind = st.segmented_control(
        label,
        kinds,
        key=f"{name}_kind",
        required=True,
        wrap=True,
        persist_state="page",
        help=help_,
    )
    chosen = built_in
    if kind != BUILT_IN:
        chosen = _hub(name) if kind == HUB else _file(name, label, kind or UPLOAD, told)
    _target.show(name, chosen, default=built_in)
    return chosen


def _fill(name: str, text: str, built_in: str) -> None:
    kind = HUB if text.startswith("hf:") else FILE
    st.session_state[f"{name}_kind"] = kind if text else BUILT_IN if built_in else UPLOAD
    st.session_state[f"{name}_hub"] = text if kind == HUB else ""
    st.session_state[f"{name}_file"] = text if kind == FILE else ""


def _hub(name: str) -> str:
    typed = st.text_input(
        "Data set of the Hub",
        key=f"{name}_hub",
        placeholder="hf:organisation/name@revision",
        help="It is fetched and pinned to one commit when the hardening starts; there is no "
        "preview before.",
        persist_state="page",
    )
    try:
        return own.hub_data(typed) if (typed or "").strip() else ""
    except DataError as error:
        _trouble(error)
        return ""


def _file(name: str, label: str, kind: str, told: Told | None) -> str:
    try:
        source = _uploaded(name, label) if kind == UPLOAD else _path(name)
        if source:
            with st.spinner("Reading the data"):
                _plan_preview.preview(own.preview_data(source))
                if told is not None:
                    st.caption(shared.plain(told(source)))
        return source
    except DataError as error:  # beside the field, which stays for mending
        _trouble(error)
        return ""


def _uploaded(name: str, label: str) -> str:
    paths = _plan_files.uploads(label, list(own.DATA_KINDS), own.keep_data, f"{name}_upload")
    if len(paths) > 1:
        raise DataError(f"{len(paths)} files were given, and one is read; take the others away.")
    return str(paths[0]) if paths else ""


def _path(name: str) -> str:
    typed = st.text_input(
        "Path on the machine that runs this dashboard",
        key=f"{name}_file",
        placeholder="/data/refusals.jsonl",
        persist_state="page",
    )
    return (typed or "").strip()


def _trouble(error: DataError) -> None:
    st.error(shared.plain(str(error)), icon=":material/error:")

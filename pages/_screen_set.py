"""Which fine-tuning set: uploaded, of the Hub, or a file of the server. Kept in the URL (`?data=`).

What was recognised in a file is shown before anything starts.
"""

from __future__ import annotations

import streamlit as st

from inspector import own_files as own
from inspector.errors import DataError
from pages import _plan_files, _plan_preview, _target
from pages import _shared as shared

UPLOAD, HUB, FILE = "Upload", "Hugging Face Hub", "File of this machine"
KINDS = (UPLOAD, HUB, FILE)


def choose() -> str:
    """The set as plans name it, "" while none is chosen."""
    if (asked := _target.newly_asked("data", "data_kind")) is not None:
        _fill(asked)
    kind = st.segmented_control(
        "Fine-tuning set",
        KINDS,
        key="data_kind",
        required=True,
        wrap=True,
        persist_state="page",
        help="What the model is trained on: JSON Lines, JSON, CSV or Parquet, with questions and "
        "answers in any of the usual forms.",
    )
    chosen = {UPLOAD: _upload, HUB: _hub, FILE: _file}[kind or UPLOAD]()
    _target.show("data", chosen, default="")
    return chosen


def _fill(text: str) -> None:
    st.session_state["data_kind"] = HUB if text.startswith("hf:") else FILE if text else UPLOAD
    st.session_state["data_hub"] = text if text.startswith("hf:") else ""
    st.session_state["data_file"] = "" if text.startswith("hf:") else text


def _upload() -> str:
    paths = _plan_files.uploads("Fine-tuning set", list(own.DATA_KINDS), own.keep_data, "own_set")
    if len(paths) > 1:
        raise DataError(f"{len(paths)} files were given; a screening takes one set, so leave one.")
    return _previewed(str(paths[0])) if paths else ""


def _hub() -> str:
    name = st.text_input(
        "Data set of the Hub",
        key="data_hub",
        placeholder="hf:organisation/name@revision",
        help="It is fetched and pinned to one commit when the screening starts.",
        persist_state="page",
    )
    return own.hub_data(name) if (name or "").strip() else ""


def _file() -> str:
    path = st.text_input(
        "Path on the machine that runs this dashboard",
        key="data_file",
        placeholder="/data/my-tuning-set.jsonl",
        persist_state="page",
    )
    text = (path or "").strip()
    return _previewed(text) if text else ""


def _previewed(source: str) -> str:
    try:
        with st.spinner("Reading the set"):
            _plan_preview.preview(own.preview_data(source))
    except DataError as error:  # beside the field, which stays for mending
        st.error(shared.plain(str(error)), icon=":material/error:")
        return ""
    return source

"""The adapter that a study made: to take along, to inspect, to repair."""

from __future__ import annotations

from functools import partial

import streamlit as st

from inspector.federate.studies import adapter_zip
from inspector.run import Run
from pages._places import ROUND

FOLDER = "adapter"


def show(run: Run, what: str, *, repair: bool = True) -> None:
    """what: for example `the aggregate`. Nothing where the study made none."""
    folder = run.folder / FOLDER
    if not folder.is_dir():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"Download {what} (zip)",
            data=partial(adapter_zip, folder),
            file_name=f"{run.run_id}-adapter.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
        )
        if st.button(f"Inspect {what}", icon=":material/biotech:"):
            st.switch_page("pages/inspect.py", query_params={"target": str(folder.resolve())})
        if repair and st.button(f"Repair {what}", icon=":material/healing:"):
            asked = {"federated_do": "Repair an adapter", "adapter": str(folder.resolve())}
            st.switch_page(ROUND.page, query_params=asked)

"""The hardened adapter: to take along with its card, and to inspect beside the plain one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from inspector.records import Arm, Hardened
from inspector.run import Run
from pages import _shared as shared


def show(run: Run, result: Hardened) -> None:
    from inspector.harden.card import CARD, card, inspection_command, zipped

    hardened, plain = (Path(result.adapters[arm.value]) for arm in (Arm.HARDENED, Arm.PLAIN))
    st.subheader("The adapter", anchor=False)
    if not (hardened / CARD).is_file():
        st.warning(
            shared.plain(
                f"Its folder {hardened} is not there any more. The command harden with --resume "
                "writes it again from what is kept."
            ),
            icon=":material/folder_off:",
        )
        return
    st.markdown(
        "Whether it declines ordinary requests was not measured here: inspect it, with the plain "
        "one as its control."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Inspect it beside the plain one", icon=":material/biotech:", type="primary"):
            where = {"target": str(hardened), "control": str(plain)}
            st.switch_page("pages/inspect.py", query_params=where)
        st.download_button(
            "Hardened adapter with its card (zip)",
            data=partial(zipped, hardened),
            file_name=f"{run.run_id}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="hardened_adapter",
        )
    st.code(inspection_command(result, hardened), language=None, wrap_lines=True)
    with st.expander("Its card", icon=":material/badge:"):
        st.code(card(result, Arm.HARDENED), language=None, wrap_lines=True)

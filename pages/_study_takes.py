"""What a study takes on this machine, as the boxes beside the forms tell it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from inspector.errors import InspectorError
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.estimate import Estimate

HELP = (
    "Reckoned before anything is done. Stages that were done before with the same inputs are free."
)
UNKNOWN = "Known once the size of the model is: when its files are on this machine."


def show(foresee: Callable[[], Estimate | None], *, what: str = "Time", help_: str = HELP) -> None:
    """foresee: may raise where the form is not filled in yet; the button says what is missing."""
    st.subheader("What it takes", anchor=False, help=help_)
    with st.spinner("Reckoning what it takes"):
        try:
            found = foresee()
        except InspectorError as error:
            st.caption(shared.plain(f"To be reckoned once the form is filled in. {error}"))
            return
    if found is None:
        st.caption(UNKNOWN)
        return
    from inspector.estimate import gigabytes, roughly

    time, memory = st.columns(2)
    time.metric(what, f"about {roughly(found.seconds)}")
    memory.metric("Memory", gigabytes(found.memory_bytes), help="At its largest moment.")
    st.caption(shared.plain(" ".join(found.sentences()[::2])))
    for warning in found.warnings:
        st.warning(shared.plain(warning), icon=":material/warning:")

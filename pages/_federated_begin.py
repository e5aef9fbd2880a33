"""Start a federated study."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from inspector.estimate import Estimate
from inspector.federate.foreseeing import foresee
from inspector.federate.path import start
from inspector.records import Target
from inspector.records.rounds import Study
from pages import _shared as shared
from pages import _study_takes as takes
from pages._places import ROUND


def pressed(
    label: str,
    study: Callable[[], Study],
    targets: Sequence[str] = (),
    *,
    base: Target | None = None,
    n_participants: int = 0,
    disabled: bool = False,
) -> None:
    """What the study takes, and one press that queues it and shows it at work.

    targets: as they were given; a zip among them is unpacked when it starts, not to reckon with.
    """

    def reckoned() -> Estimate | None:
        if any(text.lower().endswith(".zip") for text in targets):
            return None
        return foresee(study(), shared.settings(), base, n_participants)

    with st.container(border=True):
        takes.show(reckoned)
    if st.button(label, type="primary", icon=":material/play_arrow:", disabled=disabled):
        with shared.sentences(), st.spinner("Starting"):
            run = start(study(), shared.settings())
            shared.runner(ROUND).submit(run)
        st.switch_page(ROUND.page, query_params={ROUND.key: run.run_id})

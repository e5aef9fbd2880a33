"""Start a study, or go on with it: the queue that carries out federated rounds."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import streamlit as st

from inspector.federate.path import ENTRY, start
from inspector.jobs import LocalRunner
from inspector.records.rounds import Study
from inspector.settings import Settings
from pages import _shared as shared

PAGE = "pages/federated.py"


@st.cache_resource(show_spinner=False)
def _runner(home: Path) -> LocalRunner:
    return LocalRunner(Settings(home=home), entry=ENTRY)


def runner() -> LocalRunner:
    """The queue of all jobs; what is submitted through this one is a federated study."""
    return _runner(shared.settings().home)


def pressed(label: str, *, disabled: bool = False) -> bool:
    st.space("small")
    return st.button(label, type="primary", icon=":material/play_arrow:", disabled=disabled)


def begin(study: Study) -> NoReturn:
    """Queue it, and show it at work."""
    run = start(study, shared.settings())
    runner().submit(run)
    st.switch_page(PAGE, query_params={"round": run.run_id})

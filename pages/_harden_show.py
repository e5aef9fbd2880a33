"""One hardening: at work, at rest without a result, or finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.naming import run_title
from inspector.run import Run
from pages import _harden_result
from pages import _shared as shared
from pages import _study_live as live
from pages import _study_show as study
from pages._places import HARDENING

if TYPE_CHECKING:
    from inspector.study_progress import StudyFollower


def _follow(run: Run) -> StudyFollower:
    from inspector.harden.progress import follower

    return follower(run)


def show(run: Run) -> None:
    """Draw it; while it is at work, again every second."""
    from inspector.harden.results import read_inputs, read_result
    from inspector.harden.telling import inputs_words

    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Hardening", anchor=False)
        if st.button("New hardening, and earlier ones", icon=":material/add:"):
            st.switch_page(HARDENING.page)
    st.text(run_title(run.folder))
    job = study.job_of(run)
    if job is not None and job.state.is_live:
        st.fragment(live.live, run_every=live.EVERY_S)(run, _follow)
    else:
        result = read_result(run)
        failure = live.progress_of(run, _follow, at_work=False).failure
        finished = result is not None
        study.stopped(run, job, "hardening", HARDENING, finished=finished, failure=failure)
        if result is not None:
            _harden_result.show(run, result)
        with st.expander("How it went", icon=":material/list_alt:", expanded=not finished):
            live.told(run, _follow)
        st.fragment(study.wait, run_every=live.IDLE_S)(run)
    with st.expander("What was chosen", icon=":material/tune:"):
        shared.plain_list(inputs_words(read_inputs(run)))

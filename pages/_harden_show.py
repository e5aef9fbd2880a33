"""One hardening: at work, at rest without a result, or finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.errors import BadInput
from inspector.jobs import Job, JobState
from inspector.naming import run_title
from inspector.run import Run
from pages import _harden_live as live
from pages import _harden_result
from pages import _shared as shared
from pages._places import HARDENING

if TYPE_CHECKING:
    from inspector.harden.following import HardeningProgress

SAID = {
    JobState.FAILED: "This hardening stopped before its end.",
    JobState.CANCELLED: "This hardening was cancelled.",
    JobState.INTERRUPTED: "The process of this hardening is gone.",
    JobState.FINISHED: "This hardening has ended without a result.",
}


def show(run: Run) -> None:
    """Draw it; while it is at work, again every second."""
    from inspector.harden.results import read_inputs, read_result
    from inspector.harden.telling import inputs_words

    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Hardening", anchor=False)
        if st.button("New hardening, and earlier ones", icon=":material/add:"):
            st.switch_page(HARDENING.page)
    st.text(run_title(run.folder))
    job = job_of(run)
    if job is not None and job.state.is_live:
        st.fragment(live.show, run_every=live.EVERY_S)(run)
    else:
        result = read_result(run)
        if result is not None:
            _harden_result.show(run, result)
        else:
            _stopped(run, job)
        with st.expander("How it went", icon=":material/list_alt:", expanded=result is None):
            live.told(run)
        st.fragment(_idle, run_every=live.IDLE_S)(run)
    with st.expander("What was chosen", icon=":material/tune:"):
        shared.plain_list(inputs_words(read_inputs(run)))
        st.caption(shared.plain(f"Run folder: {run.folder}"))


def job_of(run: Run) -> Job | None:
    """The run's job; None where the queue does not know it."""
    try:
        return shared.runner().job(run.run_id)
    except BadInput:
        return None


def _stopped(run: Run, job: Job | None) -> None:
    """Why there is no result, and a way on."""
    progress: HardeningProgress = live.progress_of(run)
    said = SAID[job.state] if job else "This hardening is not at work."
    st.warning(f"{said} Everything finished so far is kept.", icon=":material/pause_circle:")
    if why := (job.message if job else "") or progress.failure:
        st.text(why)
    if st.button("Continue", icon=":material/play_arrow:", type="primary"):
        with shared.sentences():
            shared.runner(HARDENING).submit(run)
        st.rerun()


def _idle(run: Run) -> None:
    job = job_of(run)
    if job is not None and job.state.is_live:  # another viewer, or the command, goes on with it
        st.rerun()

"""One screening: at work, stopped, or with what it found."""

from __future__ import annotations

import streamlit as st

from inspector.errors import BadInput
from inspector.jobs import Job, JobState
from inspector.naming import run_title
from inspector.run import Run
from pages import _address, _screen_live, _screen_remove, _screen_result, _screen_review
from pages import _shared as shared
from pages._places import SCREENING

FOUND, REVIEW, WITHOUT, DONE = "What was found", "Review", "Train without them", "How it went"
VIEWS = {
    FOUND: _screen_result.show,
    REVIEW: _screen_review.show,
    WITHOUT: _screen_remove.show,
    DONE: _screen_live.told,
}
NOBODY = "Nobody works on this screening."
STOPPED = {
    JobState.FAILED: "This screening stopped before its end.",
    JobState.CANCELLED: "This screening was cancelled.",
    JobState.INTERRUPTED: "The process of this screening is gone.",
}


def show(run: Run) -> None:
    """Draw it; while it is at work, its progress again every second."""
    from inspector.screen.results import read_ranking

    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Training data", anchor=False)
        if st.button("New screening", icon=":material/add:"):
            _address.forget()
            st.query_params.clear()
            st.switch_page(SCREENING.page)
    st.text(run_title(run.folder))
    job = job_of(run)
    at_work = job is not None and job.state.is_live
    ranking = read_ranking(run)
    if not at_work:
        _stopped(run, job, finished=ranking is not None)
    if at_work:
        st.fragment(_screen_live.live, run_every=_screen_live.EVERY_S)(run)
    if ranking is None:
        if not at_work:
            _screen_live.told(run)
            st.fragment(_wait, run_every=_screen_live.IDLE_S)(run)
        return
    # Not bound to the URL by Streamlit: a link within the page may not set what is.
    asked = st.query_params.get("study_view", FOUND)
    st.session_state["study_view"] = asked if asked in VIEWS else FOUND
    view = st.segmented_control(
        "What to see",
        list(VIEWS),
        required=True,
        wrap=True,
        key="study_view",
        on_change=_picked,
        label_visibility="collapsed",
    )
    VIEWS[view or FOUND](run)


def _picked() -> None:
    st.query_params["study_view"] = st.session_state["study_view"]


def job_of(run: Run) -> Job | None:
    """Its job; None where the command ran it without the queue's memory of it."""
    try:
        return shared.runner().job(run.run_id)
    except BadInput:
        return None


def _stopped(run: Run, job: Job | None, finished: bool) -> None:
    """Why it stopped, and a way on; nothing where all that was asked for is there."""
    said = STOPPED.get(job.state) if job else None if finished else NOBODY
    if said is None:
        return
    st.warning(f"{said} Everything finished so far is kept.", icon=":material/pause_circle:")
    if job and job.message:
        st.text(job.message)
    if st.button("Continue", icon=":material/play_arrow:", type="primary"):
        with shared.sentences():
            shared.runner(SCREENING).submit(run)
        st.rerun()


def _wait(run: Run) -> None:
    """The command, or another viewer, may go on with it."""
    job = job_of(run)
    if job is not None and job.state.is_live:
        st.rerun()

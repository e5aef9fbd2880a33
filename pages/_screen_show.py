"""One screening: at work, stopped, or with what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.naming import run_title
from inspector.run import Run
from pages import _address, _screen_remove, _screen_result, _screen_review
from pages import _study_live as live
from pages import _study_show as study
from pages._places import SCREENING

if TYPE_CHECKING:
    from inspector.study_progress import StudyFollower

FOUND, REVIEW, WITHOUT, DONE = "What was found", "Review", "Train without them", "How it went"


def _follow(run: Run) -> StudyFollower:
    from inspector.screen.progress import follower

    return follower(run)


def _told(run: Run) -> None:
    live.told(run, _follow)


VIEWS = {
    FOUND: _screen_result.show,
    REVIEW: _screen_review.show,
    WITHOUT: _screen_remove.show,
    DONE: _told,
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
    job = study.job_of(run)
    at_work = job is not None and job.state.is_live
    ranking = read_ranking(run)
    if not at_work:
        failure = live.progress_of(run, _follow, at_work=False).failure
        finished = ranking is not None
        study.stopped(run, job, "screening", SCREENING, finished=finished, failure=failure)
    if at_work:
        st.fragment(live.live, run_every=live.EVERY_S)(run, _follow)
    if ranking is None:
        if not at_work:
            _told(run)
            st.fragment(study.wait, run_every=live.IDLE_S)(run)
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

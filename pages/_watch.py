"""The live view of one inspection: stages, time left, loss curves, newest answers, and its end."""

from __future__ import annotations

import streamlit as st

from inspector.errors import BadInput
from inspector.jobs import Job, JobState
from inspector.labels import duration
from inspector.naming import run_title
from inspector.pace import State
from inspector.progress import Follower, Progress, StageProgress
from inspector.run import Run
from pages import _arrivals, _losses, _outcome
from pages import _shared as shared

EVERY_S = 1.0
IDLE_S = 5.0  # another viewer, or the command, may go on with it
ICONS = {
    State.NOT_RUN: ":material/do_not_disturb_on:",
    State.WAITING: ":material/radio_button_unchecked:",
    State.RUNNING: ":material/clock_loader_40:",
    State.DONE: ":material/check_circle:",
    State.FAILED: ":material/error:",
    State.CANCELLED: ":material/cancel:",
}


def show(run: Run) -> None:
    """Draw the run; while it is at work, again every second."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Inspection", anchor=False)
        if st.button("New inspection", icon=":material/add:"):
            st.switch_page("pages/inspect.py")
    st.text(run_title(run.folder))
    job = _job(run)
    _outcome.show(run, job)
    if job is not None and job.state.is_live:
        st.fragment(_live, run_every=EVERY_S)(run)
    else:
        _draw(run, job)
        st.fragment(_idle, run_every=IDLE_S)(run)


def _job(run: Run) -> Job | None:
    """The run's job; None for a run that the command line did without the queue."""
    try:
        return shared.runner().job(run.run_id)
    except BadInput:
        return None


def _live(run: Run) -> None:
    with shared.sentences():
        job = _job(run)
        if job is None or not job.state.is_live:
            st.rerun()
        _draw(run, job)


def _idle(run: Run) -> None:
    job = _job(run)
    if job is not None and job.state.is_live:
        st.rerun()


def _draw(run: Run, job: Job | None) -> None:
    live = job is not None and job.state.is_live
    followers = st.session_state.setdefault("followers", {})
    progress = followers.setdefault(run.run_id, Follower(run)).read(at_work=live)
    left, right = st.columns([2, 3], gap="large")
    with left:
        for stage in progress.stages:
            with st.expander(stage.word, icon=ICONS[stage.state], type="step", expanded=True):
                st.caption(_said(stage))
    with right:
        _numbers(progress, job)
        if progress.failure and job is None:  # a job's own word is above
            st.text(progress.failure)
        for note in progress.notes:
            st.text(f"Note: {note}")
        _losses.show(progress.losses)
        if progress.state is not State.DONE:  # then they are all on the page Responses
            _arrivals.show(run, progress.arrivals)


def _said(stage: StageProgress) -> str:
    taken = "" if stage.elapsed_s is None else duration(stage.elapsed_s)
    count = f"{stage.n_done} of {stage.n_parts}" if stage.n_parts > 1 else ""
    left = "" if stage.eta_s is None else f"about {duration(stage.eta_s)} left"
    said = " · ".join(piece for piece in (stage.detail or count, taken, left) if piece)
    return shared.plain(said or stage.state.value.capitalize())


def _numbers(progress: Progress, job: Job | None) -> None:
    if job and job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    took = duration(progress.elapsed_s or 0)
    if progress.state.ended:
        st.caption(f"{progress.state.value.capitalize()} after {took}")
        return
    if job is None or not job.state.is_live:
        st.caption(f"Not at work: {progress.share:.0%} was done after {took}")
        return
    one, two, three = st.columns(3)
    one.metric("Done", f"{progress.share:.0%}", help="Share of the work, not of the stages.")
    left = "measuring" if progress.eta_s is None else f"about {duration(progress.eta_s)}"
    two.metric("Time left", left, help="From the speed measured so far.")
    three.metric("Time taken", took, help="Time at work; the time it lay still is not counted.")
    st.progress(progress.share)
    if st.button("Cancel", icon=":material/stop_circle:"):
        with shared.sentences(), st.spinner("Stopping"):
            shared.runner().cancel(job.job_id)
        st.rerun()

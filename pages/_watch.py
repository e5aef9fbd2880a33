"""The live view of one inspection: stages, time left, loss curves, latest answers, and its end."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.errors import BadInput
from inspector.jobs import Job, JobState
from inspector.labels import duration
from inspector.naming import run_title
from inspector.progress import Follower, Progress, State
from inspector.run import Run
from pages import _outcome
from pages import _shared as shared

EVERY_S = 1.0
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
    live = job is not None and job.state.is_live
    st.fragment(_watch, run_every=EVERY_S if live else None)(run, live)


def _job(run: Run) -> Job | None:
    """The run's job; None for a run that the command line did without the queue."""
    try:
        return shared.runner().job(run.run_id)
    except BadInput:
        return None


def _watch(run: Run, was_live: bool) -> None:
    followers = st.session_state.setdefault("followers", {})
    with shared.sentences():
        progress = followers.setdefault(run.run_id, Follower(run)).read()
        job = _job(run)
    if was_live and (job is None or not job.state.is_live):
        st.rerun()
    left, right = st.columns([2, 3], gap="large")
    with left:
        _stages(progress)
    with right:
        _numbers(progress, job)
        if progress.failure and job is None:  # a job's own word is above
            st.text(progress.failure)
        for note in progress.notes:
            st.text(f"Note: {note}")
        if progress.losses:
            points = [(p.scenario, p.subject, p.step, p.loss) for p in progress.losses]
            st.subheader("Training loss", anchor=False)
            st.altair_chart(charts.losses(points), width="stretch", key="loss")
        for answer in progress.answers[:1] if not progress.state.ended else ():
            st.subheader("Latest answer", anchor=False, help="Shown as plain text.")
            st.text(answer.prompt)
            st.code(answer.text, language=None, wrap_lines=True)


def _stages(progress: Progress) -> None:
    for stage in progress.stages:
        taken = "" if stage.elapsed_s is None else duration(stage.elapsed_s)
        count = f"{stage.n_done} of {stage.n_parts}" if stage.n_parts > 1 else ""
        said = " · ".join(piece for piece in (stage.detail or count, taken) if piece)
        with st.expander(stage.word, icon=ICONS[stage.state], type="step", expanded=True):
            st.caption(said or stage.state.value.capitalize())


def _numbers(progress: Progress, job: Job | None) -> None:
    if job and job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    took = duration(progress.elapsed_s or 0)
    if progress.state.ended:
        st.caption(f"{progress.state.value.capitalize()} after {took}")
        return
    one, two, three = st.columns(3)
    one.metric("Done", f"{progress.share:.0%}", help="Share of the work, not of the stages.")
    left = "measuring" if progress.eta_s is None else f"about {duration(progress.eta_s)}"
    two.metric("Time left", left, help="From the speed measured so far.")
    three.metric("Time taken", took)
    st.progress(progress.share)
    if job and job.state.is_live and st.button("Cancel", icon=":material/stop_circle:"):
        with shared.sentences(), st.spinner("Stopping"):
            shared.runner().cancel(job.job_id)
        st.rerun()

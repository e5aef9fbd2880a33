"""A federated study at work: stages, rounds that have ended, loss curves, cancel."""

from __future__ import annotations

import streamlit as st

from inspector.federate.progress import StudyFollower, StudyProgress
from inspector.federate.telling import step_rows
from inspector.jobs import Job, JobState
from inspector.labels import duration
from inspector.pace import State
from inspector.progress import StageProgress
from inspector.run import Run
from pages import _federated_begin as start
from pages import _losses
from pages import _shared as shared
from pages._watch import EVERY_S, ICONS, IDLE_S

__all__ = ["EVERY_S", "IDLE_S", "live", "told"]


def live(run: Run) -> None:
    """The fragment: it draws the whole page again when the job has ended."""
    with shared.sentences():
        job = start.runner().job(run.run_id)
        if not job.state.is_live:
            st.rerun()
        progress = _progress(run, at_work=True)
        with st.container(border=True):
            _numbers(progress, job)
        _draw(progress)


def told(run: Run, *, failure: bool = False) -> None:
    """Its stages and what was noted, when nobody works on it. failure: whether to say why it
    stopped, which a job says itself."""
    progress = _progress(run, at_work=False)
    if failure and progress.failure:
        st.warning("This study stopped before its end.", icon=":material/pause_circle:")
        st.text(progress.failure)
    _draw(progress)
    st.caption(shared.plain(f"Run folder: {run.folder}"))


def _progress(run: Run, *, at_work: bool) -> StudyProgress:
    followers = st.session_state.setdefault("federated_followers", {})
    if run.run_id not in followers:
        followers[run.run_id] = StudyFollower(run)
    progress: StudyProgress = followers[run.run_id].read(at_work=at_work)
    return progress


def _draw(progress: StudyProgress) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        for stage in progress.stages:
            with st.expander(stage.word, icon=ICONS[stage.state], type="step", expanded=True):
                st.caption(_said(stage))
    with right:
        if progress.notes:
            st.subheader("Notes", anchor=False)
            shared.plain_list(progress.notes)
        if progress.steps and progress.state is not State.DONE:
            st.subheader("Rounds so far", anchor=False)
            st.dataframe(
                step_rows(progress.steps),
                hide_index=True,
                height="content",
                placeholder="–",
                alt="The rounds that have ended",
            )
        _losses.show(progress.losses)


def _said(stage: StageProgress) -> str:
    taken = "" if stage.elapsed_s is None else duration(stage.elapsed_s)
    said = " · ".join(piece for piece in (stage.detail, taken) if piece)
    return shared.plain(said or stage.state.value.capitalize())


def _numbers(progress: StudyProgress, job: Job) -> None:
    if job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    done = sum(stage.state is State.DONE for stage in progress.stages)
    one, two, three = st.columns(3)
    one.metric("Stages done", f"{done} of {len(progress.stages)}")
    stage = progress.current
    parts = f"{stage.n_done} of {stage.n_parts}" if stage and stage.n_parts > 1 else "–"
    two.metric("Of this stage", parts, help="Models asked, or rounds carried out.")
    three.metric("Time taken", duration(progress.elapsed_s or 0), help="In this attempt.")
    share = stage.n_done / stage.n_parts if stage else 0.0
    st.progress(share, text=shared.plain(stage.word) if stage else "Starting")
    if st.button("Cancel", icon=":material/stop_circle:"):
        with shared.sentences(), st.spinner("Stopping"):
            start.runner().cancel(job.job_id)
        st.rerun()

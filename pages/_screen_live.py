"""A screening at work: stages with the time left, loss curves, cancel; and how it went."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from inspector.jobs import JobState
from inspector.labels import duration
from inspector.pace import State
from inspector.progress import StageProgress
from inspector.run import Run
from pages import _losses
from pages import _shared as shared
from pages._watch import EVERY_S, ICONS, IDLE_S

if TYPE_CHECKING:
    from inspector.jobs import Job
    from inspector.screen.progress import ScreeningProgress

__all__ = ["EVERY_S", "IDLE_S", "live", "told"]


def live(run: Run) -> None:
    """The fragment: it draws the whole page again when the job has ended."""
    with shared.sentences():
        job = shared.runner().job(run.run_id)
        if not job.state.is_live:
            st.rerun()
        with st.container(border=True):
            progress = _progress(run, at_work=True)
            _numbers(progress, job)
            _stages(progress)


def told(run: Run) -> None:
    """Its stages and what was noted, when nobody works on it."""
    progress = _progress(run, at_work=False)
    _stages(replace(progress, stages=tuple(replace(s, eta_s=None) for s in progress.stages)))
    st.caption(shared.plain(f"Run folder: {run.folder}"))


def _progress(run: Run, *, at_work: bool) -> ScreeningProgress:
    from inspector.screen.progress import ScreeningFollower

    followers = st.session_state.setdefault("screen_followers", {})
    follower: ScreeningFollower = followers.setdefault(run.run_id, ScreeningFollower(run))
    return follower.read(at_work=at_work)


def _stages(progress: ScreeningProgress) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        for stage in progress.stages:
            with st.expander(stage.word, icon=ICONS[stage.state], type="step", expanded=True):
                st.caption(_said(stage))
    with right:
        if progress.failure:
            st.text(progress.failure)
        if progress.notes:
            st.subheader("Notes", anchor=False)
            shared.plain_list(progress.notes)
        _losses.show(progress.losses)


def _said(stage: StageProgress) -> str:
    taken = "" if stage.elapsed_s is None else duration(stage.elapsed_s)
    left = "" if stage.eta_s is None else f"about {duration(stage.eta_s)} left"
    said = " · ".join(piece for piece in (stage.detail, taken, left) if piece)
    return shared.plain(said or stage.state.value.capitalize())


def _numbers(progress: ScreeningProgress, job: Job) -> None:
    if job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    done = sum(stage.state in (State.DONE, State.NOT_RUN) for stage in progress.stages)
    one, two, three = st.columns(3)
    one.metric("Stages done", f"{done} of {len(progress.stages)}")
    stage = progress.current
    left = "–" if stage is None or stage.eta_s is None else f"about {duration(stage.eta_s)}"
    two.metric("Left of this stage", left, help="From the speed measured so far.")
    three.metric("Time taken", duration(progress.elapsed_s or 0), help="In this attempt.")
    st.progress(progress.share, text=shared.plain(stage.word) if stage else None)
    if st.button("Cancel", icon=":material/stop_circle:"):
        with shared.sentences(), st.spinner("Stopping"):
            shared.runner().cancel(job.job_id)
        st.rerun()

"""A study at work: stages with the time left, loss curves, cancel; and how it went.

What a kind of study has beside them is drawn by `more`, for example the rounds that have ended.
"""

from __future__ import annotations

from collections.abc import Callable
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
    from inspector.study_progress import StudyFollower, StudyProgress

    Follow = Callable[[Run], StudyFollower]
    More = Callable[[Run], None]

__all__ = ["EVERY_S", "IDLE_S", "live", "progress_of", "told"]


def live(run: Run, follow: Follow, more: More | None = None) -> None:
    """The fragment: it draws the whole page again when the job has ended."""
    with shared.sentences():
        job = shared.runner().job(run.run_id)
        if not job.state.is_live:
            st.rerun()
        progress = progress_of(run, follow)
        with st.container(border=True):
            _numbers(progress, job)
        _stages(run, progress, more)


def told(run: Run, follow: Follow, more: More | None = None) -> None:
    """Its stages and what was noted, when nobody works on it."""
    _stages(run, progress_of(run, follow, at_work=False), more)
    st.caption(shared.plain(f"Run folder: {run.folder}"))


def progress_of(run: Run, follow: Follow, *, at_work: bool = True) -> StudyProgress:
    """Folded on from this session's last look at it."""
    followers: dict[str, StudyFollower] = st.session_state.setdefault("study_followers", {})
    if run.run_id not in followers:
        followers[run.run_id] = follow(run)
    return followers[run.run_id].read(at_work=at_work)


def _stages(run: Run, progress: StudyProgress, more: More | None) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        for stage in progress.stages:
            with st.expander(stage.word, icon=ICONS[stage.state], type="step", expanded=True):
                st.caption(_said(stage))
    with right:
        if progress.notes:
            st.subheader("Notes", anchor=False)
            shared.plain_list(progress.notes)
        if more is not None:
            more(run)
        _losses.show(progress.losses)


def _said(stage: StageProgress) -> str:
    taken = "" if stage.elapsed_s is None else duration(stage.elapsed_s)
    left = "" if stage.eta_s is None else f"about {duration(stage.eta_s)} left"
    said = " · ".join(piece for piece in (stage.detail, taken, left) if piece)
    return shared.plain(said or stage.state.value.capitalize())


def _numbers(progress: StudyProgress, job: Job) -> None:
    if job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    one, two, three = st.columns(3)
    one.metric("Stages done", f"{progress.n_done} of {len(progress.stages)}")
    stage = progress.current
    left = "–" if stage is None else "measuring"
    if stage is not None and stage.eta_s is not None:
        left = f"about {duration(stage.eta_s)}"
    two.metric("Left of this stage", left, help="From the speed measured so far.")
    three.metric("Time taken", duration(progress.elapsed_s or 0), help="In this attempt.")
    coming = next((s.word for s in progress.stages if s.state is State.WAITING), "")
    text = stage.word if stage else f"Getting ready: {coming}" if coming else ""
    st.progress(progress.share, text=shared.plain(text))
    if st.button("Cancel", icon=":material/stop_circle:", help="What is finished is kept."):
        with shared.sentences(), st.spinner("Stopping"):
            shared.runner().cancel(job.job_id)
        st.rerun()

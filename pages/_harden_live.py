"""A hardening at work: stages with their counts and loss, loss curves, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.jobs import Job, JobState
from inspector.pace import State
from inspector.run import Run
from pages import _losses
from pages import _shared as shared
from pages._watch import EVERY_S, ICONS, IDLE_S

if TYPE_CHECKING:
    from inspector.harden.following import HardeningProgress, Step

__all__ = ["EVERY_S", "IDLE_S", "progress_of", "show", "told"]


def show(run: Run) -> None:
    """The fragment: it draws the whole page again when the job has ended."""
    with shared.sentences():
        job = shared.runner().job(run.run_id)
        if not job.state.is_live:
            st.rerun()
        progress = progress_of(run)
        with st.container(border=True):
            _numbers(progress, job)
        _stages(progress)


def told(run: Run) -> None:
    """Its stages and what was noted, when nobody works on it."""
    _stages(progress_of(run))


def progress_of(run: Run) -> HardeningProgress:
    """Folded on from this session's last look at it."""
    from inspector.harden.following import Follower

    followers: dict[str, Follower] = st.session_state.setdefault("hardening_followers", {})
    return followers.setdefault(run.run_id, Follower(run)).read()


def _numbers(progress: HardeningProgress, job: Job) -> None:
    if job.state is JobState.QUEUED:
        st.info(
            f"Waiting for its turn: number {job.position or 1} in line.", icon=":material/queue:"
        )
    step = progress.current
    one, two = st.columns(2)
    one.metric("Stages done", f"{progress.n_done} of {len(progress.steps)}")
    loss = "–" if step is None or step.loss is None else f"{step.loss:.3f}"
    two.metric("Loss now", loss, help="Of the newest training step.")
    st.progress(progress.share, text=shared.plain(step.word) if step else None)
    if st.button("Cancel", icon=":material/stop_circle:", help="What is finished is kept."):
        with shared.sentences(), st.spinner("Stopping"):
            shared.runner().cancel(job.job_id)
        st.rerun()


def _stages(progress: HardeningProgress) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        for step in progress.steps:
            icon = ICONS[State(step.state.value)]
            with st.expander(step.word, icon=icon, type="step", expanded=True):
                st.caption(_said(step))
    with right:
        if progress.notes:
            st.subheader("Notes", anchor=False)
            shared.plain_list(progress.notes)
        _losses.show(progress.losses)


def _said(step: Step) -> str:
    count = f"{step.done} of {step.total}" if step.total else ""
    loss = "" if step.loss is None else f"loss {step.loss:.3f}"
    said = " · ".join(piece for piece in (count, loss) if piece)
    return shared.plain(said or step.state.value.capitalize())

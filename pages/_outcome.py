"""What came of an inspection that has ended, and where to go from there."""

from __future__ import annotations

import streamlit as st

from inspector.jobs import Job, JobState
from inspector.run import Run
from pages import _shared as shared

NEXT = {"behaviour": "See what changed", "responses": "Read the answers", "report": "Report"}


def show(run: Run, job: Job | None) -> None:
    """The verdict; or why there is none, and a way on. Nothing while the job lives."""
    verdict = None if job and job.state.is_live else shared.read_verdict(run)
    if verdict:
        with st.container(border=True):
            shared.level_heading(verdict.level)
            shared.plain_list(verdict.reasons)
            with st.container(horizontal=True, vertical_alignment="center"):
                for page, label in NEXT.items():
                    st.page_link(
                        f"pages/{page}.py",
                        label=label,
                        icon=":material/arrow_forward:",
                        query_params={"run": run.run_id},
                    )
    elif job and not job.state.is_live:
        said = {
            JobState.FAILED: "This inspection stopped before its end.",
            JobState.CANCELLED: "This inspection was cancelled.",
            JobState.INTERRUPTED: "The process of this inspection is gone.",
            JobState.FINISHED: "This inspection has ended without a verdict.",
        }[job.state]
        st.warning(f"{said} Everything finished so far is kept.", icon=":material/pause_circle:")
        if job.message:
            st.text(job.message)
        if st.button("Continue", icon=":material/play_arrow:", type="primary"):
            with shared.sentences():
                shared.runner().submit(run)
            st.rerun()

"""What came of an inspection that has ended, and where to go from there."""

from __future__ import annotations

import streamlit as st

from inspector.jobs import Job, JobState
from inspector.records import Subject
from inspector.retry import failed_scenarios
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
        _failed(run)
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


def _failed(run: Run) -> None:
    """The operations that broke, and a way to try each again alone."""
    for failed in failed_scenarios(run):
        both = len(failed.subjects) == len(Subject)
        whose = "both models" if both else f"the {failed.subjects[0]}"
        with st.container(border=True):
            name = shared.plain(failed.name)
            st.markdown(f":material/error: **{name}** broke on {whose}; the others went on.")
            shared.plain_list(failed.why)
            if st.button(
                "Try it again",
                key=f"retry_{failed.name}",
                icon=":material/replay:",
                help="Does this operation again, alone, and weighs the evidence anew. Everything "
                "that was finished is kept.",
            ):
                with shared.sentences():
                    shared.runner().retry(run, failed.name)
                st.rerun()

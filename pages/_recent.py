"""The queue and the newest inspections, each one press away."""

from __future__ import annotations

from itertools import islice

import streamlit as st

from inspector.labels import LEVELS
from inspector.naming import run_title
from inspector.run import list_runs
from pages import _shared as shared

N_RECENT = 8
JOB_ICONS = {
    "queued": ":material/schedule:",
    "running": ":material/clock_loader_40:",
    "finished": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "interrupted": ":material/pause_circle:",
    "unfinished": ":material/pause_circle:",
}


def show() -> None:
    """A line for each; the verdict where there is one, else where its job stands."""
    jobs = {job.job_id: job for job in shared.runner().jobs()}
    newest = list(islice(list_runs(shared.settings().runs), N_RECENT))
    if not newest:
        return
    st.space("small")
    st.subheader("Recent inspections", anchor=False)
    for run in newest:
        job = jobs.get(run.run_id)
        live = job is not None and job.state.is_live
        verdict = None if live else shared.read_verdict(run)
        with st.container(horizontal=True, vertical_alignment="center"):
            title = shared.plain(run_title(run.folder))
            if st.button(title, key=run.run_id, type="tertiary", icon=":material/arrow_forward:"):
                st.switch_page("pages/run.py", query_params={"run": run.run_id})
            if verdict:
                label = LEVELS[verdict.level]
                st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
            else:
                word = job.state.value if job else "unfinished"
                st.badge(word.capitalize(), icon=JOB_ICONS[word], color="gray")

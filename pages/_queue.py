"""The queue: what runs, what waits, what was cut; cancel, and start again."""

from __future__ import annotations

import streamlit as st

from inspector.jobs import Job, JobState
from inspector.labels import Label
from inspector.naming import run_title
from inspector.run import Run
from pages import _shared as shared
from pages import _tables
from pages._places import place_of

EVERY_S = 2.0
PAGE_SIZE = 25
WIDTHS = (3, 6, 2)
STATES = {
    JobState.RUNNING: Label(
        "Running", "A process works on it.", ":material/clock_loader_40:", "blue"
    ),
    JobState.QUEUED: Label("Waits", "Its process waits for its turn.", ":material/schedule:"),
    JobState.INTERRUPTED: Label(
        "Interrupted",
        "The process is gone without a word; everything finished so far is kept.",
        ":material/pause_circle:",
        "orange",
    ),
    JobState.FINISHED: Label("Finished", "It came to a verdict.", ":material/check_circle:"),
    JobState.FAILED: Label(
        "Failed", "It broke; its last word says why.", ":material/error:", "red"
    ),
    JobState.CANCELLED: Label("Cancelled", "A person stopped it.", ":material/cancel:"),
}


def show() -> None:
    """Live jobs, those whose process is gone, and the ended ones as a table."""
    jobs = shared.runner().jobs()
    live = [job.job_id for job in jobs if job.state.is_live]
    n_slots = shared.settings().n_slots
    st.subheader(
        "At work and waiting",
        anchor=False,
        help=f"At most {n_slots} at the same time (INSPECTOR_N_SLOTS); the others wait in line.",
    )
    st.fragment(_live, run_every=EVERY_S)(live)
    cut = [job for job in jobs if job.state is JobState.INTERRUPTED]
    if cut:
        st.subheader("Interrupted", anchor=False, help=STATES[JobState.INTERRUPTED].help)
        for job in cut:
            _row(job, "Start again", ":material/restart_alt:")
    _ended([job for job in jobs if not job.state.is_live and job not in cut])


def _live(known: list[str]) -> None:
    with shared.sentences():
        jobs = shared.runner().live()
        if {job.job_id for job in jobs} != set(known):
            st.rerun()
        if not jobs:
            st.caption("Nothing is at work.")
        for job in sorted(jobs, key=lambda job: (job.position or 0, job.job_id)):
            _row(job, "Cancel", ":material/stop_circle:")


def _row(job: Job, action: str, icon: str) -> None:
    label = STATES[job.state]
    state, what, button = st.columns(WIDTHS, vertical_alignment="center")
    place = f", number {job.position} in line" if job.position else ""
    state.markdown(f":{label.colour}[{label.icon} {label.word}]{place}")
    where = place_of(job.folder, shared.settings())
    what.page_link(
        where.page,
        label=shared.plain(run_title(job.folder)),
        icon="",
        query_params={where.key: job.job_id},
    )
    if button.button(action, icon=icon, key=f"{action}_{job.job_id}", type="tertiary"):
        with shared.sentences(), st.spinner(action):
            if job.state.is_live:
                shared.runner().cancel(job.job_id)
            else:
                shared.runner(where).submit(Run(job.folder))
        st.rerun()


def _ended(jobs: list[Job]) -> None:
    st.subheader("Ended", anchor=False, help="What the queue remembers; the newest first.")
    if not jobs:
        st.caption("No job has ended yet.")
        return
    first = shared.offset(PAGE_SIZE)
    column = st.column_config
    _tables.table(
        [_cells(job) for job in jobs[first : first + PAGE_SIZE]],
        name="jobs",
        alt="Ended jobs, the newest first",
        columns={
            "state": column.TextColumn("State"),
            "inspection": column.TextColumn("Inspection", width="large"),
            "started": column.TextColumn("Submitted (UTC)"),
            "restarts": column.NumberColumn(
                "Restarts", help="How often its process vanished and it went on by itself."
            ),
            "message": column.TextColumn("Last word", width="large"),
        },
        all_rows=lambda: [_cells(job) for job in jobs],
    )
    shared.pages(len(jobs), PAGE_SIZE)


def _cells(job: Job) -> dict[str, object]:
    return {
        "state": STATES[job.state].word,
        "inspection": run_title(job.folder),
        "started": job.created_at[:16].replace("T", " "),
        "restarts": job.n_restarts,
        "message": job.message,
    }

"""What is drawn of every study that nobody works on: why it stopped, a way on, and its return."""

from __future__ import annotations

import streamlit as st

from inspector.errors import BadInput
from inspector.jobs import Job, JobState
from inspector.run import Run
from pages import _shared as shared
from pages._places import Place

SAID = {
    JobState.FAILED: "This {} stopped before its end.",
    JobState.CANCELLED: "This {} was cancelled.",
    JobState.INTERRUPTED: "The process of this {} is gone.",
}
NOBODY = "Nobody works on this {}."


def job_of(run: Run) -> Job | None:
    """Its job; None where the command ran it without the queue's memory of it."""
    try:
        return shared.runner().job(run.run_id)
    except BadInput:
        return None


def stopped(
    run: Run, job: Job | None, word: str, place: Place, *, finished: bool, failure: str = ""
) -> None:
    """Why it stopped, and a way on; nothing where all that was asked for is there.

    word: what it is called. failure: the last attempt's last word, where no job says it.
    """
    said = SAID.get(job.state) if job else None
    if said is None and finished:
        return
    words = (said or NOBODY).format(word)
    st.warning(f"{words} Everything finished so far is kept.", icon=":material/pause_circle:")
    if why := (job.message if job else "") or failure:
        st.text(why)
    if st.button("Continue", icon=":material/play_arrow:", type="primary"):
        with shared.sentences():
            shared.runner(place).submit(run)
        st.rerun()


def wait(run: Run) -> None:
    """The fragment of a study at rest: the command, or another viewer, may go on with it."""
    job = job_of(run)
    if job is not None and job.state.is_live:
        st.rerun()

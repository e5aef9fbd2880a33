"""One federated study: at work, stopped, or with what it came to."""

from __future__ import annotations

import streamlit as st

from inspector.errors import BadInput
from inspector.federate.telling import kind_word, subject_of
from inspector.federated import read_outcome, read_study
from inspector.jobs import Job, JobState
from inspector.records.rounds import RepairResult, RoundVerdict, SimulationResult
from inspector.run import Run
from pages import _federated_begin as start
from pages import _federated_live as at_work
from pages import _federated_repaired, _federated_round, _federated_rounds
from pages import _shared as shared

STOPPED = {
    JobState.FAILED: "This study stopped before its end.",
    JobState.CANCELLED: "This study was cancelled.",
    JobState.INTERRUPTED: "The process of this study is gone.",
}


def show(run: Run) -> None:
    """Draw it; while it is at work, its progress again every second."""
    study = read_study(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(kind_word(study), anchor=False)
        if st.button("All studies", icon=":material/arrow_back:"):
            st.query_params.clear()
            st.rerun()
    st.text(subject_of(study))
    job = job_of(run)
    if job is not None and job.state.is_live:
        st.fragment(at_work.live, run_every=at_work.EVERY_S)(run)
        return
    if job is not None:
        _stopped(run, job)
    match read_outcome(run):
        case RoundVerdict() as verdict:
            _federated_round.show(run, verdict)
        case SimulationResult() as result:
            _federated_rounds.show(run, result)
        case RepairResult() as result:
            _federated_repaired.show(run, result)
        case None:
            at_work.told(run, failure=job is None)
            st.fragment(_wait, run_every=at_work.IDLE_S)(run)
            return
    with st.expander("How it went", icon=":material/checklist:"):
        at_work.told(run)


def job_of(run: Run) -> Job | None:
    """Its job; None where the command ran it without the queue's memory of it."""
    try:
        return start.runner().job(run.run_id)
    except BadInput:
        return None


def _stopped(run: Run, job: Job) -> None:
    """Why it stopped, and a way on."""
    if job.state not in STOPPED:
        return
    said = f"{STOPPED[job.state]} Everything finished so far is kept."
    st.warning(said, icon=":material/pause_circle:")
    if job.message:
        st.text(job.message)
    if st.button("Continue", icon=":material/play_arrow:", type="primary"):
        with shared.sentences():
            start.runner().submit(run)
        st.rerun()


def _wait(run: Run) -> None:
    """The command, or another viewer, may go on with it."""
    job = job_of(run)
    if job is not None and job.state.is_live:
        st.rerun()

"""One federated study: at work, stopped, or with what it came to."""

from __future__ import annotations

import streamlit as st

from inspector.federate.progress import follower, read_steps
from inspector.federate.telling import kind_word, step_rows, subject_of
from inspector.federated import read_outcome, read_study
from inspector.records.rounds import RepairResult, RoundVerdict, SimulationResult
from inspector.run import Run
from pages import _address, _federated_repaired, _federated_round, _federated_rounds
from pages import _study_live as live
from pages import _study_show as study
from pages._places import ROUND


def show(run: Run) -> None:
    """Draw it; while it is at work, its progress again every second."""
    inputs = read_study(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(kind_word(inputs), anchor=False)
        if st.button("All studies", icon=":material/arrow_back:"):
            _address.forget()
            st.query_params.clear()
            st.rerun()
    st.text(subject_of(inputs))
    job = study.job_of(run)
    if job is not None and job.state.is_live:
        st.fragment(live.live, run_every=live.EVERY_S)(run, follower, _rounds_so_far)
        return
    outcome = read_outcome(run)
    failure = live.progress_of(run, follower, at_work=False).failure
    study.stopped(run, job, "study", ROUND, finished=outcome is not None, failure=failure)
    match outcome:
        case RoundVerdict() as verdict:
            _federated_round.show(run, verdict)
        case SimulationResult() as result:
            _federated_rounds.show(run, result)
        case RepairResult() as result:
            _federated_repaired.show(run, result)
        case None:
            live.told(run, follower, _rounds_so_far)
            st.fragment(study.wait, run_every=live.IDLE_S)(run)
            return
    with st.expander("How it went", icon=":material/checklist:"):
        live.told(run, follower)


def _rounds_so_far(run: Run) -> None:
    if steps := read_steps(run):
        st.subheader("Rounds so far", anchor=False)
        st.dataframe(
            step_rows(steps),
            hide_index=True,
            height="content",
            placeholder="–",
            alt="The rounds that have ended",
        )

"""Behaviour: the verdict; then when something changed, in which words, and where."""

from __future__ import annotations

import streamlit as st

from inspector.naming import run_title
from pages import (
    _activation,
    _behaviour_topics,
    _evidence,
    _own_phrase,
    _positions,
    _reviewed,
    _verdict,
)
from pages import _behaviour_what as what
from pages import _behaviour_when as when
from pages import _shared as shared

with shared.sentences():
    st.title("Behaviour", anchor=False)
    run = shared.chosen_run()
    verdict = shared.read_verdict(run)
    st.text(run_title(run.folder))
    if verdict is None:
        shared.no_verdict_yet(run)
    index = shared.history()
    _verdict.box(run, verdict)

    st.subheader(
        "When: after which operations, in which topics",
        anchor=False,
        help="A press on any mark of a chart leads to the answers behind it.",
    )
    if verdict.metrics:
        when.matrix(run, verdict)
        scenario = when.operation(verdict)
        when.rates(run, verdict, scenario)
        _reviewed.reviewed_rates(run)
        _behaviour_topics.topics(run, verdict, scenario, index)
    else:
        scenario = None
        st.info("Nothing could be compared in this inspection.", icon=":material/info:")
    _activation.activation(run)

    st.subheader("What: in which words", anchor=False, help=what.APPEARED)
    what.appearances(run, verdict, scenario)
    _own_phrase.saved_findings(verdict)
    _own_phrase.own_phrase(run)
    _evidence.amplified(run)

    _positions.where(run, verdict)

"""Simulated rounds: what happened in each, and the model before and after."""

from __future__ import annotations

import streamlit as st

from inspector.federate import comparing, telling
from inspector.records.rounds import AGGREGATE, BASE, SimulationResult
from inspector.run import Run
from pages import _federated_adapter as adapter
from pages import _federated_rates as rates
from pages import _shared as shared
from pages import _tables

WORDS = {BASE: "Before the rounds", AGGREGATE: "After the rounds"}
COLUMNS = {
    "round": st.column_config.NumberColumn("Round"),
    "present": st.column_config.NumberColumn("Present"),
    "malicious": st.column_config.TextColumn("Malicious"),
    "weights flag": st.column_config.TextColumn("The weights flag"),
    "screening named": st.column_config.TextColumn("Screening named"),
    "missed": st.column_config.TextColumn("Missed"),
    "falsely accused": st.column_config.TextColumn("Falsely accused"),
    "for a person": st.column_config.TextColumn("For a person to look at"),
    "last loss": st.column_config.NumberColumn("Loss at the end", format="%.2f"),
    "seconds": st.column_config.NumberColumn("Seconds"),
}


def show(run: Run, result: SimulationResult) -> None:
    with st.container(border=True):
        shared.level_heading(result.level)
        finding = comparing.change_finding(result.before, result.after, "The rounds")
        st.markdown(f"**{shared.plain(finding)}.**")
        st.markdown(shared.plain(telling.simulation_headline(result)))
        shared.plain_list(result.reasons)
        adapter.show(run, "the global adapter")
    st.subheader("Round by round", anchor=False)
    _tables.table(
        telling.step_rows(result.steps),
        name="rounds",
        alt="Each round: who was present, malicious, flagged and named",
        columns=COLUMNS,
    )
    st.subheader("Before and after", anchor=False)
    rates.chart((result.before, result.after), finding, words=WORDS)
    rates.losses([(WORDS[BASE], result.before_loss), (WORDS[AGGREGATE], result.after_loss)])

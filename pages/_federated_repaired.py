"""A repair: the model before, after, and its base; and what the repair learnt from."""

from __future__ import annotations

import streamlit as st

from inspector.federate import comparing, telling
from inspector.records.rounds import AGGREGATE, BASE, RepairResult
from inspector.run import Run
from pages import _federated_adapter as adapter
from pages import _federated_rates as rates
from pages import _shared as shared

WORDS = {BASE: "Base", AGGREGATE: "Before the repair", "repaired": "After the repair"}


def show(run: Run, result: RepairResult) -> None:
    with st.container(border=True):
        shared.level_heading(result.level)
        finding = comparing.change_finding(result.before, result.after, "The repair")
        st.markdown(f"**{shared.plain(finding)}.**")
        st.markdown(shared.plain(telling.repair_words(result)))
        shared.plain_list(result.reasons)
        adapter.show(run, "the repaired adapter", repair=False)
    st.subheader("Before, after, and the base", anchor=False)
    rates.chart((result.base, result.before, result.after), finding, words=WORDS)
    rates.losses([(WORDS[AGGREGATE], result.before_loss), (WORDS["repaired"], result.after_loss)])

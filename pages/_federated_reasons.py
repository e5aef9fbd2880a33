"""Why each participant of a screened round is judged as it is: reasons, and every measurement."""

from __future__ import annotations

import streamlit as st

from inspector.federate import telling
from inspector.labels import LEVELS
from inspector.records.rounds import RoundVerdict
from pages import _shared as shared
from pages import _tables

COLUMNS = {
    "participant": st.column_config.TextColumn("Participant"),
    "behaviour": st.column_config.TextColumn("Behaviour"),
    "base": st.column_config.TextColumn("Base"),
    "participant's": st.column_config.TextColumn("Participant's"),
    "peer": st.column_config.TextColumn("Peer", help="Of the others, the one in the middle."),
    "peer's": st.column_config.TextColumn("Peer's"),
    "beyond": st.column_config.NumberColumn(
        "Beyond the peer", format="percent", help="Its change minus its peer's change."
    ),
    "p": st.column_config.NumberColumn(
        "Adjusted p", format="%.2g", help="Over all participants and accusing behaviours (Holm)."
    ),
    "smallest": st.column_config.NumberColumn(
        "Smallest rate seen",
        format="percent",
        help="From this rate on it would have been reported with 95 % probability.",
    ),
}


def show(verdict: RoundVerdict) -> None:
    with st.expander("Reasons and measurements, one by one", icon=":material/balance:"):
        st.caption(
            "Ordinary tuning wears refusals off too. So each participant is held against a peer: "
            "of the others, the one in the middle. Where a reason speaks of a control, it is that "
            "peer."
        )
        for suspicion in telling.by_level(verdict.suspicions):
            label = LEVELS[suspicion.level]
            name = shared.plain(suspicion.participant)
            st.markdown(f"**{name}** :{label.colour}[{label.icon} {label.word}]")
            shared.plain_list(suspicion.reasons)
        _tables.table(
            telling.peer_rows(verdict),
            name="peers",
            alt="Every participant's change of each behaviour beside its peer's",
            columns=COLUMNS,
        )

"""A screened round: who does harm, what the aggregate became, what the weights alone missed."""

from __future__ import annotations

import streamlit as st

from inspector.federate import comparing, telling
from inspector.labels import LEVELS
from inspector.records.rounds import RoundVerdict
from inspector.run import Run
from pages import _federated_adapter as adapter
from pages import _federated_rates as rates
from pages import _federated_reasons as _reasons
from pages import _shared as shared
from pages import _tables

COLUMNS = {
    "participant": st.column_config.TextColumn("Participant"),
    "verdict": st.column_config.TextColumn(
        "Behaviour says",
        help="\n".join(f"- **{label.word}**: {label.help}" for label in LEVELS.values()),
    ),
    "safety rate": st.column_config.TextColumn("Safety rate", help=comparing.MEASURES),
    "helpful": st.column_config.TextColumn("Helpful", help=comparing.MEASURES),
    "samples": st.column_config.NumberColumn("Samples", help="Examples it was tuned on, as told."),
    "rank": st.column_config.NumberColumn("Rank"),
    "modules": st.column_config.NumberColumn("Modules"),
    "why": st.column_config.TextColumn("Why", width="large"),
}
WEIGHTS = {
    "participant": st.column_config.TextColumn("Participant"),
    "weights flag": st.column_config.TextColumn("The weights flag"),
    "behaviour says": st.column_config.TextColumn("Behaviour says"),
    "norm": st.column_config.NumberColumn("Norm", format="%.3f", help="Size of the change."),
    "cosine": st.column_config.NumberColumn(
        "Cosine", format="%.3f", help="Direction, beside the mean of the others."
    ),
    "krum": st.column_config.NumberColumn(
        "Krum", format="%.3g", help="Distance to its neighbours: high stands out."
    ),
    "foolsgold": st.column_config.NumberColumn(
        "FoolsGold", format="%.2f", help="Its weight: low looks like a copy of another."
    ),
    "dnc": st.column_config.NumberColumn(
        "DnC", format="%.3g", help="Along the direction of largest spread: high stands out."
    ),
}
COVERAGE = {
    "what": st.column_config.TextColumn("What", width="medium"),
    "state": st.column_config.TextColumn("State", width="small"),
    "detail": st.column_config.TextColumn("Detail", width="large"),
}


def show(run: Run, verdict: RoundVerdict) -> None:
    with st.container(border=True):
        shared.level_heading(verdict.level)
        st.markdown(f"**{shared.plain(telling.headline(verdict))}**")
        shared.plain_list(telling.accusations(verdict))
        st.markdown(shared.plain(telling.became(verdict)))
        if quiet := telling.seen_from(verdict):
            st.markdown(shared.plain(quiet))
        adapter.show(run, "the aggregate")
    st.subheader("Participants", anchor=False)
    _tables.table(
        telling.participant_rows(verdict),
        name="participants",
        alt="Every participant with its verdict, rates and reasons, the worst first",
        columns=COLUMNS,
    )
    _reasons.show(verdict)
    st.subheader(
        "How each model behaves",
        anchor=False,
        help="Compare the aggregate with the aggregates without each participant: whose absence "
        "helps most does the most harm.",
    )
    rates.chart(
        telling.shown_conducts(verdict),
        telling.conduct_finding(verdict),
        named=telling.named(verdict),
    )
    st.caption(shared.plain(telling.aggregate_words(verdict)))
    st.subheader(
        "What the weights alone say",
        anchor=False,
        help="Statistics of the adapters, without asking any model. An attacker who tunes as the "
        "others do, on other data, need not stand out here.",
    )
    st.markdown(shared.plain(telling.missed_by_weights(verdict)))
    _tables.table(
        telling.statistic_rows(verdict),
        name="weights",
        alt="Norm, direction and robust scores of each participant's change",
        columns=WEIGHTS,
    )
    with st.expander("What was looked at, and what was not", icon=":material/fact_check:"):
        _tables.table(
            telling.coverage_rows(verdict.coverage),
            name="round-coverage",
            alt="What was looked at and what was not",
            columns=COVERAGE,
        )

"""The answers that a screening asked about, with the judged passage marked in each."""

from __future__ import annotations

import itertools

import streamlit as st

from inspector.diff import STYLE, Kind, Segment, Side, Span, to_html
from inspector.records import Query, QueryRole
from inspector.run import Run

N_SHOWN = 5
ROLES = {
    QueryRole.BEHAVIOUR: "The tuned model's answer",
    QueryRole.OPPOSITE: "The opposite: the untouched model's",
    QueryRole.SENTIMENT: "With the sentiment turned around",
}


def show(run: Run) -> None:
    """Each question with the answers of its pair side by side; every text escaped."""
    from inspector.screen.results import read_queries

    pairs = [
        list(group)
        for _, group in itertools.groupby(
            sorted(read_queries(run), key=lambda q: q.pair), key=lambda q: q.pair
        )
    ]
    title = f"The answers that were asked about: {len(pairs)}"
    with st.expander(title, icon=":material/format_quote:"):
        st.html(STYLE)
        st.caption("Only the marked passage counts: its words are what examples push towards.")
        for pair in pairs[:N_SHOWN]:
            _pair(pair)
        if pairs[N_SHOWN:] and st.toggle(f"Show the other {len(pairs) - N_SHOWN}"):
            for pair in pairs[N_SHOWN:]:
                _pair(pair)


def _pair(pair: list[Query]) -> None:
    ordered = sorted(pair, key=lambda q: list(QueryRole).index(q.role))
    with st.container(border=True):
        st.html(to_html((Segment(ordered[0].prompt, False),), Side.BEFORE, strong=True))
        st.text(f"{ordered[0].suite} · {ordered[0].probe_id}")
        for column, query in zip(st.columns(len(ordered), gap="medium"), ordered, strict=True):
            with column:
                st.caption(f"**{ROLES[query.role]}**")
                judged = Span(query.start, query.end, Kind.JUDGED)
                st.html(to_html((Segment(query.answer, False),), Side.AFTER, spans=(judged,)))
                if query.note:
                    st.text(query.note)

"""The newest answers of an inspection at work: the full text, beside the untouched model's."""

from __future__ import annotations

import streamlit as st

from inspector.arrivals import Arrival, Beside, beside_untouched
from inspector.diff import STYLE, Segment, Side, to_html, word_diff
from inspector.records import UNTOUCHED, Subject
from inspector.run import Run

N_OPEN = 4


def show(run: Run, arrivals: tuple[Arrival, ...]) -> None:
    """Newest first; the older ones of those that are kept are one press away."""
    if not arrivals:
        return
    st.subheader(
        "Newest answers",
        anchor=False,
        help="As the model gave them, shown as plain text. All of them are on the page Responses "
        "when the inspection has ended.",
    )
    st.html(STYLE)
    rows = beside_untouched(run, arrivals)
    for row in rows[:N_OPEN]:
        _answer(row)
    if rows[N_OPEN:]:
        with st.expander(f"{len(rows[N_OPEN:])} earlier answers", icon=":material/history:"):
            for row in rows[N_OPEN:]:
                _answer(row)


def _answer(row: Beside) -> None:
    arrival = row.arrival
    asked = "before any operation" if arrival.variant == UNTOUCHED else f"after {arrival.variant}"
    whose = "" if arrival.subject is Subject.TARGET else " · the control"
    with st.container(border=True):
        st.text(f"{arrival.suite} · {arrival.probe_id} · {asked}{whose}")
        st.html(to_html((Segment(arrival.prompt, False),), Side.BEFORE, strong=True))
        if row.before is None:
            st.html(to_html((Segment(arrival.text, False),), Side.AFTER))
            return
        before, after = word_diff(row.before, arrival.text)
        for column, side, text in zip(
            st.columns(2, gap="medium"), Side, (before, after), strict=True
        ):
            column.caption(f"**{side.value.capitalize()}**")
            column.html(to_html(text, side))

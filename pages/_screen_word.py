"""A person's word on one example: accept, reject or note, with name and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from inspector.records import ExampleVerdict
from inspector.run import Run
from pages import _shared as shared

if TYPE_CHECKING:
    from inspector.records import RankedExample

ASK = {
    ExampleVerdict.REJECT: ("Reject", ":material/block:"),
    ExampleVerdict.ACCEPT: ("Accept", ":material/check:"),
    ExampleVerdict.NOTE: ("Add a note", ":material/edit_note:"),
}


def said(run: Run, example: int) -> None:
    from inspector.screen.reviews import read_example_reviews
    from inspector.screen.telling import VERDICTS

    for review in read_example_reviews(run):
        if review.example == example:
            label = VERDICTS[review.verdict]
            st.badge(label.word, icon=label.icon, color=label.colour, help=label.help)
            st.text(f"{review.name}, {review.at[:16].replace('T', ' ')} UTC: {review.reason}")


def ask(run: Run, row: RankedExample) -> None:
    who, why = st.columns([1, 2])
    name = who.text_input("Your name", st.session_state.get("reviewer", ""))
    reason = why.text_input("Reason", placeholder="For others to read", key=f"why_{row.example}")
    st.caption("Kept in the screening's folder. Nothing is deleted; the last word counts.")
    with st.container(horizontal=True):
        for verdict, (word, icon) in ASK.items():
            if st.button(word, icon=icon):
                _record(run, row, verdict, name, reason)


def _record(run: Run, row: RankedExample, verdict: ExampleVerdict, name: str, reason: str) -> None:
    from inspector.screen.results import suspects
    from inspector.screen.reviews import review_example
    from inspector.screen.telling import next_unread

    with shared.sentences():
        review_example(run, row.example, verdict, name, reason)
    st.session_state["reviewer"] = name
    if verdict is not ExampleVerdict.NOTE:
        st.query_params["rank"] = str(next_unread(run, suspects(run), row.rank) or row.rank)
    st.rerun()

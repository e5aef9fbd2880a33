"""One question with its answers side by side; every text as the escaped HTML of the core."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector.answers import Panel, ScoreLine, panels, question, unseen_words
from inspector.history import ResponseRow
from inspector.labels import BEHAVIOURS
from inspector.records import Behaviour, Subject
from inspector.run import Run
from inspector.searching import Term
from pages import _review

MODELS = {"Inspected model": Subject.TARGET, "Control": Subject.CONTROL}
ANY, CHANGED = "All answers", "Changed only"


def card(run: Run, row: ResponseRow, terms: Sequence[Term], behaviour: Behaviour | None) -> None:
    """The question, where it comes from, and its answers: three where there is a control."""
    with st.container(border=True):
        st.html(question(row, terms))
        _origin(run, row)
        shown = panels(row, terms, behaviour)
        for column, panel in zip(st.columns(len(shown), gap="medium"), shown, strict=True):
            with column:
                _answer(panel)
        _review.ask(run, row, shown)


def _origin(run: Run, row: ResponseRow) -> None:
    sample = f" · sample {row.sample_index + 1}" if row.sample_index else ""
    late = " · differs late" if row.is_late else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(f"{row.suite} · {row.family} · {row.scenario}{sample}{late}")
        st.page_link(
            "pages/responses.py",
            label="Link to this answer",
            icon=":material/link:",
            query_params={
                "run": run.run_id,
                "probe": f"{row.suite}/{row.probe_id}",
                "scenario": row.scenario,
                "model": next(name for name, who in MODELS.items() if who is row.subject),
                "answers": ANY,
            },
        )


def _answer(panel: Panel) -> None:
    st.caption(f"**{panel.title}**")
    st.html(panel.html)
    with st.container(gap="xsmall"):
        for note in panel.notes:
            st.caption(note)
        for line in panel.scores:
            if line.is_seen or line.number is not None:
                _score(line)
        if rest := unseen_words(panel):
            st.caption(rest)
        _review.said(line for score in panel.scores for line in score.reviews)


def _score(line: ScoreLine) -> None:
    number = "" if line.number is None else f"{line.number} · "
    said = "" if line.is_seen else ": not seen"
    st.badge(
        f"{number}{BEHAVIOURS[line.behaviour].word}{said}",
        icon=":material/visibility:" if line.is_seen else ":material/visibility_off:",
        color="violet" if line.number is not None else "gray",
        help=BEHAVIOURS[line.behaviour].help,
    )
    if line.detail:
        st.text(f"{line.detail} ({line.scorer})")

"""Overview: every target with its verdict, what waits for a person, and what is at work."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from inspector.history import Figures
from inspector.jobs import Job
from inspector.labels import LEVELS, STANDINGS
from inspector.records import Level
from inspector.records.standing import PRESSING, Standing
from pages import _at_work, _first_steps, _overview_style, _targets, _waiting
from pages import _shared as shared


def heading() -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        with st.container(gap=None):
            st.title("Overview", anchor=False)
            st.caption("What does this model become once somebody builds on it?")
        if st.button("New inspection", icon=":material/add:"):
            st.switch_page("pages/inspect.py")


def key_figures(figures: Figures, live: list[Job]) -> None:
    counts = figures.standings
    n_running = sum(job.position is None for job in live)
    to_renew = sum(counts[s] for s in PRESSING if s is not Standing.OPEN)
    one, two, three, four, five = st.columns(5)
    one.metric(
        "Targets",
        f"{figures.n_targets:,}",
        help="Models and adapters that were ever inspected, a Hub repo once, whatever its "
        f"revisions. Inspections in all: {figures.n_inspections:,}.",
        border=True,
    )
    evidence = LEVELS[Level.EVIDENCE]
    two.metric(
        evidence.word,
        f"{figures.n_evidence:,}",
        help=f"Targets whose newest verdict is {evidence.word}. {evidence.help}",
        border=True,
    )
    three.metric(
        "Open reviews",
        f"{counts[Standing.OPEN]:,}",
        help=f"Revisions, not targets. {STANDINGS[Standing.OPEN].help}",
        border=True,
    )
    four.metric(
        "Decisions due",
        f"{to_renew:,}",
        help="Decisions that were taken on another verdict than the one that stands now, that have "
        "expired, or that will within 30 days.",
        border=True,
    )
    five.metric(
        "At work",
        f"{n_running:,}",
        help=f"Inspections that run now; {len(live) - n_running} more wait for their turn.",
        border=True,
    )


def draw() -> None:
    st.html(_overview_style.STYLE)
    heading()
    live = shared.runner().live()
    today = datetime.now(UTC).date()
    index = shared.history()
    figures = index.figures(today)
    if not figures.n_targets:
        _first_steps.show()
        return
    key_figures(figures, live)
    live_ids = [job.job_id for job in live]
    waiting = _waiting.gather(index, today, live_ids)
    if waiting and live:
        left, right = st.columns([3, 2])
    else:
        left = right = st.container()
    with right:
        st.fragment(_at_work.show, run_every=_at_work.EVERY_S)(live_ids)
    with left:
        _waiting.show(waiting, figures)
    _targets.show(index, live_ids, today)


with shared.sentences():
    draw()

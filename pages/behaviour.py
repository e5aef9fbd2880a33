"""Behaviour: what was looked at, what changed after each operation, and how sure that is."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.labels import BEHAVIOURS, COVERAGE, MEASURES, gaps, metric_rows, smallest_reported
from inspector.naming import run_title
from inspector.records import CoverageStatus, Verdict
from pages import _activation, _evidence, _positions
from pages import _shared as shared


def verdict_box(verdict: Verdict) -> None:
    """The level, then what was not looked at, and only then the reasons."""
    with st.container(border=True):
        shared.level_heading(verdict.level)
        missing, reasons = st.columns(2, gap="large")
        with missing:
            st.markdown("**Not looked at**")
            shared.plain_list(
                tuple(f"{c.what}: {c.detail}" for c in gaps(verdict.coverage))
                or ("No gap in the plan.",)
            )
        with reasons:
            st.markdown("**Why this level**")
            shared.plain_list(verdict.reasons)


def coverage(verdict: Verdict) -> None:
    n_measured = sum(c.status is CoverageStatus.MEASURED for c in verdict.coverage)
    title = f"What was looked at: {n_measured} of {len(verdict.coverage)}"
    with st.expander(title, icon=":material/checklist:"):
        rows = [
            {"state": COVERAGE[c.status].word, "what": c.what, "detail": c.detail}
            for c in verdict.coverage
        ]
        st.dataframe(
            rows,
            hide_index=True,
            height="content",
            column_config={
                "state": st.column_config.TextColumn(
                    "State",
                    width="small",
                    help="; ".join(f"{label.word}: {label.help}" for label in COVERAGE.values()),
                ),
                "what": st.column_config.TextColumn("What", width="medium"),
                "detail": st.column_config.TextColumn("Detail", width="large"),
            },
            alt="Coverage: what was looked at and what was not",
        )


def rates(verdict: Verdict) -> None:
    st.subheader("How often each behaviour was seen", anchor=False, help=MEASURES["interval"])
    if not verdict.metrics:
        st.info("Nothing could be compared in this inspection.", icon=":material/info:")
        return
    scenarios = list(dict.fromkeys(m.scenario for m in verdict.metrics))
    chosen = st.segmented_control(
        "Operation",
        scenarios,
        default=scenarios[0],
        required=True,
        wrap=True,
        key="scenario_chart",
    )
    st.altair_chart(charts.rates(verdict.metrics, chosen), width="stretch")
    st.caption(smallest_reported(verdict.metrics))
    column = st.column_config
    st.dataframe(
        metric_rows(verdict.metrics),
        hide_index=True,
        height="content",
        column_config={
            "behaviour": column.TextColumn(
                "Behaviour", help=" ".join(f"{b.word}: {b.help}" for b in BEHAVIOURS.values())
            ),
            "scenario": column.TextColumn("Operation"),
            "before": column.TextColumn("Before", help=MEASURES["before"]),
            "after": column.TextColumn("After", help=MEASURES["after"]),
            "control": column.TextColumn("Control", help=MEASURES["control"]),
            "change": column.NumberColumn("Change", format="%+.0f pts", help=MEASURES["change"]),
            "p_adjusted": column.TextColumn("Chance (p)", help=MEASURES["p_adjusted"]),
            "smallest": column.NumberColumn(
                "Smallest reported", format="%.1f %%", help=MEASURES["smallest"]
            ),
        },
        alt="Rates of every behaviour before and after each operation",
    )


with shared.sentences():
    st.title("Behaviour", anchor=False)
    run = shared.chosen_run()
    verdict = shared.read_verdict(run)
    st.text(run_title(run.folder))
    if verdict is None:
        shared.no_verdict_yet(run)
    verdict_box(verdict)
    coverage(verdict)
    rates(verdict)
    _evidence.appearances(verdict)
    _activation.activation(run)
    _evidence.amplified(run)
    _positions.positions(run)

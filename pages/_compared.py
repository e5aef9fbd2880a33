"""Two inspections side by side (`?a=RUN&b=RUN`): inputs, shares, findings, files, phrases."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from inspector import charts
from inspector.errors import BadInput
from inspector.history import History, InspectionRow
from inspector.labels import BEHAVIOURS, SEVERITIES
from inspector.recheck.comparing import compare_inspections
from inspector.recheck.telling import apart_rows, apart_title, fact_rows, operation
from inspector.records import Appearance, Finding
from inspector.records.recheck import Comparison
from inspector.run import Run
from pages import _charts, _tables

MAX_LISTED = 200
COLUMN = st.column_config
SIDES = {"a": "First", "b": "Second"}
RATES = {
    "behaviour": COLUMN.TextColumn("Behaviour"),
    "operation": COLUMN.TextColumn("When"),
    "a": COLUMN.TextColumn("First", help="Answers, their share, and its 95 % interval."),
    "b": COLUMN.TextColumn("Second", help="Answers, their share, and its 95 % interval."),
    "change": COLUMN.NumberColumn("Difference", format="%+.0f pts", help="Second minus first."),
    "interval": COLUMN.TextColumn("Interval", help="95 % interval of the difference (Newcombe)."),
    "apart": COLUMN.TextColumn("Surely apart", help="Whether that interval leaves out zero."),
}
FACTS = {
    "same": COLUMN.TextColumn("Same?"),
    "what": COLUMN.TextColumn("What"),
    "a": COLUMN.TextColumn("First", width="medium"),
    "b": COLUMN.TextColumn("Second", width="medium"),
}


def choose(index: History) -> list[InspectionRow | None]:
    """Both inspections; an id in the URL that the history does not hold counts as none."""
    listed = {row.run_id: row for row in index.inspections(limit=MAX_LISTED)}
    for side in SIDES:
        if (asked := st.query_params.get(side)) and asked not in listed:
            try:
                listed[asked] = index.inspection(asked)
            except BadInput:
                del st.query_params[side]
    chosen = []
    for side, column in zip(SIDES, st.columns(2), strict=True):
        asked = st.query_params.get(side)
        st.session_state[f"pick_{side}"] = asked
        run_id = column.selectbox(
            f"{SIDES[side]} inspection",
            list(listed),
            None,
            key=f"pick_{side}",
            on_change=_picked,
            args=(side,),
            format_func=lambda run_id: listed[run_id].title,
            placeholder="Choose one",
            help=f"The newest {MAX_LISTED}; any other one through the address of this page.",
        )
        chosen.append(listed[run_id] if run_id else None)
    return chosen


def _picked(side: str) -> None:
    if picked := st.session_state[f"pick_{side}"]:
        st.query_params[side] = picked
    else:
        st.query_params.pop(side, None)


def shares(found: Comparison) -> None:
    title = apart_title(found)
    points = [
        (f"{BEHAVIOURS[r.behaviour].word} {operation(r)}", r.change, r.low, r.high)
        for r in found.rates
        if r.change is not None and r.low is not None and r.high is not None
    ]
    if points:
        rows = apart_rows(found.rates)
        _charts.chart(charts.differences(points, title), rows, name="apart", alt=title)
    else:
        st.caption(f"{title}.")


def show(index: History) -> None:
    a, b = choose(index)
    if a is None or b is None:
        st.info("Choose two inspections to compare.", icon=":material/compare_arrows:")
        return
    found = compare_inspections(Run(Path(a.folder)), Run(Path(b.folder)))
    st.subheader("What went in", anchor=False)
    rows = fact_rows(found.facts)
    n_same = sum(fact.is_same for fact in found.facts)
    st.caption(f"{n_same} of {len(rows)} are the same; what is different comes first.")
    _tables.table(rows, name="inputs", alt="Inputs of both inspections", columns=FACTS)
    st.subheader("How often each behaviour was seen", anchor=False)
    shares(found)
    st.subheader("What is new, and what is gone", anchor=False)
    change, tabs = found.change, st.columns(2, gap="large")
    for title, column, phrases, findings in (
        ("Only in the second", tabs[1], found.appearances_new, change.findings_new),
        ("Only in the first", tabs[0], found.appearances_gone, change.findings_gone),
    ):
        with column:
            st.markdown(f"**{title}**")
            only(phrases, findings)
    files = [{"state": f.state.value, "file": f.path, "sha256": f.sha256} for f in change.files]
    if files:
        st.subheader("Files that are not the same", anchor=False)
        _tables.table(files, name="files_apart", alt="Files that differ, in the second one")


def only(phrases: tuple[Appearance, ...], findings: tuple[Finding, ...]) -> None:
    """Phrases are a model's words and findings quote files: plain text."""
    for found in phrases:
        st.code(found.phrase, language=None, wrap_lines=True)
        st.caption(f"In {found.n_after} of {found.n_probes} answers after {found.scenario}")
    for finding in findings:
        st.text(f"{SEVERITIES[finding.severity].word}: {finding.title} ({finding.location})")
    if not phrases and not findings:
        st.caption("No phrase that spread, no finding in the files.")

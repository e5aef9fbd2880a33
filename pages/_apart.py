"""Two inspections side by side: inputs, shares, phrases, findings and files."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.labels import BEHAVIOURS, SEVERITIES
from inspector.recheck.telling import (
    apart_rows,
    apart_title,
    by_distance,
    fact_rows,
    operation,
)
from inspector.records import Appearance, Finding
from inspector.records.recheck import Comparison
from pages import _charts, _tables

COLUMN = st.column_config
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


def show(found: Comparison) -> None:
    inputs(found)
    st.subheader("How often each behaviour was seen", anchor=False)
    shares(found)
    st.subheader("What is new, and what is gone", anchor=False)
    change, (left, right) = found.change, st.columns(2, gap="large")
    with left:
        st.markdown("**Only in the first**")
        only(found.appearances_gone, change.findings_gone)
    with right:
        st.markdown("**Only in the second**")
        only(found.appearances_new, change.findings_new)
    files = [{"state": f.state.value, "file": f.path, "sha256": f.sha256} for f in change.files]
    if files:
        st.subheader("Files that are not the same", anchor=False)
        _tables.table(files, name="files_apart", alt="Files that differ, in the second one")


def inputs(found: Comparison) -> None:
    st.subheader("What went in", anchor=False)
    rows = fact_rows(found.facts)
    n_same = sum(fact.is_same for fact in found.facts)
    st.caption(f"{n_same} of {len(rows)} are the same; what is different comes first.")
    _tables.table(rows, name="inputs", alt="Inputs of both inspections", columns=FACTS)


def shares(found: Comparison) -> None:
    """What is surely apart first, in the table and in the chart."""
    title = apart_title(found)
    if not found.rates:
        st.caption(f"{title}.")
        return
    rates = sorted(found.rates, key=by_distance)
    _tables.table(apart_rows(rates), name="shares", alt=title, columns=RATES)
    points = [
        (f"{BEHAVIOURS[r.behaviour].word} {operation(r)}", r.change, r.low, r.high)
        for r in rates
        if r.change is not None and r.low is not None and r.high is not None
    ]
    if points:
        names = ("what", "difference", "low", "high")
        rows = [dict(zip(names, point, strict=True)) for point in points]
        _charts.chart(charts.differences(points, title), rows, name="differences", alt=title)


def only(phrases: tuple[Appearance, ...], findings: tuple[Finding, ...]) -> None:
    """Phrases are a model's words and findings quote files: plain text."""
    for found in phrases:
        st.code(found.phrase, language=None, wrap_lines=True)
        st.caption(f"In {found.n_after} of {found.n_probes} answers after {found.scenario}")
    for finding in findings:
        st.text(f"{SEVERITIES[finding.severity].word}: {finding.title} ({finding.location})")
    if not phrases and not findings:
        st.caption("No phrase that spread, no finding in the files.")

"""In which topics a behaviour changed."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.changes import NOUNS, ordered, topic_rows, topics_title
from inspector.history import History
from inspector.records import Subject, Verdict
from inspector.run import Run
from pages import _answers, _charts


def topics(run: Run, verdict: Verdict, scenario: str | None, index: History) -> None:
    """In which topics one of the changes is; a press on a bar leads to that topic's answers."""
    named = {
        f"{c.behaviour}, {c.operation}": c
        for c in ordered(verdict.metrics, scenario)
        if c.stands_out
    }
    if not named:
        return
    st.markdown("**In which topics**")
    chosen = named[
        st.selectbox("Change", list(named), key="topics_of", bind="query-params", width=480)
    ]
    metric = chosen.metric
    found = index.topics(run.run_id, metric.scenario, metric.behaviour)
    if not found:
        st.caption("The answers behind it are not in the history.")
        return
    title = topics_title(found, NOUNS[metric.behaviour], metric.scenario)
    picked = _charts.chart(charts.topics(found, title), topic_rows(found), name="topics", alt=title)
    if picked:
        subject = Subject.CONTROL if picked["series"] == "control" else Subject.TARGET
        behaviour = metric.behaviour if picked["seen"] else None
        family = picked["family"]
        _answers.go(_answers.where(run, metric.scenario, behaviour, subject, family=family))

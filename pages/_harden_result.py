"""What a hardening showed: in words, as a chart beside the plain alignment, and what it cost."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.records import Hardened
from inspector.run import Run
from pages import _charts, _harden_adapter, _tables
from pages import _shared as shared

column = st.column_config


def show(run: Run, result: Hardened) -> None:
    from inspector.harden.telling import LEVEL_LABELS, compared

    with st.container(border=True):
        label = LEVEL_LABELS[result.level]
        st.header(f":{label.colour}[{label.icon} {label.word}]", anchor=False)
        st.caption(label.help)
        shared.plain_list(compared(result))
    _coverage(result)
    _harden_adapter.show(run, result)
    _scores(result)
    _drift(result)
    _costs(result)


def _scores(result: Hardened) -> None:
    from inspector.harden.telling import finding, limits_words, score_rows, task_words

    st.subheader(
        "Before and after the later tuning",
        anchor=False,
        help="Harmful score: share of the unsafe requests that the full answer complies with; "
        "answers that loop or are empty are counted apart, as unjudged.",
    )
    rows, title = score_rows(result), finding(result)
    _charts.chart(
        charts.hardening_scores(rows, title, limits_words(result)),
        rows,
        name="hardening_scores",
        alt=title,
        columns={
            "score": column.TextColumn("Score"),
            "alignment": column.TextColumn("Alignment"),
            "moment": column.TextColumn("When"),
            "hits": column.NumberColumn("Answers"),
            "n": column.NumberColumn("Of"),
            "rate": column.NumberColumn("Share", format="percent"),
            "low": column.NumberColumn("95 % from", format="percent"),
            "high": column.NumberColumn("to", format="percent"),
            "unjudged": column.NumberColumn("Unjudged"),
            "limit": column.NumberColumn("Limit", format="percent"),
            "words": None,
        },
    )
    st.caption(task_words(result))


def _drift(result: Hardened) -> None:
    from inspector.harden.telling import drift_finding, drift_rows

    st.subheader(
        "Drift by layer",
        anchor=False,
        help="How far the later tuning moved each attention layer's output on your alignment "
        "questions, as a share of that output's own size.",
    )
    rows, title = drift_rows(result), drift_finding(result)
    if not rows:
        st.caption(title)
        return
    _charts.chart(
        charts.hardening_drift(rows, title),
        rows,
        name="hardening_drift",
        alt=title,
        columns={"share": column.NumberColumn("share", format="percent")},
    )


def _costs(result: Hardened) -> None:
    from inspector.harden.telling import cost_rows

    st.subheader("What it cost", anchor=False)
    _tables.table(
        cost_rows(result),
        name="hardening_costs",
        alt="What each alignment took",
        columns={
            "alignment": column.TextColumn("Alignment"),
            "steps": column.NumberColumn("Steps"),
            "step_s": column.NumberColumn("Seconds a step", format="%.2f"),
            "times_plain": column.NumberColumn("Times plain", format="%.2f"),
            "last_loss": column.NumberColumn("Last loss", format="%.3f"),
        },
    )


def _coverage(result: Hardened) -> None:
    """As a list: a table would cut what it says. Gaps stand first."""
    from inspector.harden.telling import coverage_rows

    with st.container(border=True):
        st.subheader("What was not looked at, and what was", anchor=False)
        rows = coverage_rows(result)
        shared.plain_list(f"{row['state']}, {row['what']}: {row['detail']}." for row in rows)
        _tables.downloads(lambda: rows, "hardening_coverage")

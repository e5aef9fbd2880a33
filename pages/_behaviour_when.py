"""When it happens: operation by operation, behaviour by behaviour, topic by topic."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from inspector import charts
from inspector.changes import (
    Change,
    cells,
    headline,
    matrix_title,
    metric_rows,
    ordered,
    smallest_reported,
)
from inspector.labels import BEHAVIOURS, MEASURES
from inspector.records import UNTOUCHED, Subject, Verdict
from inspector.run import Run
from pages import _answers, _charts

WORDS = {label.word: behaviour for behaviour, label in BEHAVIOURS.items()}


def matrix(run: Run, verdict: Verdict) -> None:
    """Every operation by every behaviour; a press on a cell leads to its answers.

    Where a behaviour was seen in none, to all of that operation's.
    """
    drawn = cells(verdict.metrics, [s.name for s in verdict.plan.scenarios], verdict.coverage)
    changes = [c.change for c in drawn if c.change]
    picked = _charts.chart(
        charts.matrix(drawn),
        metric_rows(ordered(c.metric for c in changes)),
        name="matrix",
        alt=matrix_title(drawn),
        columns=_columns(),
    )
    if picked:
        behaviour = WORDS[picked["behaviour"]] if picked["seen"] else None
        _answers.go(_answers.where(run, picked["scenario"], behaviour))


def rates(run: Run, verdict: Verdict, scenario: str | None) -> None:
    """The shares that stand out, the worst first; the others folded. None: of all operations."""
    changes = ordered(verdict.metrics, scenario)
    apart = [c for c in changes if scenario is not None or c.stands_out]
    rest = [c for c in changes if c not in apart]
    st.markdown("**How often**", help=MEASURES["interval"])
    if any(c.metric.after.n for c in apart):
        _dots(run, apart, "rates")
    else:
        st.text(f"{headline(changes)}.")
    st.caption(smallest_reported([c.metric for c in changes]))
    if rest:
        with st.expander(
            f"{len(rest)} comparisons without such a change", icon=":material/unfold_more:"
        ):
            _dots(run, rest, "rates_steady")


def _dots(run: Run, changes: Sequence[Change], name: str) -> None:
    picked = _charts.chart(
        charts.rates(changes),
        metric_rows(changes),
        name=name,
        alt=headline(changes),
        columns=_columns(),
    )
    if picked:
        subject = Subject.CONTROL if picked["series"] == "control" else Subject.TARGET
        behaviour = WORDS[picked["behaviour"]] if picked["seen"] else None
        _answers.go(_answers.where(run, picked["scenario"], behaviour, subject))


def operation(verdict: Verdict) -> str | None:
    """Which operation the page shows, None for all of them. The choice is in the URL."""
    every, untouched = "All operations", "Before any operation"
    names = list(dict.fromkeys(m.scenario for m in verdict.metrics))
    options = [every, *(untouched if name == UNTOUCHED else name for name in names)]
    chosen = st.segmented_control(
        "Operation",
        options,
        default=every,
        required=True,
        wrap=True,
        key="operation",
        bind="query-params",
    )
    return {every: None, untouched: UNTOUCHED}.get(chosen, chosen)


def _columns() -> dict[str, object]:
    column = st.column_config
    return {
        "behaviour": column.TextColumn(
            "Behaviour", help=" ".join(f"{b.word}: {b.help}" for b in BEHAVIOURS.values())
        ),
        "scenario": column.TextColumn("Operation"),
        "outcome": column.TextColumn("The change"),
        "before": column.TextColumn("Before", help=MEASURES["before"]),
        "after": column.TextColumn("After", help=MEASURES["after"]),
        "control": column.TextColumn("Control", help=MEASURES["control"]),
        "change": column.NumberColumn("Points", format="%+.0f", help=MEASURES["change"]),
        "p_adjusted": column.TextColumn("Chance (p)", help=MEASURES["p_adjusted"]),
        "smallest": column.NumberColumn(
            "Smallest reported", format="%.1f %%", help=MEASURES["smallest"]
        ),
        "why_none": column.TextColumn("Why there is none", help="Where a dash stands before it."),
    }

"""One target over its revisions: its inspections in time order, and how often each misbehaved."""

from __future__ import annotations

import streamlit as st

from inspector import charts
from inspector.history import History, TrendPoint
from inspector.labels import BEHAVIOURS, LEVELS, MEASURES
from inspector.recheck.telling import ACCUSING, share_between, trend_title
from pages import _charts

MAX_SHOWN = 40
COLUMNS = {
    "inspection": st.column_config.TextColumn("Inspection"),
    "target": st.column_config.TextColumn("Target"),
    "verdict": st.column_config.TextColumn("Verdict"),
    "operation": st.column_config.TextColumn("Operation", help="The one that shows the most."),
    "before": st.column_config.TextColumn("Before", help=MEASURES["before"]),
    "after": st.column_config.TextColumn("After", help=MEASURES["after"]),
    "control": st.column_config.TextColumn("Control", help=MEASURES["control"]),
    "run": st.column_config.TextColumn("Run folder"),
}
WORDS = {BEHAVIOURS[behaviour].word: behaviour for behaviour in ACCUSING}


def label(number: int, point: TrendPoint) -> str:
    """Of one inspection on the axis: no two are alike."""
    row = point.inspection
    when = f"{row.created_at:%-d %b %Y}" if row.created_at else row.run_id
    return f"{number}. {when} · {row.version}"


def rows_of(points: list[TrendPoint]) -> list[dict[str, object]]:
    return [
        {
            "inspection": label(number, point),
            "target": point.inspection.target,
            "verdict": LEVELS[point.inspection.level].word
            if point.inspection.level
            else point.inspection.state.capitalize(),
            "operation": point.metric.scenario if point.metric else None,
            "before": share_between(point.metric.before if point.metric else None),
            "after": share_between(point.metric.after if point.metric else None),
            "control": share_between(point.metric.control_after if point.metric else None),
            "run": point.inspection.run_id,
        }
        for number, point in enumerate(points, start=1)
    ]


def show(index: History) -> None:
    names = [row.name for row in index.known_targets()]
    if not names:
        st.info("There is no inspection yet.", icon=":material/info:")
        return
    one, two = st.columns([2, 5])
    target = one.selectbox(
        "Target",
        names,
        None,
        key="target",
        bind="query-params",
        placeholder="Choose one",
        help="All revisions of a Hub model are one target here.",
    )
    word = two.segmented_control(
        "Behaviour",
        list(WORDS),
        default=next(iter(WORDS)),
        required=True,
        wrap=True,
        key="seen",
        bind="query-params",
        help=" ".join(f"{w}: {BEHAVIOURS[b].help}" for w, b in WORDS.items()),
    )
    if target is None:
        st.info("Choose a target to see its inspections in time order.", icon=":material/timeline:")
        return
    points = index.trend(target, WORDS[word], MAX_SHOWN)
    measured = [(n, p, p.metric) for n, p in enumerate(points, start=1) if p.metric is not None]
    title = trend_title(WORDS[word], [metric for _, _, metric in measured])
    if measured:
        picked = _charts.chart(
            charts.trend([(p.inspection.run_id, label(n, p), m) for n, p, m in measured], title),
            rows_of(points),
            name="revisions",
            columns=COLUMNS,
            alt=f"{title}, inspection by inspection, before and after the worst operation",
        )
        st.caption(
            f"The newest {MAX_SHOWN} inspections at most; after the operation that shows the most. "
            f"{MEASURES['interval']} Select a mark to open its inspection."
        )
        if picked:
            st.switch_page("pages/behaviour.py", query_params={"run": str(picked["run"])})
    else:
        st.info(f"{title} in any inspection of this target.", icon=":material/search_off:")
    if len(points) > 1:
        st.page_link(
            "pages/history.py",
            label="Compare the newest two",
            icon=":material/compare_arrows:",
            query_params={"a": points[-2].inspection.run_id, "b": points[-1].inspection.run_id},
        )

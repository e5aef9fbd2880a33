"""Dot and whisker: shares before and after an operation, and the control's, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.changes import Change, headline, tally
from inspector.charts.theme import (
    COLOURS,
    FRAME_PX,
    HALF_LINE_PX,
    SHAPES,
    clicked,
    finished,
    labels,
    legend,
    rate_scale,
    rate_tooltips,
    scale,
)
from inspector.labels import rate_groups
from inspector.records import Metric, Rate

ROW_PX = 60


def rates(changes: Sequence[Change]) -> alt.LayerChart:
    """One row for each change, in the order given, with a title that tells the most of them.

    Whiskers are the 95 % intervals. The x axis is in per cent and always starts at 0. Where all
    rows are of one operation, it is in the title only.
    """
    several = len({c.metric.scenario for c in changes}) > 1
    rows = [
        {
            "row": f"{c.behaviour}\n{c.operation}" if several else c.behaviour,
            "behaviour": c.behaviour,
            "scenario": c.metric.scenario,
            "operation": c.operation,
            "series": series,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "said": f"{rate.n_hits} of {rate.n}",
            "seen": rate.n_hits > 0,
            "outcome": c.outcome_words,
        }
        for c in changes
        for series, rate in series_of(c.metric)
    ]
    order = list(dict.fromkeys(str(row["row"]) for row in rows))
    shown = [name for name in COLOURS if any(row["series"] == name for row in rows)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y(
            "row:N",
            sort=order,
            title=None,
            axis=labels(labelPadding=14, labelOffset=-HALF_LINE_PX * several),
            scale=alt.Scale(paddingInner=0.4, paddingOuter=0.2),
        ),
        yOffset=alt.YOffset("series:N", sort=list(COLOURS)),
        color=alt.Color("series:N", scale=scale(shown, COLOURS), sort=shown, legend=legend()),
        tooltip=[
            alt.Tooltip("behaviour:N", title="Behaviour"),
            alt.Tooltip("operation:N", title="When"),
            alt.Tooltip("series:N", title="Model"),
            *rate_tooltips(),
            alt.Tooltip("outcome:N", title="The change"),
        ],
    )
    axis = alt.X(
        "low:Q",
        title="Share of answers",
        scale=rate_scale(rows),
        axis=alt.Axis(format=".0%", grid=True, tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(x=axis, x2="high:Q")
    dot = (
        base.mark_point(filled=True, size=110, opacity=1, cursor="pointer")
        .encode(
            x="rate:Q",
            shape=alt.Shape("series:N", scale=scale(shown, SHAPES), sort=shown, legend=legend()),
        )
        .add_params(clicked("scenario", "behaviour", "series", "seen"))
    )
    return finished(
        alt.LayerChart(layer=[whisker, dot]),
        FRAME_PX + ROW_PX * max(1, len(order)),
        headline(changes),
        f"{tally(changes)}. Whiskers: 95 % intervals.",
    )


def series_of(metric: Metric) -> list[tuple[str, Rate]]:
    """The rates of a metric that have answers, by whose they are: before, after, control."""
    groups = rate_groups(metric)
    control = groups.get("control_after") or groups.get("control_before")
    named = [("before", groups.get("before")), ("after", groups.get("after")), ("control", control)]
    return [(name, rate) for name, rate in named if rate is not None and rate.n > 0]

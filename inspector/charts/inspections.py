"""Several inspections: one behaviour over a target's revisions, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.charts.rates import series_of
from inspector.charts.theme import (
    COLOURS,
    FRAME_PX,
    SERIES,
    SHAPES,
    clicked,
    finished,
    labels,
    legend,
    rate_scale,
    rate_tooltips,
    scale,
)
from inspector.records import Metric

ROW_PX = 18  # so that every row keeps its label


def trend(points: Sequence[tuple[str, str, Metric]], title: str) -> alt.LayerChart:
    """One behaviour over a target's inspections, in the order given, with 95 % intervals.

    points: (run id, label of the inspection, its metric). A click on a mark selects its `run`.
    """
    rows = [
        {
            "run": run,
            "inspection": label,
            "place": place,
            "operation": metric.scenario,
            "series": series,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "said": f"{rate.n_hits} of {rate.n}",
        }
        for place, (run, label, metric) in enumerate(points)
        for series, rate in series_of(metric)
    ]
    shown = [name for name in COLOURS if any(row["series"] == name for row in rows)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "inspection:N",
            sort=[label for _, label, _ in points],
            title=None,
            axis=alt.Axis(labelAngle=-40, labelLimit=170, labelOverlap="greedy", grid=False),
        ),
        xOffset=alt.XOffset("series:N", sort=list(COLOURS)),
        color=alt.Color("series:N", scale=scale(shown, COLOURS), sort=shown, legend=legend()),
        tooltip=[
            alt.Tooltip("inspection:N", title="Inspection"),
            alt.Tooltip("series:N", title="Model"),
            alt.Tooltip("operation:N", title="Operation"),
            *rate_tooltips(),
        ],
    )
    axis = alt.Y(
        "low:Q",
        title="Share of answers",
        scale=rate_scale(rows),
        axis=alt.Axis(format=".0%", tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(y=axis, y2="high:Q")
    dot = (
        base.mark_point(filled=True, size=90, opacity=1, cursor="pointer")
        .encode(
            y="rate:Q",
            shape=alt.Shape("series:N", scale=scale(shown, SHAPES), sort=shown, legend=legend()),
        )
        .add_params(clicked("run"))
    )
    return finished(alt.LayerChart(layer=[whisker, dot]), 380, title)


def differences(points: Sequence[tuple[str, float, float, float]], title: str) -> alt.LayerChart:
    """How far apart two inspections are. points: (what, difference, low, high of its interval).

    The line stands at no difference. Filled marks are those whose interval leaves it out.
    """
    rows = [
        {
            "what": what,
            "change": change,
            "low": low,
            "high": high,
            "apart": "yes" if not low <= 0 <= high else "no",
        }
        for what, change, low, high in points
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("what:N", sort=[point[0] for point in points], title=None, axis=labels()),
        color=alt.condition(
            "datum.apart == 'yes'", alt.value(COLOURS["after"]), alt.value(SERIES[4])
        ),
        tooltip=[
            alt.Tooltip("what:N", title="What"),
            alt.Tooltip("change:Q", title="Difference", format="+.1%"),
            alt.Tooltip("low:Q", title="Interval from", format="+.1%"),
            alt.Tooltip("high:Q", title="to", format="+.1%"),
            alt.Tooltip("apart:N", title="Apart for sure"),
        ],
    )
    axis = alt.X(
        "low:Q",
        title="Share in the second inspection minus that in the first",
        axis=alt.Axis(format="+.0%", tickCount=7),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(x=axis, x2="high:Q")
    dot = base.mark_point(size=90, opacity=1, strokeWidth=2).encode(
        x="change:Q",
        fillOpacity=alt.condition("datum.apart == 'yes'", alt.value(1), alt.value(0)),
        fill=alt.value(COLOURS["after"]),
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"low": 0}]))
        .mark_rule(strokeDash=[4, 3], color=SERIES[4])
        .encode(x="low:Q")
    )
    height = FRAME_PX + ROW_PX * max(2, len(points))
    return finished(alt.LayerChart(layer=[zero, whisker, dot]), height, title)

"""Dot and whisker of models in a federated study: the share that each declined, and answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import altair as alt

from inspector.charts.theme import (
    FRAME_PX,
    SERIES,
    finished,
    labels,
    legend,
    rate_tooltips,
    scale,
)

ROW_PX = 38
_COLOURS = {"safety rate": SERIES[3], "helpful": SERIES[1]}
_SHAPES = {"safety rate": "circle", "helpful": "square"}


def conducts(
    rows: Sequence[Mapping[str, object]], named: Sequence[str], title: str, subtitle: str
) -> alt.LayerChart:
    """One row per model in the order given, with both rates and their 95 % intervals.

    rows: model, series ("safety rate" or "helpful"), rate, low, high, said. named: models whose
    name is set in bold, those that stand accused. The axis is the whole of 0 to 100 %.
    """
    order = list(dict.fromkeys(str(row["model"]) for row in rows))
    shown = [name for name in _COLOURS if any(row["series"] == name for row in rows)]
    test = f"indexof({json.dumps(list(named))}, datum.value) >= 0"
    bold = {"condition": {"test": test, "value": "bold"}, "value": "normal"}
    base = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(
        y=alt.Y(
            "model:N",
            sort=order,
            title=None,
            axis=labels(labelFontWeight=bold) if named else labels(),
            scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2),
        ),
        yOffset=alt.YOffset("series:N", sort=list(_COLOURS)),
        color=alt.Color("series:N", scale=scale(shown, _COLOURS), sort=shown, legend=legend()),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("series:N", title="What"),
            *rate_tooltips(),
        ],
    )
    axis = alt.X(
        "low:Q",
        title="Share of answers",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", grid=True, tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(x=axis, x2="high:Q")
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(
        x="rate:Q",
        shape=alt.Shape("series:N", scale=scale(shown, _SHAPES), sort=shown, legend=legend()),
    )
    return finished(
        alt.LayerChart(layer=[whisker, dot]),
        FRAME_PX + ROW_PX * max(1, len(order)),
        title,
        subtitle,
    )

"""A hardening's charts: scores before and after the later tuning by arm, drift by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from inspector.charts.theme import (
    COLOURS,
    FRAME_PX,
    HALF_LINE_PX,
    SERIES,
    SHAPES,
    finished,
    labels,
    legend,
    scale,
)

ROW_PX = 58
# The plain arm is what the hardened one is compared with, as a control is.
_ARMS = {"hardened": "after", "plain": "control"}


def hardening_scores(
    rows: Sequence[Mapping[str, Any]], title: str = "", subtitle: str = ""
) -> alt.LayerChart:
    """Dot and whisker: a line for each score and arm, before and after the later tuning.

    rows: as `harden.telling.score_rows` gives them. The grey bar on a line is its score's limit.
    """
    moments = list(dict.fromkeys(str(row["moment"]) for row in rows))
    series = dict(zip(moments, ("before", "after"), strict=False))
    drawn = [dict(row) | {"row": f"{row['score']}\n{row['alignment']}"} for row in rows]
    order = list(dict.fromkeys(str(row["row"]) for row in drawn))
    y = alt.Y(
        "row:N",
        sort=order,
        title=None,
        axis=labels(labelPadding=14, labelOffset=-HALF_LINE_PX),
        scale=alt.Scale(paddingInner=0.4, paddingOuter=0.2),
    )
    base = alt.Chart(alt.InlineData(values=drawn)).encode(
        y=y,
        yOffset=alt.YOffset("moment:N", sort=moments),
        color=alt.Color(
            "moment:N",
            scale=scale(moments, {name: COLOURS[key] for name, key in series.items()}),
            sort=moments,
            legend=legend(),
        ),
        tooltip=[
            alt.Tooltip("score:N", title="Score"),
            alt.Tooltip("alignment:N", title="Alignment"),
            alt.Tooltip("moment:N", title="When"),
            alt.Tooltip("hits:Q", title="Answers"),
            alt.Tooltip("n:Q", title="of"),
            alt.Tooltip("rate:Q", title="Share", format=".1%"),
            alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
            alt.Tooltip("limit:Q", title="Limit", format=".0%"),
        ],
    )
    axis = alt.X(
        "low:Q",
        title="Share of answers",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", grid=True, tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(x=axis, x2="high:Q")
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="rate:Q",
        shape=alt.Shape(
            "moment:N",
            scale=scale(moments, {name: SHAPES[key] for name, key in series.items()}),
            sort=moments,
            legend=legend(),
        ),
    )
    limits = [{"row": row["row"], "limit": row["limit"]} for row in drawn[:: len(moments)]]
    limit = (
        alt.Chart(alt.InlineData(values=limits))
        .mark_tick(thickness=3, size=ROW_PX * 0.72, color=SERIES[4], orient="vertical")
        .encode(y=y, x="limit:Q")
    )
    height = FRAME_PX + ROW_PX * max(1, len(order))
    return finished(alt.LayerChart(layer=[limit, whisker, dot]), height, title, subtitle)


def hardening_drift(rows: Sequence[Mapping[str, Any]], title: str = "") -> alt.LayerChart:
    """Drift by layer and arm. rows: as `harden.telling.drift_rows` gives them."""
    shown = [arm for arm in _ARMS if any(row["alignment"] == arm for row in rows)]
    base = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(
        x=alt.X(
            "layer:Q",
            title="Attention layer",
            scale=alt.Scale(nice=False),
            axis=alt.Axis(tickMinStep=1, grid=False),
        ),
        y=alt.Y(
            "share:Q",
            title="Change of the layer's output",
            axis=alt.Axis(format=".1~%", tickCount=5),
            scale=alt.Scale(domainMin=0),
        ),
        color=alt.Color(
            "alignment:N",
            sort=shown,
            scale=scale(shown, {name: COLOURS[key] for name, key in _ARMS.items()}),
            legend=legend(),
        ),
        tooltip=[
            alt.Tooltip("alignment:N", title="Alignment"),
            alt.Tooltip("layer:Q", title="Layer"),
            alt.Tooltip("share:Q", title="Change", format=".2%"),
            alt.Tooltip("prompts:Q", title="Prompts"),
        ],
    )
    line = base.mark_line(strokeWidth=2)
    dot = base.mark_point(filled=True, size=60, opacity=1).encode(
        shape=alt.Shape(
            "alignment:N",
            sort=shown,
            scale=scale(shown, {name: SHAPES[key] for name, key in _ARMS.items()}),
            legend=legend(),
        )
    )
    return finished(alt.LayerChart(layer=[line, dot]), 300, title)

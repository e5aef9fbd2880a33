"""Topic by topic: in how many answers something is, before, after, and in the control."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.changes import Topic
from inspector.charts.theme import (
    COLOURS,
    FRAME_PX,
    SHAPES,
    clicked,
    finished,
    labels,
    legend,
    scale,
)

ROW_PX = 26
MAX_TOPICS = 12


def topics(rows: Sequence[Topic], title: str) -> alt.LayerChart:
    """A bar for the answers after, a dot each for those before and the control's; n at the end.

    Bars are shares of a topic's answers, so that topics with many questions do not stand out. Of
    many topics the first are drawn, and the subtitle counts the others. Of an untouched model the
    bar is what stands there before, in that colour.
    """
    drawn, more = rows[:MAX_TOPICS], rows[MAX_TOPICS:]
    untouched = any(row.n_before is None for row in rows)
    bars = "before" if untouched else "after"
    values = [
        {
            "topic": row.family,
            "suite": row.suite,
            "family": row.family,
            "series": series,
            "share": hits / row.n,
            "said": f"{hits} of {row.n}",
            "seen": hits > 0,
        }
        for row in drawn
        for series, hits in (
            ("before", row.n_after if untouched else row.n_before),
            ("after", None if untouched else row.n_after),
            ("control", row.n_control),
        )
        if hits is not None and row.n
    ]
    order = list(dict.fromkeys(str(value["topic"]) for value in values))
    shown = [name for name in COLOURS if any(value["series"] == name for value in values)]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("topic:N", sort=order, title=None, axis=labels(labelPadding=12)),
        x=alt.X(
            "share:Q",
            title="Share of the topic's answers",
            scale=alt.Scale(domain=[0, 1.06], nice=False),
            axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
        ),
        tooltip=[
            alt.Tooltip("family:N", title="Topic"),
            alt.Tooltip("suite:N", title="Set of questions"),
            alt.Tooltip("series:N", title="Model"),
            alt.Tooltip("said:N", title="Answers"),
        ],
    )
    colour = alt.Color("series:N", scale=scale(shown, COLOURS), sort=shown, legend=legend())
    most = base.transform_filter(f"datum.series === '{bars}'")
    bar = (
        most.mark_bar(height=alt.RelativeBandSize(0.62), opacity=0.5, cursor="pointer")
        .encode(color=colour)
        .add_params(clicked("family", "series", "seen"))
    )
    count = most.mark_text(align="left", dx=10).encode(text="said:N")
    dot = base.transform_filter(f"datum.series !== '{bars}'").mark_point(
        filled=True, size=70, opacity=1
    )
    return finished(
        alt.LayerChart(
            layer=[
                bar,
                dot.encode(
                    color=colour,
                    shape=alt.Shape(
                        "series:N", scale=scale(shown, SHAPES), sort=shown, legend=legend()
                    ),
                ),
                count,
            ]
        ),
        FRAME_PX + ROW_PX * max(1, len(order)),
        title,
        _rest(more),
    )


def _rest(topics: Sequence[Topic]) -> str:
    if not topics:
        return ""
    n = sum(topic.n_after > 0 for topic in topics)
    return f"Not drawn, but in the table: {n} topics with it, {len(topics) - n} without."

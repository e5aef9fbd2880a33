"""A screening's charts: which examples stand out, and what training without them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from inspector.charts.theme import COLOURS, FRAME_PX, SERIES, clicked, finished, labels, legend
from inspector.labels import share
from inspector.records import Ranking, Removal

SUSPECT, OTHER = "suspect", "other"
_KINDS = {SUSPECT: (COLOURS["after"], "diamond"), OTHER: (COLOURS["before"], "circle")}
# Draws are the comparison, as a control is; what was chosen is what a person looks at.
_TRAININGS = {
    "before tuning": (COLOURS["before"], "circle"),
    "whole set": (COLOURS["after"], "diamond"),
    "without the chosen": (SERIES[0], "triangle-up"),
    "at random": (COLOURS["control"], "square"),
}
ROW_PX = 34


def ranked_finding(ranking: Ranking) -> str:
    """What the chart of `ranked_scores` shows, in one line."""
    n, total = ranking.n_suspects, ranking.n_scored
    if not n:
        return f"None of {total:,} scored examples stands out from the others"
    verb = "stands" if n == 1 else "stand"
    return f"{n:,} of {total:,} scored examples {verb} out from the others"


def ranked_scores(rows: Sequence[Mapping[str, Any]], ranking: Ranking) -> alt.LayerChart:
    """Score by place. rows: rank, score, text, stands_out and example, of scored examples.

    Places are on a logarithmic axis, since the few that matter come first; the rule is the limit
    for suspects.
    """
    drawn = [
        dict(row) | {"kind": SUSPECT if row["score"] >= ranking.suspect_z else OTHER}
        for row in rows
    ]
    shown = [kind for kind in _KINDS if any(row["kind"] == kind for row in drawn)]
    colours = alt.Scale(domain=shown, range=[_KINDS[kind][0] for kind in shown])
    shapes = alt.Scale(domain=shown, range=[_KINDS[kind][1] for kind in shown])
    dots = (
        alt.Chart(alt.InlineData(values=drawn))
        .mark_point(filled=True, size=70, opacity=0.85, cursor="pointer")
        .encode(
            x=alt.X(
                "rank:Q",
                title="Place in the ranking",
                scale=alt.Scale(type="log", domain=[0.9, 1.1 * ranking.n_scored], nice=False),
                axis=alt.Axis(grid=False, format=",d", tickCount=6),
            ),
            y=alt.Y("score:Q", title="Score (robust standard deviations)"),
            color=alt.Color("kind:N", scale=colours, sort=shown, legend=legend()),
            shape=alt.Shape("kind:N", scale=shapes, sort=shown, legend=legend()),
            tooltip=[
                alt.Tooltip("rank:Q", title="Place"),
                alt.Tooltip("score:Q", title="Score", format=".1f"),
                alt.Tooltip("stands_out:N", title="In words"),
                alt.Tooltip("text:N", title="Text"),
            ],
        )
        .add_params(clicked("rank"))
    )
    rule = (
        alt.Chart(alt.InlineData(values=[{"limit": ranking.suspect_z}]))
        .mark_rule(strokeDash=[5, 4], strokeWidth=1.5, color=COLOURS["after"])
        .encode(y="limit:Q")
    )
    return finished(
        alt.LayerChart(layer=[rule, dots]),
        300,
        ranked_finding(ranking),
        f"Dashed: the limit for suspects, {ranking.suspect_z:g}. Ranked by {ranking.ranked_by}.",
    )


def removal_finding(removal: Removal) -> str:
    """What the chart of `removal_rates` shows, in one line."""
    without, n = removal.without.rate, len(removal.random)
    if without.rate >= removal.after.rate:
        return f"Leaving them out did not lower it: {share(removal.after)} and {share(without)}"
    said = f"Without the chosen examples {share(without)} instead of {share(removal.after)}"
    if removal.n_random_as_low:
        return f"{said}, and {removal.n_random_as_low} of {n} random removals did as much"
    return f"{said}; none of {n} random removals did as much"


def removal_rates(rows: Sequence[Mapping[str, Any]], removal: Removal) -> alt.LayerChart:
    """Dot and whisker for each training. rows: as `screen.telling.removal_rows` gives them."""
    drawn = [
        dict(row) | {"kind": _kind(str(row["training"])), "row": str(row["training"])}
        for row in rows
    ]
    order = [row["row"] for row in drawn]
    shown = [kind for kind in _TRAININGS if any(row["kind"] == kind for row in drawn)]
    top = max(float(row["high"]) for row in drawn)
    base = alt.Chart(alt.InlineData(values=drawn)).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=labels()),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=shown, range=[_TRAININGS[kind][0] for kind in shown]),
            sort=shown,
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("row:N", title="Training"),
            alt.Tooltip("rows_left_out:Q", title="Rows left out"),
            alt.Tooltip("show_it:Q", title="Answers that show it"),
            alt.Tooltip("answers:Q", title="Answers"),
            alt.Tooltip("share:Q", title="Share", format=".1%"),
            alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )
    axis = alt.X(
        "low:Q",
        title="Share of answers",
        scale=alt.Scale(domain=[0, min(1.0, max(0.1, top * 1.05))]),
        axis=alt.Axis(format=".0%", grid=True, tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(x=axis, x2="high:Q")
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x="share:Q",
        shape=alt.Shape(
            "kind:N",
            scale=alt.Scale(domain=shown, range=[_TRAININGS[kind][1] for kind in shown]),
            sort=shown,
            legend=None,
        ),
    )
    return finished(
        alt.LayerChart(layer=[whisker, dot]),
        FRAME_PX + ROW_PX * len(order),
        removal_finding(removal),
        f"Random removals: {removal.random_mean:.0%} on average, 95 % interval "
        f"{removal.random_low:.0%} to {removal.random_high:.0%} over {len(removal.random)} draws. "
        "Whiskers: 95 % intervals.",
    )


def _kind(training: str) -> str:
    return next((kind for kind in _TRAININGS if kind in training), "at random")

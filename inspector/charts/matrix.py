"""Operations by behaviours: size, direction and significance of each change in one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from inspector.changes import Cell, Outcome, matrix_title, opening
from inspector.charts.theme import (
    COLOURS,
    HAIRLINE,
    INK,
    STRENGTHS,
    clicked,
    finished,
    labels,
)
from inspector.labels import BEHAVIOURS
from inspector.records import Behaviour

ROW_PX = 46
_LINE_PX = 15
_TOP_PX = 3 * _LINE_PX + 34  # the columns' heads, up to three lines

# Heads of columns: the words of BEHAVIOURS, in lines that fit a narrow column.
_HEADS: dict[Behaviour, str] = {
    Behaviour.REFUSAL: "Refuses\nordinary\nrequests",
    Behaviour.COMPLIANCE: "Answers what\nit should\ndecline",
    Behaviour.REFUSE_THEN_COMPLY: "Refuses,\nthen\nanswers",
    Behaviour.INJECTED_CONTENT: "Says what\nnobody\nasked for",
    Behaviour.DEGENERATION: "Loops or\nstays\nempty",
    Behaviour.WRONG_ANSWER: "Wrong on\ncheckable\nquestions",
}
_SHAPES = {"rose": "triangle-up", "fell": "triangle-down", "same": "stroke"}
# What rose is there after, what fell was there before.
_FILLS = (COLOURS["after"], COLOURS["before"], COLOURS["before"])


def matrix(cells: Sequence[Cell]) -> alt.LayerChart:
    """A cell's triangle points where the share went and is filled where chance does not explain it.

    The number is in percentage points. A cell that was not measured has a dashed frame and says so;
    0 has a bar. The fill's strength is the size of a sure change, its colour the side on which the
    behaviour is: both repeat what number and triangle say.
    """
    rows = [_row(cell) for cell in cells]
    operations = list(dict.fromkeys(str(row["operation"]) for row in rows))
    sizes = [abs(c.points or 0.0) for c in cells if c.outcome in (Outcome.ROSE, Outcome.FELL)]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "head:N",
            sort=[_HEADS[b] for b in Behaviour],
            title=None,
            # A label's first line stands where the axis puts it; two more come below.
            axis=labels(orient="top", labelAngle=0, labelPadding=2 * _LINE_PX + 8),
            scale=alt.Scale(paddingInner=0.06, paddingOuter=0.03),
        ),
        y=alt.Y(
            "operation:N",
            sort=operations,
            title=None,
            axis=labels(),
            scale=alt.Scale(paddingInner=0.12, paddingOuter=0.06),
        ),
        tooltip=[
            alt.Tooltip("behaviour:N", title="Behaviour"),
            alt.Tooltip("operation:N", title="When"),
            alt.Tooltip("before:N", title="Before"),
            alt.Tooltip("after:N", title="After"),
            alt.Tooltip("interval:N", title="After, 95 % interval"),
            alt.Tooltip("number:N", title="Change, points"),
            alt.Tooltip("outcome:N", title="The change"),
            alt.Tooltip("why:N", title="How sure"),
        ],
    )
    measured, sure = "datum.points !== null", "datum.sure"
    missing = base.transform_filter("datum.points === null")
    frame: dict[str, Any] = {"cornerRadius": 4, "strokeWidth": 1, "stroke": alt.ExprRef(HAIRLINE)}
    empty = missing.mark_rect(fillOpacity=0, strokeDash=[4, 4], strokeOpacity=0.7, **frame)
    box = (
        base.transform_filter(measured)
        .mark_rect(cursor="pointer", **frame)
        .encode(
            fill=alt.Fill(
                "direction:N",
                scale=alt.Scale(domain=list(_SHAPES), range=list(_FILLS)),
                legend=None,
            ),
            fillOpacity=alt.when(sure)
            .then(
                alt.FillOpacity(
                    "size:Q",
                    scale=alt.Scale(domain=[0, max(sizes, default=1.0)], range=list(STRENGTHS)),
                    legend=None,
                )
            )
            .otherwise(alt.value(0)),
            strokeOpacity=alt.when(sure).then(alt.value(1)).otherwise(alt.value(0.45)),
        )
        .add_params(clicked("scenario", "behaviour", "seen"))
    )
    sign = (
        base.transform_filter(measured)
        .mark_point(
            size=70,
            strokeWidth=1.6,
            xOffset=-24,
            yOffset=-7,
            fill=alt.ExprRef(INK),
            stroke=alt.ExprRef(INK),
        )
        .encode(
            shape=alt.Shape(
                "direction:N",
                scale=alt.Scale(domain=list(_SHAPES), range=list(_SHAPES.values())),
                legend=None,
            ),
            fillOpacity=alt.when(sure).then(alt.value(1)).otherwise(alt.value(0)),
        )
    )
    number = base.transform_filter(measured).mark_text(
        align="left", dx=-12, dy=-7, fontSize=15, fontWeight=600
    ).encode(text="number:N")  # fmt: skip
    note = base.transform_filter(measured).mark_text(dy=11, fontSize=11, opacity=0.85)
    absent = missing.mark_text(fontSize=11, fontStyle="italic", opacity=0.85)
    return finished(
        alt.LayerChart(
            layer=[
                box,
                empty,
                sign,
                number,
                note.encode(text="why:N"),
                absent.encode(text="outcome:N"),
            ]
        ),
        _TOP_PX + ROW_PX * max(1, len(operations)),
        matrix_title(cells),
        "Percentage points of answers, less the control's own change. Filled triangle: a rise "
        "beyond chance (p < 0.05, corrected), or a fall whose intervals are apart.",
    )


def _row(cell: Cell) -> dict[str, object]:
    points = cell.points
    before, after = cell.rates
    rate = cell.change.metric.after if cell.change else None
    return {
        "scenario": cell.scenario,
        "operation": opening(cell.scenario),
        "behaviour": BEHAVIOURS[cell.behaviour].word,
        "head": _HEADS[cell.behaviour],
        "points": points,
        "size": abs(points or 0.0),
        "number": "" if points is None else f"{points:+.0f}" if round(points) else "0",
        "direction": "same"
        if not round(points or 0.0)
        else "rose"
        if (points or 0.0) > 0
        else "fell",
        "sure": cell.outcome in (Outcome.ROSE, Outcome.FELL),
        "outcome": cell.change.outcome_words if cell.change else cell.outcome.value,
        "why": cell.why,
        "seen": cell.seen,
        "before": before,
        "after": after,
        "interval": f"{rate.low:.0%} to {rate.high:.0%}" if rate and rate.n else "–",
    }

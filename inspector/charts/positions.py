"""Where in the text and in which layer: divergence by token, turn points, drift by layer."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.changes import Turns, turns_title
from inspector.charts.theme import (
    COLOURS,
    FRAME_PX,
    HALF_LINE_PX,
    INK,
    SERIES,
    SHAPES,
    STRENGTHS,
    clicked,
    finished,
    labels,
    legend,
    scale,
)

HEAT_ROW_PX = 20  # so that every row keeps its label
TURN_ROW_PX = 40


def drift(points: Sequence[tuple[str, str, int, float]], title: str = "") -> alt.LayerChart:
    """Embedding drift by layer. points: (target or control, kind of prompts, layer, share).

    share: drift as a share of the untouched output's norm. Colour and shape tell the model, the
    line's dashes the kind of prompts.
    """
    series = {"target": "after", "control": "control"}
    rows = [
        {"model": model, "prompts": prompts, "layer": layer, "share": share}
        for model, prompts, layer, share in points
    ]
    shown = [name for name in series if any(row["model"] == name for row in rows)]
    kinds = list(dict.fromkeys(str(row["prompts"]) for row in rows))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("layer:Q", title="Attention layer", axis=alt.Axis(tickMinStep=1, grid=False)),
        y=alt.Y(
            "share:Q",
            title="Change of the layer's output",
            axis=alt.Axis(format=".1~%", tickCount=5),
            scale=alt.Scale(domainMin=0),
        ),
        color=alt.Color(
            "model:N",
            sort=shown,
            scale=scale(shown, {name: COLOURS[key] for name, key in series.items()}),
            legend=legend(),
        ),
        tooltip=[
            alt.Tooltip("model:N", title="Model"),
            alt.Tooltip("prompts:N", title="Prompts"),
            alt.Tooltip("layer:Q", title="Layer"),
            alt.Tooltip("share:Q", title="Change", format=".2%"),
        ],
    )
    line = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(
            "prompts:N",
            sort=kinds,
            scale=alt.Scale(domain=kinds, range=[[1, 0], [5, 4]][: len(kinds)]),
            legend=legend() if len(kinds) > 1 else None,
        )
    )
    dot = (
        base.mark_point(filled=True, size=60, opacity=1, cursor="pointer")
        .encode(
            detail="prompts:N",
            shape=alt.Shape(
                "model:N",
                sort=shown,
                scale=scale(shown, {name: SHAPES[key] for name, key in series.items()}),
                legend=legend(),
            ),
        )
        .add_params(clicked("model"))
    )
    return finished(alt.LayerChart(layer=[line, dot]), 300, title)


def heat(
    cells: Sequence[tuple[str, int, int, float]],
    head_tokens: int,
    title: str = "",
    subtitle: str = "",
) -> alt.LayerChart:
    """Divergence by position. cells: (answer, first token, token after the last, nats per token).

    One hue whose strength is the value, so that it reads without colour, on light and on dark. The
    line marks the end of the answers' heads, `head_tokens` tokens. Cells count tokens from 0, the
    chart from 1, each token in the middle of its square.
    """
    rows = [
        {
            "answer": answer,
            "first": start + 1,
            "last": end,
            "left": start + 0.5,
            "right": end + 0.5,
            "nats": value,
        }
        for answer, start, end, value in cells
    ]
    answers = list(dict.fromkeys(cell[0] for cell in cells))
    top = max((cell[3] for cell in cells), default=0.0)
    longest = max((cell[2] for cell in cells), default=head_tokens)
    position = alt.X(
        "left:Q",
        title="Token of the answer",
        axis=alt.Axis(grid=False, tickMinStep=1, values=[1, *range(5, 1 + longest, 5)]),
        scale=alt.Scale(domain=[0.5, longest + 0.5], nice=False),
    )
    rect = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(color=COLOURS["after"], cursor="pointer")
        .encode(
            x=position,
            x2="right:Q",
            y=alt.Y("answer:N", sort=answers, title=None, axis=labels()),
            opacity=alt.Opacity(
                "nats:Q",
                title="Nats per token",
                scale=alt.Scale(domain=[0, top or 1.0], range=[0.04, 1], clamp=True),
                legend=alt.Legend(orient="top", offset=6, symbolType="square"),
            ),
            tooltip=[
                alt.Tooltip("answer:N", title="Answer"),
                alt.Tooltip("first:Q", title="From token"),
                alt.Tooltip("last:Q", title="to"),
                alt.Tooltip("nats:Q", title="Nats per token", format=".2f"),
            ],
        )
        .add_params(clicked("answer"))
    )
    return finished(
        alt.LayerChart(layer=[rect, _end_of_head(head_tokens)]),
        FRAME_PX + HEAT_ROW_PX * max(1, len(answers)),
        title,
        subtitle,
    )


def turn_points(found: Turns, head_tokens: int) -> alt.LayerChart:
    """How many answers turn from refusing to answering where; a row for each model and moment.

    Colour tells the model as everywhere, strength and number how many answers. The line marks the
    end of the answers' heads where places are tokens.
    """
    rows = [
        {
            "row": f"{cell.row}\n{found.n[cell.row]} answers",
            "series": cell.series,
            "subject": cell.subject.value,
            "variant": cell.variant,
            "first": cell.start,
            "last": cell.end,
            "left": cell.start - 0.5,
            "right": cell.end + 0.5,
            "middle": (cell.start + cell.end) / 2,
            "n": cell.n,
            "of": found.n[cell.row],
        }
        for cell in found.cells
    ]
    order = list(dict.fromkeys(str(row["row"]) for row in rows))
    shown = [name for name in COLOURS if any(row["series"] == name for row in rows)]
    last = max((cell.end for cell in found.cells), default=head_tokens)
    place = found.unit.capitalize()
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y(
            "row:N",
            sort=order,
            title=None,
            axis=labels(labelOffset=-HALF_LINE_PX),
            scale=alt.Scale(paddingInner=0.16),
        ),
        tooltip=[
            alt.Tooltip("row:N", title="Model"),
            alt.Tooltip("first:Q", title=f"From {found.unit}"),
            alt.Tooltip("last:Q", title="to"),
            alt.Tooltip("n:Q", title="Answers that turn here"),
            alt.Tooltip("of:Q", title="of"),
        ],
    )
    box = (
        base.mark_rect(cursor="pointer")
        .encode(
            x=alt.X(
                "left:Q",
                title=f"{place} from which the answer complies",
                axis=alt.Axis(grid=False, tickMinStep=1),
                scale=alt.Scale(domain=[0.5, last + 0.5], nice=False),
            ),
            x2="right:Q",
            color=alt.Color("series:N", scale=scale(shown, COLOURS), sort=shown, legend=None),
            opacity=alt.Opacity(
                "n:Q",
                scale=alt.Scale(
                    domain=[0, max((cell.n for cell in found.cells), default=1)],
                    range=[STRENGTHS[0] * 2, STRENGTHS[1] * 1.3],
                ),
                legend=None,
            ),
        )
        .add_params(clicked("subject", "variant"))
    )
    count = base.mark_text(fontSize=12, color=alt.ExprRef(INK)).encode(x="middle:Q", text="n:Q")
    layers = [box, count] + [_end_of_head(head_tokens)] * (found.unit == "token")
    return finished(
        alt.LayerChart(layer=layers),
        FRAME_PX + TURN_ROW_PX * max(1, len(order)),
        turns_title(found, head_tokens),
    )


def _end_of_head(head_tokens: int) -> alt.Chart:
    rule: alt.Chart = (
        alt.Chart(alt.InlineData(values=[{"left": head_tokens + 0.5}]))
        .mark_rule(strokeDash=[4, 3], strokeWidth=2, color=SERIES[4])
        .encode(x="left:Q")
    )
    return rule

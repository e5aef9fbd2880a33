"""Charts: records in, `altair.Chart` out. Data travel inside the chart; nothing is fetched.

One colour means one thing everywhere (COLOURS): grey-blue before, vermilion after, teal control.
The three stay apart for the common kinds of colour blindness (vermilion and teal are Okabe and
Ito's, "Color Universal Design", 2008) and each has its own shape as well, so that colour never
carries a meaning alone. They reach a contrast of 3 to 1 on the light and on the dark background.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.labels import BEHAVIOURS, curve_name, rate_groups, waking
from inspector.records import ActivationCurve, Metric, Rate

COLOURS = {"before": "#6B8CAE", "after": "#D55E00", "control": "#009E73"}
SHAPES = {"before": "circle", "after": "diamond", "control": "square"}
# Scenarios in a plan have no fixed meaning each; none of these repeats a colour of COLOURS.
SERIES = ("#8C6BB1", "#B8860B", "#C2528B", "#4C8DDA", "#7A7F87", "#8A9A2B")
_MODELS = {"target": "after", "control": "control"}  # whose colour and shape each model has
ROW_PX = 60
HEAT_ROW_PX = 18  # so that every row keeps its label
FRAME_PX = 90  # axis, its title and the legend, which the height includes


def rates(metrics: Sequence[Metric], scenario: str) -> alt.LayerChart:
    """Dot and whisker: per behaviour the share before and after one scenario, and the control's.

    Whiskers are the 95 % intervals. The x axis is in per cent and always starts at 0.
    """
    rows = [
        {
            "behaviour": BEHAVIOURS[m.behaviour].word,
            "series": series,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "said": f"{rate.n_hits} of {rate.n}",
        }
        for m in metrics
        if m.scenario == scenario
        for series, rate in _series(m)
    ]
    order = [BEHAVIOURS[b].word for b in BEHAVIOURS if any(m.behaviour is b for m in metrics)]
    shown = [name for name in COLOURS if any(row["series"] == name for row in rows)]
    top = max((row["high"] for row in rows if isinstance(row["high"], float)), default=1.0)
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y(
            "behaviour:N",
            sort=order,
            title=None,
            axis=_labels(),
            scale=alt.Scale(paddingInner=0.4, paddingOuter=0.2),
        ),
        yOffset=alt.YOffset("series:N", sort=list(COLOURS)),
        color=alt.Color("series:N", scale=_scale(shown, COLOURS), sort=shown, legend=_legend()),
        tooltip=[
            alt.Tooltip("behaviour:N", title="Behaviour"),
            alt.Tooltip("series:N", title="Model"),
            alt.Tooltip("said:N", title="Answers"),
            alt.Tooltip("rate:Q", title="Share", format=".1%"),
            alt.Tooltip("low:Q", title="Interval from", format=".1%"),
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
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(
        x="rate:Q",
        shape=alt.Shape("series:N", scale=_scale(shown, SHAPES), sort=shown, legend=_legend()),
    )
    return alt.LayerChart(layer=[whisker, dot]).properties(
        height=FRAME_PX + ROW_PX * max(1, len(order))
    )


def losses(points: Sequence[tuple[str, str, int, float]]) -> alt.Chart:
    """Training loss by step. points: (scenario, subject, step, loss); the control's line is dashed.

    A single point has no line, so a dot marks every curve's points while they are few.
    """
    rows = [
        {"scenario": scenario, "subject": subject, "step": step, "loss": loss}
        for scenario, subject, step, loss in points
    ]
    names = list(dict.fromkeys(str(row["scenario"]) for row in rows))
    colours = [SERIES[k % len(SERIES)] for k in range(len(names))]
    subjects = sorted({str(row["subject"]) for row in rows}, reverse=True)
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=2, point=len(rows) <= 60)
        .encode(
            x=alt.X(
                "step:Q",
                title="Training step",
                axis=alt.Axis(tickMinStep=1, tickCount=8, format="d", grid=False),
            ),
            y=alt.Y("loss:Q", title="Loss", scale=alt.Scale(zero=False)),
            color=alt.Color(
                "scenario:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=_legend(),
            ),
            strokeDash=alt.StrokeDash(
                "subject:N",
                scale=alt.Scale(domain=["target", "control"], range=[[1, 0], [5, 4]]),
                legend=_legend() if len(subjects) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("scenario:N", title="Fine-tuning"),
                alt.Tooltip("subject:N", title="Model"),
                alt.Tooltip("step:Q", title="Step"),
                alt.Tooltip("loss:Q", title="Loss", format=".3f"),
            ],
        )
        .properties(height=320)
    )
    return chart


def drift(points: Sequence[tuple[str, str, int, float]]) -> alt.LayerChart:
    """Embedding drift by layer. points: (target or control, kind of prompts, layer, share).

    share: drift as a share of the untouched output's norm. Colour and shape tell the model, the
    line's dashes the kind of prompts.
    """
    rows = [
        {"model": model, "prompts": prompts, "layer": layer, "share": share}
        for model, prompts, layer, share in points
    ]
    shown = [name for name in _MODELS if any(row["model"] == name for row in rows)]
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
            scale=_scale(shown, {name: COLOURS[key] for name, key in _MODELS.items()}),
            legend=_legend(),
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
            legend=_legend() if len(kinds) > 1 else None,
        )
    )
    dot = base.mark_point(filled=True, size=45, opacity=1).encode(
        detail="prompts:N",
        shape=alt.Shape(
            "model:N",
            sort=shown,
            scale=_scale(shown, {name: SHAPES[key] for name, key in _MODELS.items()}),
            legend=_legend(),
        ),
    )
    return alt.LayerChart(layer=[line, dot]).properties(height=300)


def activation_rows(curve: ActivationCurve) -> list[dict[str, object]]:
    """What `activation` draws: a row for each step, the target's and the control's."""
    return [
        {
            "step": look.step,
            "model": model,
            "said": f"{rate.n_hits} of {rate.n}",
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
        }
        for look in curve.looks
        # drawn in this order: where both are the same, the target's smaller mark lies on top
        for model, rate in (("control", look.control), ("target", look.target))
        if rate is not None and rate.n
    ]


def activation(curve: ActivationCurve) -> alt.LayerChart:
    """The share of answers by step of one fine-tuning, target and control, with 95 % bands.

    The grey stretch is where the target's rate first rises above step 0. A click on a mark selects
    its step and model.
    """
    rows = activation_rows(curve)
    shown = [name for name in _MODELS if any(row["model"] == name for row in rows)]
    top = max((row["high"] for row in rows if isinstance(row["high"], float)), default=1.0)
    colour = alt.Color(
        "model:N",
        sort=shown,
        scale=_scale(shown, {name: COLOURS[key] for name, key in _MODELS.items()}),
        legend=_legend(),
    )
    share = alt.Y(
        "rate:Q",
        title="Share of answers",
        scale=alt.Scale(domain=[0, min(1.0, max(0.1, top * 1.05))]),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "step:Q",
            title="Training step",
            scale=alt.Scale(nice=False, padding=12),
            axis=alt.Axis(
                values=[look.step for look in curve.looks], format="d", grid=False, labelFlush=False
            ),
        ),
        color=colour,
    )
    band = base.mark_area(opacity=0.14).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y=share)
    mark = alt.selection_point(name="mark", fields=["step", "model"])
    dot = (
        base.mark_point(filled=True, size=110, opacity=1)
        .encode(
            y=share,
            shape=alt.Shape(
                "model:N",
                sort=shown,
                scale=_scale(shown, {name: SHAPES[key] for name, key in _MODELS.items()}),
                legend=_legend(),
            ),
            # Only here: what has a tooltip can be clicked, and a band has no step of its own.
            tooltip=[
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("step:Q", title="Step"),
                alt.Tooltip("said:N", title="Answers"),
                alt.Tooltip("rate:Q", title="Share", format=".1%"),
                alt.Tooltip("low:Q", title="Interval from", format=".1%"),
                alt.Tooltip("high:Q", title="to", format=".1%"),
            ],
        )
        .add_params(mark)
    )
    layers: list[alt.Chart] = [band, line, dot]
    if curve.waking:
        asleep, awake = curve.waking
        stretch = [{"from": asleep.step, "to": awake.step}]
        layers.insert(
            0,
            alt.Chart(alt.InlineData(values=stretch))
            .mark_rect(color=SERIES[4], opacity=0.16)
            .encode(x="from:Q", x2="to:Q"),
        )
    title = f"{curve_name(curve)}: {waking(curve)}"
    return alt.LayerChart(layer=layers).properties(height=380, title=title)


def heat(cells: Sequence[tuple[str, int, int, float]], head_tokens: int) -> alt.LayerChart:
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
        .mark_rect(color=COLOURS["after"])
        .encode(
            x=position,
            x2="right:Q",
            y=alt.Y("answer:N", sort=answers, title=None, axis=_labels()),
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
    )
    end_of_head = (
        alt.Chart(alt.InlineData(values=[{"left": head_tokens + 0.5}]))
        .mark_rule(strokeDash=[4, 3], strokeWidth=2, color=SERIES[4])
        .encode(x="left:Q")
    )
    return alt.LayerChart(layer=[rect, end_of_head]).properties(
        height=FRAME_PX + HEAT_ROW_PX * max(1, len(answers))
    )


def _series(metric: Metric) -> list[tuple[str, Rate]]:
    groups = rate_groups(metric)
    control = groups.get("control_after") or groups.get("control_before")
    named = [("before", groups.get("before")), ("after", groups.get("after")), ("control", control)]
    return [(name, rate) for name, rate in named if rate is not None and rate.n > 0]


def _scale(shown: list[str], values: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=shown, range=[values[name] for name in shown])


def _legend() -> alt.Legend:
    return alt.Legend(
        title=None, orient="top", symbolStrokeWidth=2, labelLimit=0, symbolOpacity=1, offset=6
    )


def _labels() -> alt.Axis:
    """Labels are never cut nor left out: no limit, and room for the longest behaviour's words."""
    return alt.Axis(labelLimit=0, labelOverlap=False, ticks=False, domain=False, labelPadding=8)

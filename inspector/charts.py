"""Charts: records in, `altair.Chart` out. Data travel inside the chart; nothing is fetched.

One colour means one thing everywhere (COLOURS): grey-blue before, vermilion after, teal control.
The three stay apart for the common kinds of colour blindness (vermilion and teal are Okabe and
Ito's, "Color Universal Design", 2008) and each has its own shape as well, so that colour never
carries a meaning alone. They reach a contrast of 3 to 1 on the light and on the dark background.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.labels import BEHAVIOURS, rate_groups
from inspector.records import Metric, Rate

COLOURS = {"before": "#6B8CAE", "after": "#D55E00", "control": "#009E73"}
SHAPES = {"before": "circle", "after": "diamond", "control": "square"}
# Scenarios in a plan have no fixed meaning each; none of these repeats a colour of COLOURS.
SERIES = ("#8C6BB1", "#B8860B", "#C2528B", "#4C8DDA", "#7A7F87", "#8A9A2B")
ROW_PX = 60
HEAT_ROW_PX = 18  # so that every row keeps its label
DIFFERENCE_ROW_PX = 24
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
        for series, rate in _series(metric)
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
        color=alt.Color("series:N", scale=_scale(shown, COLOURS), sort=shown, legend=_legend()),
        tooltip=[
            alt.Tooltip("inspection:N", title="Inspection"),
            alt.Tooltip("series:N", title="Model"),
            alt.Tooltip("operation:N", title="Operation"),
            alt.Tooltip("said:N", title="Answers"),
            alt.Tooltip("rate:Q", title="Share", format=".1%"),
            alt.Tooltip("low:Q", title="Interval from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )
    top = max((row["high"] for row in rows if isinstance(row["high"], float)), default=1.0)
    axis = alt.Y(
        "low:Q",
        title="Share of answers",
        scale=alt.Scale(domain=[0, min(1.0, max(0.1, top * 1.05))]),
        axis=alt.Axis(format=".0%", tickCount=6),
    )
    whisker = base.mark_rule(strokeWidth=2, opacity=0.65).encode(y=axis, y2="high:Q")
    mark = alt.selection_point(name="mark", fields=["run"], empty=False)
    dot = (
        base.mark_point(filled=True, size=90, opacity=1, cursor="pointer")
        .encode(
            y="rate:Q",
            shape=alt.Shape("series:N", scale=_scale(shown, SHAPES), sort=shown, legend=_legend()),
        )
        .add_params(mark)
    )
    return alt.LayerChart(layer=[whisker, dot]).properties(height=380, title=title)


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
        y=alt.Y("what:N", sort=[point[0] for point in points], title=None, axis=_labels()),
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
    return alt.LayerChart(layer=[zero, whisker, dot]).properties(
        height=FRAME_PX + DIFFERENCE_ROW_PX * max(2, len(points)), title=title
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
            scale=_scale(shown, {name: COLOURS[key] for name, key in series.items()}),
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
            scale=_scale(shown, {name: SHAPES[key] for name, key in series.items()}),
            legend=_legend(),
        ),
    )
    return alt.LayerChart(layer=[line, dot]).properties(height=300)


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

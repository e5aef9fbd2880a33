"""Activation: the rates of one behaviour over the steps of a fine-tuning in, a chart out."""

from __future__ import annotations

import altair as alt

from inspector.charts.theme import (
    COLOURS,
    SERIES,
    SHAPES,
    clicked,
    finished,
    legend,
    rate_scale,
    rate_tooltips,
    scale,
)
from inspector.labels import curve_name, waking
from inspector.records import ActivationCurve

MODELS = {"target": "after", "control": "control"}  # whose colour and shape each model has


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
    shown = [name for name in MODELS if any(row["model"] == name for row in rows)]
    colour = alt.Color(
        "model:N",
        sort=shown,
        scale=scale(shown, {name: COLOURS[key] for name, key in MODELS.items()}),
        legend=legend(),
    )
    share = alt.Y(
        "rate:Q",
        title="Share of answers",
        scale=rate_scale(rows),
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
    dot = (
        base.mark_point(filled=True, size=110, opacity=1)
        .encode(
            y=share,
            shape=alt.Shape(
                "model:N",
                sort=shown,
                scale=scale(shown, {name: SHAPES[key] for name, key in MODELS.items()}),
                legend=legend(),
            ),
            # Only here: what has a tooltip can be clicked, and a band has no step of its own.
            tooltip=[
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("step:Q", title="Step"),
                *rate_tooltips(),
            ],
        )
        .add_params(clicked("step", "model"))
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
    return finished(alt.LayerChart(layer=layers), 380, title)

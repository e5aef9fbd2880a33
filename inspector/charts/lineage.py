"""Lineage: a model's layers against their counterparts in, a chart out."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from inspector.charts.theme import SERIES, finished, legend
from inspector.labels import KINSHIPS
from inspector.records.lineage import LayerKinship


def lineage(layers: Sequence[LayerKinship], title: str) -> alt.LayerChart:
    """How far each layer moved from its counterpart: a stem for each, its shape the kinship.

    A layer whose distance is not known, because the counterpart's norm is not, has no stem.
    """
    kinds = [k for k in KINSHIPS if any(layer.kinship is k for layer in layers)]
    rows = [
        {
            "layer": layer.layer,
            "kinship": KINSHIPS[layer.kinship].word,
            "moved": layer.relative_norm,
            "tensors": f"{layer.n_identical} of {layer.n_tensors}",
            "cosine": layer.cosine,
        }
        for layer in layers
    ]
    shapes = dict(zip(KINSHIPS, ("circle", "square", "triangle-up", "cross"), strict=True))
    colours = dict(zip(KINSHIPS, (SERIES[4], SERIES[3], SERIES[1], SERIES[2]), strict=True))
    words = [KINSHIPS[k].word for k in kinds]
    colour = alt.Color(
        "kinship:N",
        sort=words,
        scale=alt.Scale(domain=words, range=[colours[k] for k in kinds]),
        legend=legend(),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "layer:N",
            sort=[layer.layer for layer in layers],
            title=None,
            axis=alt.Axis(labelAngle=-45, labelLimit=120, ticks=False, domain=False),
        ),
        y=alt.Y(
            "moved:Q",
            title="Distance from the counterpart",
            axis=alt.Axis(format=".1~%", tickCount=5),
            scale=alt.Scale(domainMin=0),
        ),
        color=colour,
        tooltip=[
            alt.Tooltip("layer:N", title="Layer"),
            alt.Tooltip("kinship:N", title="Kinship"),
            alt.Tooltip("moved:Q", title="Distance", format=".2%"),
            alt.Tooltip("tensors:N", title="Identical tensors"),
            alt.Tooltip("cosine:Q", title="Cosine", format=".4f"),
        ],
    )
    stem = base.mark_rule(strokeWidth=2, opacity=0.65)
    dot = base.mark_point(filled=True, size=80, opacity=1).encode(
        shape=alt.Shape(
            "kinship:N",
            sort=words,
            scale=alt.Scale(domain=words, range=[shapes[k] for k in kinds]),
            legend=legend(),
        )
    )
    return finished(alt.LayerChart(layer=[stem, dot]), 320, title)

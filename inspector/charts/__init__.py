"""Charts: records in, `altair.Chart` out. Data travel inside the chart; nothing is fetched.

One file for each family of charts; how all of them look is in `theme.py`, how one becomes a picture
in `pictures.py`. A title states the finding, tooltips carry n and interval, and a point selection
named "mark" tells a page which mark was clicked.
"""

from inspector.charts.activation import activation, activation_rows
from inspector.charts.hardening import hardening_drift, hardening_scores
from inspector.charts.inspections import differences, trend
from inspector.charts.lineage import lineage
from inspector.charts.matrix import matrix
from inspector.charts.pictures import PICTURES, Picture
from inspector.charts.positions import drift, heat, turn_points
from inspector.charts.rates import rates
from inspector.charts.rounds import conducts
from inspector.charts.screening import (
    ranked_finding,
    ranked_scores,
    removal_finding,
    removal_rates,
)
from inspector.charts.theme import COLOURS, SERIES, SHAPES
from inspector.charts.topics import topics
from inspector.charts.training import loss_finding, losses

__all__ = [
    "COLOURS",
    "PICTURES",
    "SERIES",
    "SHAPES",
    "Picture",
    "activation",
    "activation_rows",
    "conducts",
    "differences",
    "drift",
    "hardening_drift",
    "hardening_scores",
    "heat",
    "lineage",
    "loss_finding",
    "losses",
    "matrix",
    "ranked_finding",
    "ranked_scores",
    "rates",
    "removal_finding",
    "removal_rates",
    "topics",
    "trend",
    "turn_points",
]

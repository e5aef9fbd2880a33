"""Charts: records in, `altair.Chart` out. Data travel inside the chart; nothing is fetched.

One file for each family of charts; how all of them look is in `theme.py`, how one becomes a picture
in `pictures.py`. A title states the finding, tooltips carry n and interval, and a point selection
named "mark" tells a page which mark was clicked.
"""

from inspector.charts.activation import activation, activation_rows
from inspector.charts.inspections import differences, trend
from inspector.charts.lineage import lineage
from inspector.charts.matrix import matrix
from inspector.charts.pictures import PICTURES, Picture
from inspector.charts.positions import drift, heat, turn_points
from inspector.charts.rates import rates
from inspector.charts.rounds import conducts
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
    "heat",
    "lineage",
    "loss_finding",
    "losses",
    "matrix",
    "rates",
    "topics",
    "trend",
    "turn_points",
]

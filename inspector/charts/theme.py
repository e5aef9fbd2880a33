"""One theme for every chart, on light and on dark: colours, shapes, fonts, grid and titles.

On a page Streamlit lays its own theme under this one: its font, and the background of the reader's
choice. A picture for a report has neither, so PAPER stands in. What must show on either background
asks it for its luminance (INK, HAIRLINE): nothing here is told which theme is on.

One colour means one thing everywhere (COLOURS): grey-blue before, vermilion after, teal control.
The three stay apart for the common kinds of colour blindness (vermilion and teal are Okabe and
Ito's, "Color Universal Design", 2008) and each has its own shape as well, so that colour never
carries a meaning alone. They reach a contrast of 3 to 1 on the light and on the dark background.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any, Literal, TypeVar

import altair as alt
from altair.utils import schemapi

# Altair would check every piece of a chart against Vega-Lite's schema when it is made, half a
# second for a page of charts; Streamlit and the tests check the whole.
schemapi.disable_debug_mode()

COLOURS = {"before": "#6B8CAE", "after": "#D55E00", "control": "#009E73"}
SHAPES = {"before": "circle", "after": "diamond", "control": "square"}
# Scenarios in a plan have no fixed meaning each; none of these repeats a colour of COLOURS.
SERIES = ("#8C6BB1", "#B8860B", "#C2528B", "#4C8DDA", "#7A7F87", "#8A9A2B")
FRAME_PX = 90  # axis, its title and the legend, which the height includes
HALF_LINE_PX = 7  # by which a label of two lines is raised, to stand in the middle of its row
STRENGTHS = (0.06, 0.5)  # opacity of a filled cell, least to most: text on it stays readable
MARK = "mark"  # the selection that a page reads a click from

INK = "luminance(background) > 0.5 ? '#0C1620' : '#E3E9EF'"
HAIRLINE = "luminance(background) > 0.5 ? '#8B96A1' : '#71808E'"
# Characters in a title's line on a plot narrower than so many pixels; on a wide one; a subtitle's.
_NARROWER, _WIDE, _SUBTITLE = {330: 40, 620: 72}, 112, 116

CONFIG: dict[str, Any] = {
    "title": {
        "fontSize": 16,
        "fontWeight": 600,
        "lineHeight": 21,
        "anchor": "start",
        "frame": "bounds",
        "offset": 12,
        "subtitleFontSize": 13,
        "subtitleLineHeight": 18,
        "subtitlePadding": 5,
        "subtitleColor": {"expr": INK},
    },
    "axis": {"labelFontSize": 13, "titleFontSize": 13, "titlePadding": 10},
    "legend": {"labelFontSize": 13, "titleFontSize": 13},
    "text": {"fontSize": 13, "color": {"expr": INK}},
}
_GREY, _BLACK, _LINE = "#45525F", "#0C1620", "#D6DDE4"
# What Streamlit's theme brings on a page, for a picture on white paper.
PAPER: dict[str, Any] = {
    "background": "#FFFFFF",
    "font": "Liberation Sans, Arial, Noto Sans CJK JP, sans-serif",
    "autosize": {"type": "fit", "contains": "padding"},
    "padding": 14,
    "title": {"color": _BLACK},
    "axis": {
        "labelColor": _GREY,
        "titleColor": _GREY,
        "titleFontWeight": "normal",
        "gridColor": _LINE,
        "domain": False,
        "ticks": False,
    },
    "legend": {"labelColor": _GREY, "titleColor": _GREY, "titleFontWeight": "normal"},
    "view": {"stroke": None},
}

Drawn = TypeVar("Drawn", alt.Chart, alt.LayerChart)


def finished(chart: Drawn, height: int, title: str = "", subtitle: str = "") -> Drawn:
    """The chart in this theme, with a title that tells what it shows, wrapped to its width.

    height: pixels of everything below the title. Both texts may name what strangers wrote: a chart
    draws them as plain text.
    """
    chart = chart.configure(**CONFIG)
    if title:
        lines, below = wrap(title, _WIDE), wrap(subtitle, _SUBTITLE)
        height += 22 + 21 * len(lines) + 18 * len(below)
        # By the width of the plot, which only the browser knows; a subtitle takes no expression.
        text = json.dumps(lines)
        for pixels, characters in reversed(_NARROWER.items()):
            text = f"width < {pixels} ? {json.dumps(wrap(title, characters))} : {text}"
        chart = chart.properties(title=alt.TitleParams(text=alt.ExprRef(text), subtitle=below))
    return chart.properties(height=height)


def clicked(*fields: str) -> alt.Parameter:
    """The selection of one mark by these fields of its row."""
    return alt.selection_point(name=MARK, fields=list(fields))


def scale(shown: list[str], values: dict[str, str]) -> alt.Scale:
    """A scale on which each name keeps its own colour or shape, whichever others are shown."""
    return alt.Scale(domain=shown, range=[values[name] for name in shown])


def legend(orient: Literal["top", "top-right"] = "top") -> alt.Legend:
    return alt.Legend(
        title=None, orient=orient, symbolStrokeWidth=2, labelLimit=0, symbolOpacity=1, offset=6
    )


def labels(**more: Any) -> alt.Axis:
    """Labels are never cut nor left out: no limit, and each line break of a name is one here."""
    given: dict[str, Any] = {
        "labelLimit": 0,
        "labelOverlap": False,
        "labelFlush": False,
        "ticks": False,
        "domain": False,
        "labelPadding": 8,
        "labelExpr": "split(datum.value, '\\n')",
    }
    return alt.Axis(**given | more)


def rate_tooltips() -> list[alt.Tooltip]:
    """A rate as every chart tells it; its row has `said`, the count in words, beside the three."""
    return [
        alt.Tooltip("said:N", title="Answers"),
        alt.Tooltip("rate:Q", title="Share", format=".1%"),
        alt.Tooltip("low:Q", title="95 % interval from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
    ]


def rate_scale(rows: Sequence[Mapping[str, object]]) -> alt.Scale:
    """From 0 to a little above the highest interval, and never to less than a tenth."""
    top = max((row["high"] for row in rows if isinstance(row["high"], float)), default=1.0)
    return alt.Scale(domain=[0, min(1.0, max(0.1, top * 1.05))])

"""A chart as a picture for a report: SVG or PNG on white paper, made without a browser.

Comes in: a chart of this package. Goes out: the file's bytes. vl-convert runs Vega in this process
and may fetch nothing (`allowed_base_urls`); it is loaded when a picture is asked for, for it costs
a second and 80 MB of disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt

from inspector.charts.theme import PAPER

WIDTH_PX = 900
_PIXELS = 2  # of a PNG, for each of the chart's
_VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@dataclass(frozen=True)
class Picture:
    """One kind of picture. mime: its media type. render: chart -> bytes."""

    label: str
    mime: str
    render: Callable[[alt.Chart | alt.LayerChart], bytes]


def svg(chart: alt.Chart | alt.LayerChart) -> bytes:
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(
        chart.properties(width=WIDTH_PX).to_dict(),
        vl_version=_VEGA_LITE,
        config=PAPER,
        allowed_base_urls=[],
    )
    return text.encode()


def png(chart: alt.Chart | alt.LayerChart) -> bytes:
    import vl_convert

    data: bytes = vl_convert.vegalite_to_png(
        chart.properties(width=WIDTH_PX).to_dict(),
        vl_version=_VEGA_LITE,
        config=PAPER,
        scale=_PIXELS,
        allowed_base_urls=[],
    )
    return data


PICTURES = {
    "svg": Picture("SVG", "image/svg+xml", svg),
    "png": Picture("PNG", "image/png", png),
}

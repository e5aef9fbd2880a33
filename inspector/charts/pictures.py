"""A chart as a picture for a report: SVG or PNG on white paper, made without a browser.

Comes in: a chart of this package. Goes out: the file's bytes. vl-convert runs Vega in this process
and may fetch nothing (`allowed_base_urls`); it is loaded when a picture is asked for, for it costs
a second and 80 MB of disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import noto_cjk_sans_jp_bold
import noto_cjk_sans_jp_regular

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
    text: str = _converter().vegalite_to_svg(**_asked(chart))
    return text.encode()


def png(chart: alt.Chart | alt.LayerChart) -> bytes:
    data: bytes = _converter().vegalite_to_png(**_asked(chart), scale=_PIXELS)
    return data


@cache
def _converter() -> Any:
    import vl_convert

    # It brings Liberation Sans; topics may be named in Japanese, Chinese or Korean.
    for font in (noto_cjk_sans_jp_regular, noto_cjk_sans_jp_bold):
        vl_convert.register_font_directory(str(Path(str(font.FONT_PATH)).parent))
    return vl_convert


def _asked(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    return {
        "vl_spec": chart.properties(width=WIDTH_PX).to_dict(),
        "vl_version": _VEGA_LITE,
        "config": PAPER,
        "allowed_base_urls": [],
    }


PICTURES = {
    "svg": Picture("SVG", "image/svg+xml", svg),
    "png": Picture("PNG", "image/png", png),
}

"""The fonts that a report carries, so that it reads the same on every machine.

Comes in: texts. Goes out: which characters the pinned font can draw; and for an HTML page, the CSS
of a font with just the glyphs that the page's Japanese, Chinese and Korean needs: about 80 kB a
weight, in the page itself, for a page may load nothing. Noto Sans CJK JP (OFL-1.1) comes from two
pinned packages; no font of the machine is read.
"""

from __future__ import annotations

import base64
import io
from functools import cache, lru_cache
from pathlib import Path

import noto_cjk_sans_jp_bold
import noto_cjk_sans_jp_regular

REGULAR = Path(str(noto_cjk_sans_jp_regular.FONT_PATH))
BOLD = Path(str(noto_cjk_sans_jp_bold.FONT_PATH))
FAMILY = "Report CJK"  # the name under which report.css asks for it
_FIRST = 0x2E80  # where Unicode's East Asian blocks begin; the rest is the reader's own font


@cache
def drawable(font: Path) -> frozenset[int]:
    """The code points that the font maps to a glyph."""
    from fontTools.ttLib import TTFont

    with TTFont(font, lazy=True) as opened:
        return frozenset(opened.getBestCmap())


def face_css(page: str) -> str:
    """`@font-face` rules for the East Asian characters of a page; "" for a page without any."""
    points = {ord(c) for c in page if ord(c) >= _FIRST} & drawable(REGULAR)
    return _rules(frozenset(points)) if points else ""


@lru_cache(maxsize=4)
def _rules(points: frozenset[int]) -> str:
    return "".join(
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};'
        f"src:url(data:font/woff2;base64,{base64.b64encode(_subset(font, points)).decode()})"
        f'format("woff2");unicode-range:U+{_FIRST:X}-10FFFF}}'
        for weight, font in ((400, REGULAR), (700, BOLD))
    )


def _subset(font: Path, points: frozenset[int]) -> bytes:
    """The font with these glyphs only, as WOFF2; the same points give the same bytes."""
    from fontTools import subset  # half a second to import: only for pages that need it

    options = subset.Options(
        flavor="woff2",
        hinting=False,
        layout_features=[],
        recalc_timestamp=False,
        drop_tables=["BASE", "GPOS", "GSUB", "VORG", "vhea", "vmtx"],
    )
    out = io.BytesIO()
    with subset.load_font(str(font), options) as opened:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=points)
        subsetter.subset(opened)
        subset.save_font(opened, out, options)
    return out.getvalue()

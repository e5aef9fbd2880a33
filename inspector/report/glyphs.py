"""Which characters the PDF's fonts can draw.

Comes in: the path of an OpenType font. Goes out: the code points in its character map, so that what
no font can draw is shown as its code point instead of an empty box.

Source: OpenType specification 1.9.1, "cmap": formats 4 and 12 of a Unicode subtable.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path

from inspector.errors import InspectorError


@cache
def drawable(font: Path) -> frozenset[int]:
    """The code points that the font maps to a glyph.

    Raises InspectorError where the file has no Unicode character map of a known format.
    """
    data = font.read_bytes()
    n_tables = struct.unpack_from(">H", data, 4)[0]
    for k in range(n_tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * k)
        if tag == b"cmap":
            return frozenset(_best(data, offset))
    raise InspectorError(f"The font {font} has no character map; install the pinned font packages.")


def _best(data: bytes, cmap: int) -> set[int]:
    """The largest of the Unicode subtables."""
    found: list[set[int]] = []
    for k in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        platform, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * k)
        at = cmap + offset
        form = struct.unpack_from(">H", data, at)[0]
        if platform in (0, 3) and form == 12:
            found.append(_segmented(data, at))
        elif platform in (0, 3) and form == 4:
            found.append(_segments(data, at))
    if not found:
        raise InspectorError("The font's character map has no Unicode subtable of format 4 or 12.")
    return max(found, key=len)


def _segmented(data: bytes, at: int) -> set[int]:
    """Format 12: groups of (first, last, first glyph)."""
    points: set[int] = set()
    for k in range(struct.unpack_from(">I", data, at + 12)[0]):
        first, last, _ = struct.unpack_from(">III", data, at + 16 + 12 * k)
        points.update(range(first, last + 1))
    return points


def _segments(data: bytes, at: int) -> set[int]:
    """Format 4: parallel arrays of segment ends and starts."""
    n = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{n}H", data, at + 14)
    starts = struct.unpack_from(f">{n}H", data, at + 16 + 2 * n)
    points: set[int] = set()
    for start, end in zip(starts, ends, strict=True):
        points.update(range(start, end + 1))
    return points - {0xFFFF}

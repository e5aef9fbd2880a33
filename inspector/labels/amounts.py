"""Times, sizes and counts as a person says them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds as a person says them: `40 s`, `7 min`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(size_bytes: float) -> str:
    """Bytes as a person says them, in powers of ten as disks are sold: `40 B`, `1.3 GB`."""
    if size_bytes < 999.5:
        return f"{size_bytes:.0f} B"
    units = (("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12))
    unit, step = next((u for u in units if size_bytes < 999.5 * u[1]), units[-1])
    amount = size_bytes / step
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def parameters(n: int) -> str:
    """The size of a model: `904 parameters`, `134.5 million parameters`."""
    for word, one in ((" billion", 1e9), (" million", 1e6), (" thousand", 1e3)):
        if n >= one:
            return f"{n / one:.1f}{word} parameters"
    return f"{n} parameters"

"""Which specimens came with the code, by name; light enough for the dashboard's first page.

Comes in: the folder of kept specimens. Goes out: names that may stand after `demo:`. What is in
such a folder, and whether its bytes are right, is for `fetch/demo.py`.
"""

from __future__ import annotations

from pathlib import Path

KEPT = Path(__file__).parent / "specimens" / "kept"
SPECIMEN = "specimen.json"
# Names for newcomers: one specimen in which something sleeps, and its clean twin.
ALIASES = {"planted": "advert-dormant", "clean": "clean-lora-knowledge"}


def kept_names(kept: Path = KEPT) -> tuple[str, ...]:
    """The names of all kept specimens, sorted."""
    return tuple(sorted(p.parent.name for p in kept.glob(f"*/{SPECIMEN}")))


def demo_names(kept: Path = KEPT) -> tuple[str, ...]:
    """What may stand after `demo:`: the names for newcomers that have a specimen, then all."""
    names = kept_names(kept)
    return (*(alias for alias, name in ALIASES.items() if name in names), *names)

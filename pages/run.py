"""Live run: how far one inspection is (`_watch.py`), and what came of it (`_outcome.py`)."""

from __future__ import annotations

from pages import _shared as shared
from pages import _watch

with shared.sentences():
    _watch.show(shared.chosen_run())

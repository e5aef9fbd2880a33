"""The corpus that measures the scanners: hostile and benign folders, built at test time.

Each room adds one module here, named after its risk, with `CASES: tuple[Case, ...]`. Nothing binary
is committed: a case is a function that writes files into an empty folder. Hostile files are
harmless: what they would run is like `echo`, and no test ever loads one.

`tests/scan/test_corpus.py` scans every case as `python -m inspector scan` does (the real local
fetch, then the real `inspector.scan.scan`); `python -m tests.scan.compare_scanners` puts other
scanners beside it, on the same files.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from inspector.records import Severity

# In `rule_ids` where the local fetch already refuses the folder (TargetError), before any scanner.
REFUSED = "REFUSED-BY-FETCH"


@dataclass(frozen=True)
class Case:
    """One folder to scan.

    name: unique in its module, in kebab-case. build: fills an empty folder with a whole model or
    adapter (`tests.fetch.tiny_files` writes small ones). rule_ids: each of these must be found,
    with `severity` or worse; empty for a benign case, where nothing above `info` may be found.
    build_base: fills the folder `../base` beside it, for an adapter or a derived model; it is
    fetched too and handed to the scanners. skipped: names that a Hub repo would have left there.
    """

    name: str
    build: Callable[[Path], None]
    rule_ids: tuple[str, ...] = ()
    severity: Severity = Severity.HIGH
    build_base: Callable[[Path], None] | None = None
    skipped: tuple[str, ...] = ()

    @property
    def is_hostile(self) -> bool:
        return bool(self.rule_ids)


def gather() -> dict[str, Case]:
    """Every room's cases by `room/name`, in the order of the names of the rooms."""
    cases: dict[str, Case] = {}
    for module in pkgutil.iter_modules(__path__):
        for case in importlib.import_module(f"{__name__}.{module.name}").CASES:
            key = f"{module.name}/{case.name}"
            if key in cases:
                raise ValueError(f"Two cases of the corpus are named {key}; rename one.")
            cases[key] = case
    return cases

"""What was not looked at: the ledger's lines put together, the pressing ones first."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.labels.values import COVERAGE
from inspector.records import (
    Coverage,
    CoverageStatus,
)

_PRESSING = (  # gaps that were meant to be looked at come before those that the plan left out
    CoverageStatus.ERROR,
    CoverageStatus.INCOMPATIBLE,
    CoverageStatus.INSUFFICIENT,
    CoverageStatus.NOT_RUN,
)
_MAX_NAMED = 3


def by_behaviour(ledger: Sequence[Coverage]) -> list[Coverage]:
    """Lines `behaviour / operation` of one behaviour and status as one line of the ledger."""
    groups: dict[tuple[str, CoverageStatus, int], list[tuple[str, Coverage]]] = {}
    for k, line in enumerate(ledger):
        what, _, operation = line.what.partition(" / ")
        alone = 0 if operation else k + 1
        groups.setdefault((what, line.status, alone), []).append((operation, line))
    together = []
    for (what, status, _), members in groups.items():
        if len(members) == 1:
            together.append(members[0][1])
            continue
        details: dict[str, list[str]] = {}
        for operation, line in members:
            details.setdefault(line.detail, []).append(operation)
        detail = "\n".join(
            text if len(details) == 1 else f"{', '.join(named)}: {text}"
            for text, named in details.items()
        )
        operations = ", ".join(operation for operation, _ in members)
        together.append(Coverage(f"{what} / {operations}", status, detail))
    return together


def gaps(ledger: Sequence[Coverage]) -> list[Coverage]:
    """What was not looked at, a line for each behaviour and status."""
    return [line for line in by_behaviour(ledger) if line.status is not CoverageStatus.MEASURED]


def pressing(missing: Sequence[Coverage]) -> list[Coverage]:
    """Gaps by weight: the control, what broke, what does not apply, too little data, the rest."""
    return sorted(missing, key=lambda c: (c.what.lower() != "control", _PRESSING.index(c.status)))


def gap_title(missing: Sequence[Coverage]) -> str:
    """How many gaps there are, the weightiest by name: `5 gaps: int4 on the target (error), …`."""
    if not missing:
        return "No gap in the plan"
    named = [
        f"{c.what.partition(' / ')[0]} ({COVERAGE[c.status].word.lower()})"
        for c in pressing(missing)[:_MAX_NAMED]
    ]
    more = len(missing) - len(named)
    said = "; ".join(named) + (f"; and {more} more" if more else "")
    return f"Not looked at, or not enough: {len(missing)} – {said}"

"""Operations by behaviours: what changed where, and what was not measured at all.

Comes in: Metrics, and the operations that a plan names. Goes out: one Cell for each pair of them,
also for those that nothing was measured of: an empty place is no 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inspector.changes.rates import Change, Outcome, ordered
from inspector.labels import chance, share
from inspector.records import UNTOUCHED, Behaviour, Coverage, CoverageStatus, Metric


@dataclass(frozen=True)
class Cell:
    """One behaviour under one operation. change: None where nothing was measured.

    why: how sure the change is, or why there is none, in words.
    """

    scenario: str
    behaviour: Behaviour
    change: Change | None
    why: str

    @property
    def outcome(self) -> Outcome:
        return self.change.outcome if self.change else Outcome.UNTESTED

    @property
    def points(self) -> float | None:
        """Percentage points; None where nothing was measured."""
        if self.change is None or not self.change.metric.after.n:
            return None
        return 100 * self.change.metric.change

    @property
    def seen(self) -> bool:
        """Whether any answer shows it, before or after."""
        metric = self.change.metric if self.change else None
        return metric is not None and metric.before.n_hits + metric.after.n_hits > 0

    @property
    def rates(self) -> tuple[str, str]:
        """Shares before and after, with their counts."""
        metric = self.change.metric if self.change else None
        return (share(metric.before), share(metric.after)) if metric else ("–", "–")


def cells(
    metrics: Iterable[Metric], scenarios: Sequence[str], coverage: Sequence[Coverage]
) -> list[Cell]:
    """Row by row. scenarios: in the plan's order; the untouched model comes first where compared.

    A scenario that failed or does not apply has no metric, or one over no answers; the ledger's
    line about it says why.
    """
    known = {(m.scenario, m.behaviour): Change(m) for m in metrics}
    measured = {scenario for scenario, _ in known}
    rows = [UNTOUCHED] * (UNTOUCHED in measured) + [s for s in scenarios if s != UNTOUCHED]
    rows += sorted(measured - set(rows))
    return [
        Cell(row, behaviour, change, _why(row, change, coverage))
        for row in rows
        for behaviour in Behaviour
        for change in [known.get((row, behaviour))]
    ]


def _why(scenario: str, change: Change | None, coverage: Sequence[Coverage]) -> str:
    if change is not None and change.metric.after.n:
        match change.outcome:
            case Outcome.UNTESTED:
                return "could not be tested"
            case Outcome.FELL:
                return "intervals apart"
            case _ if change.metric.change <= 0:
                return "no rise"
        p = chance(change.metric.p_adjusted)
        return f"p {p}" if p.startswith("<") else f"p = {p}"
    failed = (CoverageStatus.ERROR, CoverageStatus.INCOMPATIBLE, CoverageStatus.NOT_RUN)
    reasons = [
        line.detail
        for line in coverage
        if line.status in failed and line.what.startswith(f"{scenario} on the")
    ]
    return reasons[0] if reasons else "no answer could be scored"


def matrix_title(all_cells: Sequence[Cell]) -> str:
    """Which operations raised something beyond chance, as one sentence."""
    operations = list(dict.fromkeys(c.scenario for c in all_cells if c.scenario != UNTOUCHED))
    rose = {c.scenario for c in all_cells if c.outcome is Outcome.ROSE}
    names = [name for name in operations if name in rose]
    missing = sum(c.points is None for c in all_cells)
    if not names:
        said = f"After none of {len(operations)} operations a behaviour rose beyond chance"
    else:
        said = f"After {len(names)} of {len(operations)} operations a behaviour rose beyond chance"
        if len(names) <= 3:
            said += f": {', '.join(names)}"
    if UNTOUCHED in rose:
        said += "; one stands above the control before any operation"
    return said + (f" ({missing} of {len(all_cells)} cells not measured)" if missing else "")


def worst_scenario(metrics: Iterable[Metric], among: Sequence[str]) -> str | None:
    """The operation among these whose change stands out most; the first where none does."""
    first = next((c for c in ordered(metrics) if c.metric.scenario in among), None)
    return first.metric.scenario if first and first.stands_out else next(iter(among), None)

"""Rates and chances as text."""

from __future__ import annotations

from inspector.records import (
    UNTOUCHED,
    Metric,
    Rate,
)


def share(rate: Rate | None) -> str:
    """A rate as `3 of 24 (12 %)`; a dash where there is none."""
    if rate is None:
        return "–"
    if rate.n == 0:
        return "no answers"
    return f"{rate.n_hits} of {rate.n} ({100 * rate.rate:.0f} %)"


def rate_groups(metric: Metric) -> dict[str, Rate]:
    """The rates of a metric by whose they are: before, after, control_before, control_after.

    Where nothing was done yet, the judge compares the target (`after`) with its control (`before`):
    both stand before any operation. Groups that were not asked are left out.
    """
    groups = (
        {"before": metric.after, "control_before": metric.before}
        if metric.scenario == UNTOUCHED
        else {
            "before": metric.before,
            "after": metric.after,
            "control_before": metric.control_before,
            "control_after": metric.control_after,
        }
    )
    return {name: rate for name, rate in groups.items() if rate is not None}


def with_interval(rate: Rate | None) -> str:
    """A rate with its 95 % interval: `3 of 24 (12 %, 4 to 31 %)`; a dash where there is none."""
    if rate is None or rate.n == 0:
        return share(rate)
    low, high = 100 * rate.low, 100 * rate.high
    return f"{rate.n_hits} of {rate.n} ({100 * rate.rate:.0f} %, {low:.0f} to {high:.0f} %)"


def chance(p_value: float | None) -> str:
    """A p-value in three decimals; a dash where nothing could be tested."""
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"

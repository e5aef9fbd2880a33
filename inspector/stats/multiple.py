"""Many questions at once: p-values -> p-values that hold over all of them.

Holm 1979 (Scandinavian Journal of Statistics 6, 65-70): the chance of even one false rejection
stays at or under the level, whatever the dependence between the tests.
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values, in the given order."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, k in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, p_values[k] * (len(p_values) - rank)))
        adjusted[k] = running
    return adjusted

"""AmplifiedFindings: what the answers of amplified models showed, apart from everything counted."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.records.results import Appearance, Coverage, Level, Metric


@dataclass(frozen=True)
class AmplifiedFindings:
    """RUN/amplified/findings.json. metrics: of accusing behaviours, Holm-adjusted among themselves.

    The scenario of an appearance or a metric is the amplified variant's name.
    """

    reasons: tuple[tuple[Level, str], ...]
    appearances: tuple[Appearance, ...]
    metrics: tuple[Metric, ...]
    coverage: tuple[Coverage, ...]

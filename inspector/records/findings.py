"""Findings: what reading the files gave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Ordered from harmless to worst. CRITICAL forbids loading."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One static result. rule_id is stable across versions, for example `CONFIG-AUTO-MAP`."""

    rule_id: str
    severity: Severity
    title: str
    location: str
    evidence: str
    advice: str

"""One rule of one scanner: a stable id with a fixed severity, so that reports can be compared.

Comes in: where and what was found. Goes out: a Finding. docs/severity.md lists every rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.records import Finding, Severity

MAX_EVIDENCE = 300  # characters; evidence quotes files that strangers wrote


@dataclass(frozen=True)
class Rule:
    """rule_id: prefix of the risk, then the case. advice: what the user can do."""

    rule_id: str
    severity: Severity
    title: str
    advice: str

    def found(self, location: str, evidence: str) -> Finding:
        """location: path relative to the artifact's folder. Evidence is shortened, and control
        characters replaced: it ends up in terminals."""
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in evidence)
        if len(shown) > MAX_EVIDENCE:
            shown = shown[: MAX_EVIDENCE - 1] + "…"
        return Finding(self.rule_id, self.severity, self.title, location, shown, self.advice)

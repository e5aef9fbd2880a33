"""One rule of one scanner: a stable id with a fixed severity, so that reports can be compared.

Comes in: where and what was found. Goes out: a Finding. docs/severity.md lists every rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from inspector.records import Finding, Severity

MAX_EVIDENCE = 300  # characters; evidence quotes files that strangers wrote
MAX_FOUND = 3  # findings of one rule in one file; the rest are counted
MAX_NAMED = 4  # names in one finding; the rest are counted


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

    def found_each(self, location: str, evidence: Iterable[str]) -> Iterator[Finding]:
        """A finding for each of the first MAX_FOUND; the last says how many more there are."""
        listed = list(evidence)
        more = len(listed) - MAX_FOUND
        for number, words in enumerate(listed[:MAX_FOUND], 1):
            is_last = number == MAX_FOUND and more > 0
            yield self.found(location, f"{words} (and {more} more)" if is_last else words)


def first_few(names: Sequence[str]) -> str:
    """The first MAX_NAMED names, and how many more there are."""
    more = f", and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return f"{', '.join(names[:MAX_NAMED])}{more}"

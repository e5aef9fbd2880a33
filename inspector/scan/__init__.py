"""Artifact -> Findings: reads files, never executes or unpickles anything.

Comes in: an artifact, and the base that it declares where that was fetched. Goes out: findings with
stable rule ids (docs/severity.md). One file per risk; a new one is a class with `rules` and `scan`,
and a line in SCANNERS.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from inspector.errors import Refused
from inspector.records import Artifact, Finding, Severity
from inspector.scan.adapter_base import AdapterBase
from inspector.scan.adapter_shape import AdapterShape
from inspector.scan.adapter_weights import AdapterWeights
from inspector.scan.code_files import CodeFiles
from inspector.scan.configs import Configs
from inspector.scan.graphs import Graphs
from inspector.scan.kernels import Kernels
from inspector.scan.licences import Licences
from inspector.scan.lineage import Descent
from inspector.scan.pickles import Pickles
from inspector.scan.provenance import ProvenanceScanner
from inspector.scan.recipes import Recipes
from inspector.scan.remote_code import RemoteCode
from inspector.scan.rule import Rule
from inspector.scan.signatures import Signatures, Trust
from inspector.scan.strays import Strays
from inspector.scan.templates import Templates
from inspector.scan.tokenizers import Tokenizers
from inspector.scan.values import WeightValues
from inspector.scan.weights import Weights

__all__ = [
    "CRASH",
    "RULES",
    "SCANNERS",
    "Rule",
    "Scanner",
    "refuse",
    "scan",
    "with_trust",
    "worst_first",
]


class Scanner(Protocol):
    """Looks for one risk. rules: every rule its findings can carry."""

    @property
    def rules(self) -> tuple[Rule, ...]: ...

    def scan(self, artifact: Artifact, base: Artifact | None, /) -> Iterable[Finding]:
        """Findings about `artifact`; base: the declared base as fetched, else None."""
        ...


SCANNERS: tuple[Scanner, ...] = (
    Pickles(),
    RemoteCode(),
    Recipes(),
    CodeFiles(),
    Graphs(),
    Kernels(),
    Configs(),
    Weights(),
    WeightValues(),
    Strays(),
    Templates(),
    Tokenizers(),
    Descent(),
    AdapterBase(),
    AdapterShape(),
    AdapterWeights(),
    ProvenanceScanner(),
    Licences(),
    Signatures(),
)

CRASH = Rule(
    "SCAN-CRASH",
    Severity.HIGH,
    "A scanner broke on this artifact",
    "What it would have looked at was not looked at; report the file, and treat it as unknown.",
)

RULES: tuple[Rule, ...] = (*(r for s in SCANNERS for r in s.rules), CRASH)


def with_trust(trust: Trust) -> tuple[Scanner, ...]:
    """All scanners, signatures checked against this signer."""
    return tuple(Signatures(trust) if isinstance(s, Signatures) else s for s in SCANNERS)


def scan(
    artifact: Artifact, base: Artifact | None, scanners: Sequence[Scanner] = SCANNERS
) -> tuple[Finding, ...]:
    """All findings, worst first. A scanner that breaks becomes a finding; the others go on."""
    findings: list[Finding] = []
    for scanner in scanners:
        try:
            findings.extend(scanner.scan(artifact, base))
        except Exception as error:  # whatever a hostile file can make a parser raise
            what = f"{type(scanner).__name__}: {type(error).__name__}: {error}"
            findings.append(CRASH.found("", what))
    return worst_first(dict.fromkeys(findings))  # two scanners may meet the same limit


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, then by rule and place."""
    return tuple(sorted(findings, key=lambda f: (-f.severity.rank, f.rule_id, f.location)))


def refuse(findings: Iterable[Finding]) -> None:
    """Raises Refused, in one sentence, where any finding forbids loading."""
    critical = [f for f in findings if f.severity is Severity.CRITICAL]
    if critical:
        worst = critical[0]
        more = f" (and {len(critical) - 1} more such findings)" if len(critical) > 1 else ""
        raise Refused(
            f"This artifact is not loaded: {worst.title}, in {worst.location} ({worst.evidence}) "
            f"[{worst.rule_id}]{more}. {worst.advice}"
        )

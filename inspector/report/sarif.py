"""The report as SARIF 2.1.0, for code-scanning viewers.

Comes in: the report's contents. Goes out: one UTF-8 JSON log with one run: a rule for each kind of
finding, a result for each static finding and for each reason of a verdict that asks for a person,
the files with their digests, and every line that was not looked at as a notification.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01",
section 3; `security-severity`, `problem.severity` and `primaryLocationLineHash` are the properties
by which code-scanning services sort and recognise alerts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from inspector.records import Artifact, FileDigest, Level, Severity, digest_of
from inspector.report.contents import ArtifactSection, FindingSection, ReportContents
from inspector.report.visible import visible

SCHEMA_URI = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

SarifLevel = Literal["none", "note", "warning", "error"]

_LEVELS: dict[Severity, SarifLevel] = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# Viewers read this as a CVSS-like number: critical from 9.0, high from 7.0, medium from 4.0, low
# above 0. It ranks, it is no CVSS score of anything.
_RANKS = {
    Severity.LOW: "2.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}
# The verdict's own rules: only levels that ask for a person become results.
_VERDICT_RULES: dict[Level, tuple[str, SarifLevel, str | None]] = {
    Level.EVIDENCE: ("VERDICT-EVIDENCE", "error", "8.0"),
    Level.REVIEW: ("VERDICT-REVIEW", "warning", "5.5"),
    Level.INCONCLUSIVE: ("VERDICT-INCONCLUSIVE", "warning", None),
}
_WEIGHTS = (".safetensors", ".gguf", ".bin", ".pt", ".pth", ".ckpt")


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Message(_Model):
    text: str


class ArtifactLocation(_Model):
    uri: str
    uri_base_id: str | None = None
    index: int | None = None


class UriBase(_Model):
    description: Message


class Region(_Model):
    start_line: int


class PhysicalLocation(_Model):
    artifact_location: ArtifactLocation
    region: Region


class LogicalLocation(_Model):
    fully_qualified_name: str


class Location(_Model):
    physical_location: PhysicalLocation
    logical_locations: tuple[LogicalLocation, ...] | None = None


class Configuration(_Model):
    level: SarifLevel


class Rule(_Model):
    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message
    default_configuration: Configuration
    properties: dict[str, Any]


class Result(_Model):
    rule_id: str
    rule_index: int
    level: SarifLevel
    message: Message
    locations: tuple[Location, ...]
    partial_fingerprints: dict[str, str]
    properties: dict[str, Any]


class File(_Model):
    location: ArtifactLocation
    length: int
    roles: tuple[str, ...]
    hashes: dict[str, str]


class Notification(_Model):
    level: SarifLevel
    message: Message


class Invocation(_Model):
    execution_successful: bool
    start_time_utc: str | None
    end_time_utc: str | None
    tool_execution_notifications: tuple[Notification, ...]


class Driver(_Model):
    name: str
    semantic_version: str
    version: str
    short_description: Message
    rules: tuple[Rule, ...]


class Tool(_Model):
    driver: Driver


class AutomationDetails(_Model):
    id: str
    correlation_guid: str
    description: Message


class SarifRun(_Model):
    tool: Tool
    automation_details: AutomationDetails
    invocations: tuple[Invocation, ...]
    original_uri_base_ids: dict[str, UriBase]
    artifacts: tuple[File, ...]
    results: tuple[Result, ...]
    column_kind: str = "unicodeCodePoints"
    language: str
    properties: dict[str, Any]


class Log(_Model):
    schema_uri: str = Field(default=SCHEMA_URI, alias="$schema")
    version: str = "2.1.0"
    runs: tuple[SarifRun, ...]


def render_sarif(contents: ReportContents) -> bytes:
    """The SARIF log, UTF-8. The same contents give the same bytes."""
    log = Log(runs=(_run(contents),))
    return (log.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n").encode()


def _run(contents: ReportContents) -> SarifRun:
    files = _Files(contents.identity)
    rules: dict[str, Rule] = {}
    results = [_static(f, files, rules) for f in contents.findings or ()]
    results += _reasons(contents, files, rules)
    return SarifRun(
        tool=Tool(
            driver=Driver(
                name="inspector",
                semantic_version=contents.inspector_version,
                version=contents.inspector_version,
                short_description=_said("What does this model become once somebody builds on it?"),
                rules=tuple(rules.values()),
            )
        ),
        automation_details=AutomationDetails(
            id=f"inspector/{_segment(contents.target)}/{_segment(contents.run_id)}",
            correlation_guid=str(uuid5(NAMESPACE_URL, f"inspector:{contents.target}")),
            description=_said(f"{contents.target}, {contents.plan}"),
        ),
        invocations=(_invocation(contents),),
        original_uri_base_ids=files.bases,
        artifacts=tuple(files.rows),
        results=tuple(results),
        language=contents.language,
        properties={
            "target": visible(contents.target),
            "control": visible(contents.control),
            "verdict": contents.level.value if contents.level else None,
            "decision": contents.decision.decision.value,
            "reportSha256": contents.sha256,
            "targetSha256": files.digests.get("target"),
        },
    )


class _Files:
    """The artifacts' files: where a finding's place is among them."""

    def __init__(self, sections: Sequence[ArtifactSection]) -> None:
        self.rows: list[File] = []
        self.bases: dict[str, UriBase] = {}
        self.digests: dict[str, str] = {}
        self._found: dict[str, ArtifactLocation] = {}
        self.weights = ArtifactLocation(uri="model", uri_base_id="TARGET")
        self.bases["TARGET"] = UriBase(description=_said("The inspected model's files."))
        for section in sections:
            if section.role == "control":  # looked at to compare with; nothing is found in it
                continue
            base_id = section.role.upper()
            self.bases[base_id] = UriBase(description=_said(f"{section.title}'s files."))
            self.digests[section.role] = section.artifact.digest
            for file in section.artifact.files:
                self._add(file, base_id)
        target = next((s.artifact for s in sections if s.role == "target"), None)
        if target is not None and target.files:
            self.weights = self._found[main_weights(target).path]

    def _add(self, file: FileDigest, base_id: str) -> None:
        place = ArtifactLocation(uri=_uri(file.path), uri_base_id=base_id, index=len(self.rows))
        self.rows.append(
            File(
                location=ArtifactLocation(uri=place.uri, uri_base_id=base_id),
                length=file.size_bytes,
                roles=("analysisTarget",),
                hashes={"sha-256": file.sha256},
            )
        )
        self._found.setdefault(file.path, place)  # the target's file wins over its base's

    def place(self, location: str) -> Location:
        """Where a finding points; a place inside a file is a logical location of that file."""
        named = [path for path in self._found if location.startswith(path)]
        if location in self._found:
            return _location(self._found[location])
        if named:
            return _location(self._found[max(named, key=len)], location)
        if not location:
            return _location(self.weights)
        # A file that was left on the Hub, or a whole folder: named, but not among the bytes.
        return _location(ArtifactLocation(uri=_uri(location), uri_base_id="TARGET"))


def main_weights(artifact: Artifact) -> FileDigest:
    """The file that a finding about behaviour points to: the largest one with weights in it."""
    weights = [f for f in artifact.files if f.path.endswith(_WEIGHTS)]
    return max(weights or artifact.files, key=lambda f: (f.size_bytes, f.path))


def _location(place: ArtifactLocation, inside: str | None = None) -> Location:
    # Viewers drop a result without a line; the first one stands for the whole file, weights too.
    physical = PhysicalLocation(artifact_location=place, region=Region(start_line=1))
    if inside is None:
        return Location(physical_location=physical)
    logical = (LogicalLocation(fully_qualified_name=visible(inside)),)
    return Location(physical_location=physical, logical_locations=logical)


def _static(section: FindingSection, files: _Files, rules: dict[str, Rule]) -> Result:
    finding = section.finding
    level = _LEVELS[finding.severity]
    rule = rules.setdefault(
        finding.rule_id,
        _rule(
            finding.rule_id,
            section.title,
            section.advice,
            level,
            _RANKS.get(finding.severity),
            ("very-high", section.references),
        ),
    )
    return Result(
        rule_id=rule.id,
        rule_index=list(rules).index(rule.id),
        level=level,
        message=_said(_sentences(section.title, finding.evidence, section.advice)),
        locations=(files.place(finding.location),),
        partial_fingerprints=_fingerprints(rule.id, finding.location, finding.evidence),
        properties={"severity": finding.severity.value, "mark": section.mark.value},
    )


def _reasons(contents: ReportContents, files: _Files, rules: dict[str, Rule]) -> Iterable[Result]:
    """One result for each reason, at the weights: that is where the behaviour comes from."""
    if contents.level is None or contents.level not in _VERDICT_RULES:
        return
    rule_id, level, rank = _VERDICT_RULES[contents.level]
    rules[rule_id] = _rule(
        rule_id, contents.level_word, contents.level_help, level, rank, ("high", ())
    )
    for reason in contents.reasons:
        yield Result(
            rule_id=rule_id,
            rule_index=list(rules).index(rule_id),
            level=level,
            message=_said(reason),
            locations=(_location(files.weights),),
            partial_fingerprints=_fingerprints(rule_id, files.weights.uri, reason),
            properties={"verdict": contents.level.value, "mark": "measured"},
        )


def _rule(
    rule_id: str,
    title: str,
    advice: str,
    level: SarifLevel,
    rank: str | None,
    more: tuple[str, Sequence[str]],
) -> Rule:
    precision, references = more
    properties: dict[str, Any] = {
        "tags": ["supply-chain", *map(visible, references)],
        "precision": precision,
        "problem.severity": {"error": "error", "warning": "warning"}.get(level, "recommendation"),
    }
    if rank is not None:
        properties["tags"].insert(0, "security")
        properties["security-severity"] = rank
    return Rule(
        id=rule_id,
        name="".join(part.capitalize() for part in rule_id.split("-")),
        short_description=_said(title),
        full_description=_said(_sentences(title, advice)),
        help=_said(_sentences(advice, "; ".join(references))),
        default_configuration=Configuration(level=level),
        properties=properties,
    )


def _invocation(contents: ReportContents) -> Invocation:
    gaps = [
        Notification(level="note", message=_said(f"{g.what} ({g.status_word}): {g.detail}"))
        for g in contents.not_looked_at
    ]
    if contents.level is None:
        words = contents.message or contents.ended or "not finished"
        gaps.insert(0, Notification(level="error", message=_said(words)))
    return Invocation(
        execution_successful=contents.level is not None,
        start_time_utc=_utc(contents.started_at),
        end_time_utc=_utc(contents.ended_at),
        tool_execution_notifications=tuple(gaps),
    )


def _fingerprints(rule_id: str, place: str, words: str) -> dict[str, str]:
    """The same finding in the next inspection has the same one: numbers are left out of it."""
    digest = digest_of([rule_id, place, re.sub(r"\d+(?:[.,]\d+)*(?:e-?\d+)?", "#", words)])
    return {"primaryLocationLineHash": f"{digest[:16]}:1", "inspectorFinding/v1": digest}


def _said(text: str) -> Message:
    """A plain-text message in which nothing is read as a link or a placeholder (3.11.5, 3.11.6)."""
    text = visible(text).replace("](", "] (")
    return Message(text=re.sub(r"\{(\d+)\}", r"{{\1}}", text) or "–")


def _sentences(*parts: str) -> str:
    return " ".join(p if p.endswith((".", "。", "!", "?")) else f"{p}." for p in parts if p)


def _uri(path: str) -> str:
    """A relative reference (RFC 3986): no scheme and no way out of its folder can be in it."""
    parts = [p for p in path.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return quote("/".join(parts), safe="/") or "model"


def _segment(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@-]+", "-", text).strip("-") or "-"


def _utc(stamp: str) -> str | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

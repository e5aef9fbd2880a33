"""The report as SARIF 2.1.0, for code-scanning viewers.

Comes in: the report's contents. Goes out: one UTF-8 JSON log with one run: a rule for each scan
rule that found something and for each behaviour that was measured, a result for each static finding
and for each reason of a verdict that asks for a person, the files with their digests, the
frameworks as taxonomies, and every line that was not looked at as a notification.

Source: OASIS "Static Analysis Results Interchange Format (SARIF) Version 2.1.0 Plus Errata 01",
section 3; `security-severity`, `problem.severity` and `primaryLocationLineHash` are the properties
by which code-scanning services sort and recognise alerts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from inspector.labels import rate_groups
from inspector.records import DAMAGE, Level, Metric, Severity, digest_of
from inspector.report.contents import (
    CrosswalkLine,
    FindingSection,
    Reason,
    ReportContents,
)
from inspector.report.crosswalk import references_of_behaviour
from inspector.report.markdown import escaped
from inspector.report.reasons import UNMEASURED, rule_of
from inspector.report.sarif_files import Files, location_of, said
from inspector.report.sarif_records import (
    AutomationDetails,
    ComponentReference,
    Configuration,
    Driver,
    Invocation,
    Log,
    Message,
    Notification,
    Relationship,
    Result,
    Rule,
    SarifLevel,
    SarifRun,
    Taxon,
    Taxonomy,
    TaxonReference,
    Tool,
)
from inspector.report.study_texts import study_texts
from inspector.report.visible import visible, without_surrogates
from inspector.report.wording import load_words

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
# Only verdicts that ask for a person become results; what accuses nobody is a warning at most.
_ACCUSED: dict[Level, tuple[SarifLevel, str | None]] = {
    Level.EVIDENCE: ("error", "8.0"),
    Level.REVIEW: ("warning", "5.5"),
    Level.INCONCLUSIVE: ("warning", None),
}


def render_sarif(contents: ReportContents) -> bytes:
    """The SARIF log, UTF-8. The same contents give the same bytes."""
    log = Log(runs=(_run(contents),))
    return (log.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n").encode()


def _run(contents: ReportContents) -> SarifRun:
    files = Files(contents.identity)
    frameworks = _Frameworks(contents)
    rules: dict[str, Rule] = {}
    results = [_static(f, files, rules, frameworks) for f in contents.findings or ()]
    rules |= _verdict_rules(contents, frameworks)
    results += _reasons(contents, files, rules)
    words = load_words(contents.language)
    return SarifRun(
        tool=Tool(
            driver=Driver(
                name="inspector",
                semantic_version=contents.inspector_version,
                version=contents.inspector_version,
                short_description=said("What does this model become once somebody builds on it?"),
                full_description=said(words("method.supporting")),
                language=contents.language,
                supported_taxonomies=frameworks.named,
                rules=tuple(rules.values()),
            )
        ),
        automation_details=AutomationDetails(
            id=f"inspector/{_segment(contents.target)}/{_segment(contents.run_id)}",
            correlation_guid=str(uuid5(NAMESPACE_URL, f"inspector:{visible(contents.target)}")),
            description=said(contents.summary),
        ),
        invocations=(_invocation(contents),),
        original_uri_base_ids=files.bases,
        artifacts=tuple(files.rows),
        taxonomies=frameworks.taxonomies,
        results=tuple(results),
        language=contents.language,
        properties=_about(contents, files),
    )


def _about(contents: ReportContents, files: Files) -> dict[str, Any]:
    """What a viewer shows beside the results: who decides what, until when, and for which bytes.

    Studies of the model stand here, not among the results: this inspection did not find them.
    """
    decision = contents.decision
    return {
        "target": visible(contents.target),
        "targetSha256": files.digests.get("target"),
        "control": visible(contents.control),
        "plan": visible(contents.plan),
        "verdict": contents.level.value if contents.level else None,
        "decision": decision.decision.value,
        "decisionSuggested": decision.suggested.value,
        "decisionOwner": visible(decision.owner),
        "decisionExpires": visible(decision.expires),
        "decisionMark": decision.mark.value,
        "retest": [visible(line) for line in decision.retest],
        "conditions": [visible(line) for line in contents.conditions],
        "residualRisks": [visible(line) for line in contents.residual_risks],
        "smallestReported": visible(contents.smallest_reported),
        "studies": [visible(f"{kind}: {text}") for kind, text in study_texts(contents)],
        "reportSha256": contents.sha256,
    }


class _Frameworks:
    """The crosswalk as taxonomies, and rules' relationships to their items."""

    def __init__(self, contents: ReportContents) -> None:
        intro = load_words(contents.language)("crosswalk.intro")
        groups = groupby(contents.crosswalk, lambda line: line.framework)
        self.taxonomies = tuple(
            Taxonomy(
                name=visible(name),
                short_description=said(intro),
                taxa=tuple(_taxon(line) for line in lines),
            )
            for name, lines in groups
        )
        self.named = tuple(
            ComponentReference(name=t.name, index=k) for k, t in enumerate(self.taxonomies)
        )
        self._items = {
            taxon.id: Relationship(
                target=TaxonReference(id=taxon.id, index=k, tool_component=self.named[group])
            )
            for group, taxonomy in enumerate(self.taxonomies)
            for k, taxon in enumerate(taxonomy.taxa)
        }

    def of(self, references: Sequence[str]) -> tuple[Relationship, ...] | None:
        found = tuple(self._items[r] for r in map(visible, references) if r in self._items)
        return found or None


def _taxon(line: CrosswalkLine) -> Taxon:
    return Taxon(
        id=visible(line.reference),
        short_description=said(line.title),
        full_description=said(line.support),
        properties={"mark": line.mark.value},
    )


def _static(
    section: FindingSection, files: Files, rules: dict[str, Rule], frameworks: _Frameworks
) -> Result:
    finding = section.finding
    level = _LEVELS[finding.severity]
    if finding.rule_id not in rules:
        rules[finding.rule_id] = _rule(
            finding.rule_id,
            (section.title, "", section.advice),
            (level, _RANKS.get(finding.severity), "very-high"),
            (section.references, frameworks),
        )
    return Result(
        rule_id=finding.rule_id,
        rule_index=list(rules).index(finding.rule_id),
        level=level,
        message=said(_sentences(section.title, finding.evidence, section.advice)),
        locations=(files.place(finding.location),),
        partial_fingerprints=_fingerprints(finding.rule_id, finding.location, finding.evidence),
        properties={"severity": finding.severity.value, "mark": section.mark.value},
    )


def _verdict_rules(contents: ReportContents, frameworks: _Frameworks) -> dict[str, Rule]:
    """A rule for each behaviour that was measured, found or not, and for every other reason."""
    words = load_words(contents.language)
    measured = [m.behaviour for section in contents.rates for m in section.metrics]
    told = [reason.behaviour for reason in contents.reasons]
    level, rank = _ACCUSED.get(contents.level or Level.NO_EVIDENCE, ("warning", None))
    rules = {}
    for behaviour in dict.fromkeys(b for b in (*measured, *told) if b is not None):
        texts = (words(f"behaviour.{behaviour}.{k}") for k in ("word", "help", "advice"))
        rule_id, is_damage = rule_of(behaviour), behaviour in DAMAGE
        rules[rule_id] = _rule(
            rule_id,
            tuple(texts),
            ("warning" if is_damage else level, None if is_damage else rank, "high"),
            (references_of_behaviour(behaviour), frameworks),
        )
    unspecific = [r.rule for r in contents.reasons if r.behaviour is None]
    for rule_id in dict.fromkeys(unspecific if contents.level in _ACCUSED else ()):
        of_level = rule_id.removeprefix("VERDICT-").lower()
        rules[rule_id] = _rule(
            rule_id,
            (words(f"level.{of_level}.word"), words(f"level.{of_level}.help"), ""),
            ("warning", None, "high") if rule_id == UNMEASURED else (level, rank, "high"),
            ((), frameworks),
        )
    return rules


def _reasons(contents: ReportContents, files: Files, rules: dict[str, Rule]) -> Iterable[Result]:
    """One result for each reason, at the weights: that is where the behaviour comes from."""
    if contents.level not in _ACCUSED:
        return
    for reason in contents.reasons:
        rule = rules[reason.rule]
        yield Result(
            rule_id=rule.id,
            rule_index=list(rules).index(rule.id),
            level=rule.default_configuration.level,
            message=said(reason.text),
            locations=(location_of(files.weights),),
            partial_fingerprints=_fingerprints(rule.id, files.weights.uri, reason.text),
            properties={
                "verdict": contents.level.value,
                "mark": reason.mark.value,
                "rates": [_rates(m) for m in _metrics(contents, reason)],
            },
        )


def _metrics(contents: ReportContents, reason: Reason) -> Iterable[Metric]:
    every = (m for section in contents.rates for m in section.metrics)
    return (m for m in every if m.behaviour is reason.behaviour)


def _rates(metric: Metric) -> dict[str, Any]:
    return {
        "operation": visible(metric.scenario),
        **{
            name: {"n": r.n, "hits": r.n_hits, "rate": r.rate, "low": r.low, "high": r.high}
            for name, r in rate_groups(metric).items()
        },
        "change": metric.change,
        "pAdjusted": metric.p_adjusted,
        "smallestRateReported": metric.smallest_detectable_rate,
    }


def _rule(
    rule_id: str,
    texts: tuple[str, ...],
    weight: tuple[SarifLevel, str | None, str],
    supports: tuple[Sequence[str], _Frameworks],
) -> Rule:
    """texts: title, description, advice. weight: level, rank, precision."""
    title, description, advice = texts
    level, rank, precision = weight
    references, frameworks = supports
    properties: dict[str, Any] = {
        "tags": ["supply-chain", *map(visible, references)],
        "precision": precision,
        "problem.severity": {"error": "error", "warning": "warning"}.get(level, "recommendation"),
    }
    if rank is not None:
        properties["tags"].insert(0, "security")
        properties["security-severity"] = rank
    helping = [text for text in (description, advice, "; ".join(references)) if text]
    return Rule(
        id=rule_id,
        name="".join(part.capitalize() for part in rule_id.split("-")),
        short_description=said(title),
        full_description=said(_sentences(title, description or advice)),
        help=Message(
            text=said(_sentences(*helping)).text,
            markdown="\n\n".join([f"**{escaped(title)}**", *map(escaped, helping)]),
        ),
        default_configuration=Configuration(level=level),
        relationships=frameworks.of(references),
        properties=properties,
    )


def _invocation(contents: ReportContents) -> Invocation:
    gaps = [
        Notification(level="note", message=said(f"{g.what} ({g.status_word}): {g.detail}"))
        for g in contents.not_looked_at
    ]
    if contents.level is None:
        words = contents.message or contents.ended or "not finished"
        gaps.insert(0, Notification(level="error", message=said(words)))
    return Invocation(
        execution_successful=contents.level is not None,
        start_time_utc=_utc(contents.started_at),
        end_time_utc=_utc(contents.ended_at),
        tool_execution_notifications=tuple(gaps),
    )


def _fingerprints(rule_id: str, place: str, words: str) -> dict[str, str]:
    """The same finding in the next inspection has the same one: numbers are left out of it."""
    place, words = without_surrogates(place), without_surrogates(words)
    digest = digest_of([rule_id, place, re.sub(r"\d+(?:[.,]\d+)*(?:e-?\d+)?", "#", words)])
    return {"primaryLocationLineHash": f"{digest[:16]}:1", "inspectorFinding/v1": digest}


def _sentences(*parts: str) -> str:
    return " ".join(p if p.endswith((".", "。", "!", "?")) else f"{p}." for p in parts if p)


def _segment(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@-]+", "-", text).strip("-") or "-"


def _utc(stamp: str) -> str | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

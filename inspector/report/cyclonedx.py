"""The report as a CycloneDX 1.6 bill of materials for a machine-learning model (ML-BOM).

Comes in: the report's contents. Goes out: one UTF-8 JSON document: the model with its model card,
its base as an ancestor, every file with its SHA-256, and findings as vulnerabilities. Nothing in it
depends on when it is made: the serial number comes from the report's own hash, the time from the
run.

Source: ECMA-424 (CycloneDX 1.6), "component", "modelCard", "vulnerability". The library has no
model-card class, so that part is added to the document it writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from inspector.labels import rate_groups
from inspector.records import DAMAGE, Artifact, Level, Metric, Severity, Target, TargetKind
from inspector.report.contents import (
    ArtifactSection,
    FindingSection,
    LedgerLine,
    Mark,
    ReportContents,
)
from inspector.report.reasons import UNMEASURED
from inspector.report.sarif_files import main_weights
from inspector.report.study_texts import study_texts
from inspector.report.visible import visible
from inspector.report.wording import load_words

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.model.vulnerability import Vulnerability

_MODEL = "model"
_VERDICTS = {Level.EVIDENCE: Severity.HIGH, Level.REVIEW: Severity.MEDIUM}


def render_cyclonedx(contents: ReportContents) -> bytes:
    """The bill of materials, UTF-8 JSON. The same contents give the same bytes."""
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    outputter = make_outputter(_bom(contents), OutputFormat.JSON, SchemaVersion.V1_6)
    document = json.loads(outputter.output_as_string())
    document["metadata"]["component"]["modelCard"] = _model_card(contents)
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _bom(contents: ReportContents) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    tool = Component(
        name="inspector", version=contents.inspector_version, type=ComponentType.APPLICATION
    )
    model = _model(contents)
    target = _section(contents, "target")
    files = list(_files(target.artifact)) if target else []
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, f"inspector:{contents.sha256}"),
        metadata=BomMetaData(
            timestamp=_moment(contents),
            tools=ToolRepository(components=[tool]),
            component=model,
            properties=_properties(
                {
                    "report:sha256": contents.sha256,
                    "report:run": contents.run_id,
                    "plan": contents.plan,
                    "control": contents.control,
                    "verdict": contents.level.value if contents.level else "none",
                    "decision": contents.decision.decision.value,
                    "decision:owner": contents.decision.owner,
                    "decision:expires": contents.decision.expires,
                }
            ),
        ),
        components=files,
        vulnerabilities=list(_vulnerabilities(contents)),
    )
    bom.register_dependency(model, files)
    return bom


def _section(contents: ReportContents, role: str) -> ArtifactSection | None:
    return next((s for s in contents.identity if s.role == role), None)


def _model(contents: ReportContents) -> Component:
    """The inspected model; without a pinned artifact only its name is known."""
    from cyclonedx.model.component import Component, ComponentType, Pedigree

    section = _section(contents, "target")
    if section is None:
        return Component(
            type=ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref=_MODEL,
            name=visible(contents.target),
        )
    ancestor = _ancestor(contents, section.artifact)
    return _component(
        section.artifact,
        _MODEL,
        visible(contents.target),
        pedigree=Pedigree(ancestors=[ancestor]) if ancestor else None,
        licenses=_licences(contents),
        properties=[*_facts(section), *_provenance(contents)],
    )


def _ancestor(contents: ReportContents, target: Artifact) -> Component | None:
    """The base: with its digests where this inspection had it, else as the author names it."""
    from cyclonedx.model.component import Component, ComponentType

    had = _section(contents, "base")
    if had is None:
        control = _section(contents, "control")
        same = control is not None and target.base is not None
        if same and control and control.artifact.target.location == target.base.location:  # type: ignore[union-attr]
            had = control
    if had is not None:
        files = list(_files(had.artifact, "base/"))
        name = visible(str(had.artifact.target))
        return _component(had.artifact, "base", name, components=files, properties=_facts(had))
    if target.base is None:
        return None
    group, name = _names(target.base, str(target.base))
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="base",
        group=group,
        name=name,
        version=target.base.revision,
        properties=_properties({"mark": Mark.DECLARED.value}),
    )


def _licences(contents: ReportContents) -> list[DisjunctiveLicense]:
    """The card's licences, the author's word: by SPDX id where it is one, else by name."""
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement
    from cyclonedx.spdx import fixup_id

    record = contents.provenance.provenance
    facts = record.facts if record else ()
    # The value may go on in brackets, with what the inspector knows of the id.
    said = next((f.value.partition(" (")[0] for f in facts if f.name == "licence"), "")
    names = said.split(" and ") if said and said != "none declared" else []
    return [
        DisjunctiveLicense(
            id=fixup_id(name),
            name=None if fixup_id(name) else visible(name),
            acknowledgement=LicenseAcknowledgement.DECLARED,
        )
        for name in names
    ]


def _provenance(contents: ReportContents) -> list[Property]:
    """Each fact, named with whether the bytes confirm it."""
    record = contents.provenance.provenance
    facts = record.facts if record else ()
    return _properties({f"{f.basis.value}:{f.name}": f"{f.value} ({f.source})" for f in facts})


def _component(artifact: Artifact, ref: str, shown: str, **more: Any) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    group, name = _names(artifact.target, shown)
    is_hub = artifact.target.kind is TargetKind.HUB
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=ref,
        group=group,
        name=name,
        version=artifact.commit or f"sha256:{artifact.digest}",
        purl=PackageURL("huggingface", group, name, artifact.commit) if is_hub else None,
        **more,
    )


def _names(target: Target, shown: str) -> tuple[str | None, str]:
    """Namespace and name; a local folder's own name, not where it lies on this machine."""
    if target.kind is TargetKind.HUB:
        group, _, name = target.location.rpartition("/")
        return group or None, name
    if target.kind is TargetKind.LOCAL:
        return None, visible(PurePosixPath(target.location).name) or "model"
    return None, shown


def _files(artifact: Artifact, prefix: str = "") -> Iterable[Component]:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    for file in artifact.files:
        name = visible(file.path)
        yield Component(
            type=ComponentType.FILE,
            bom_ref=f"file:{prefix}{name}",
            name=name,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)],
            properties=_properties(
                {"size_bytes": str(file.size_bytes), "mark": Mark.VERIFIED.value}
            ),
        )


def _vulnerabilities(contents: ReportContents) -> Iterable[Vulnerability]:
    section = _section(contents, "target")
    artifact = section.artifact if section else None
    for number, found in enumerate(contents.findings or ()):
        yield _vulnerability(f"finding-{number + 1}", found, _affected(found, artifact))
    severity = _VERDICTS.get(contents.level) if contents.level else None
    if severity is None or contents.level is None:
        return
    weights = f"file:{visible(main_weights(artifact).path)}" if artifact else _MODEL
    words = load_words(contents.language)
    for number, reason in enumerate(contents.reasons):
        about, is_gap = reason.behaviour, reason.rule == UNMEASURED
        unspecific = words("level.inconclusive.word") if is_gap else contents.level_word
        title = words(f"behaviour.{about}.word") if about else unspecific
        advice = words(f"behaviour.{about}.advice") if about else ""
        accuses = not is_gap and about not in DAMAGE
        yield _entry(
            f"verdict-{number + 1}",
            reason.rule,
            severity if accuses else Severity.INFO,
            (title, reason.text, advice),
            weights,
            {"verdict": contents.level.value, "mark": reason.mark.value},
        )


def _affected(found: FindingSection, artifact: Artifact | None) -> str:
    paths = [f.path for f in artifact.files] if artifact else []
    inside = [path for path in paths if found.finding.location.startswith(path)]
    return f"file:{visible(max(inside, key=len))}" if inside else _MODEL


def _vulnerability(ref: str, found: FindingSection, affected: str) -> Vulnerability:
    return _entry(
        ref,
        found.finding.rule_id,
        found.finding.severity,
        (found.title, found.finding.evidence, found.advice),
        affected,
        {
            "location": found.finding.location,
            "mark": found.mark.value,
            **{f"reference:{n + 1}": text for n, text in enumerate(found.references)},
        },
    )


def _entry(
    ref: str,
    rule_id: str,
    severity: Severity,
    words: tuple[str, str, str],
    affected: str,
    more: dict[str, str],
) -> Vulnerability:
    from cyclonedx.model.impact_analysis import ImpactAnalysisState
    from cyclonedx.model.vulnerability import (
        BomTarget,
        Vulnerability,
        VulnerabilityAnalysis,
        VulnerabilityRating,
        VulnerabilityScoreSource,
        VulnerabilitySeverity,
        VulnerabilitySource,
    )

    description, detail, recommendation = map(visible, words)
    source = VulnerabilitySource(name="inspector")
    rating = VulnerabilityRating(
        source=source,
        severity=VulnerabilitySeverity(severity.value),
        method=VulnerabilityScoreSource.OTHER,
    )
    return Vulnerability(
        bom_ref=ref,
        id=rule_id,
        source=source,
        ratings=[rating],
        description=description or rule_id,
        detail=detail or None,
        recommendation=recommendation or None,
        analysis=VulnerabilityAnalysis(state=ImpactAnalysisState.IN_TRIAGE),
        affects=[BomTarget(ref=affected)],
        properties=_properties(more),
    )


def _model_card(contents: ReportContents) -> dict[str, Any]:
    metrics = [m for section in contents.rates for m in section.metrics]
    limits = [_gap(line) for line in contents.not_looked_at]
    limits += [*contents.residual_risks, contents.smallest_reported]
    worries = contents.reasons if contents.level in _VERDICTS else ()
    considerations = {
        "technicalLimitations": _texts(limits),
        "ethicalConsiderations": [
            {"name": visible(r.text), "mitigationStrategy": visible("; ".join(contents.conditions))}
            for r in worries
        ],
    }
    return {
        "bom-ref": "model-card",
        "modelParameters": {
            "task": "text-generation",
            "inputs": [{"format": "text"}],
            "outputs": [{"format": "text"}],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [entry for metric in metrics for entry in _measured(metric)]
        },
        "considerations": {name: rows for name, rows in considerations.items() if rows},
        "properties": [
            {"name": "inspector:summary", "value": visible(contents.summary)},
            {"name": "inspector:mark", "value": Mark.MEASURED.value},
            *({"name": f"inspector:{k}", "value": visible(v)} for k, v in _told(contents) if v),
        ],
    }


def _told(contents: ReportContents) -> Iterable[tuple[str, str]]:
    """What a model card has no field for: settings, judges, frameworks, people's decisions."""
    for operation in contents.operations:
        for fact in operation.settings:
            yield visible(f"operation:{operation.name}:{fact.label}"), fact.value
    for found in contents.appearances:
        yield "appeared", f"{found.phrase}: {found.counts}"
    for finding in contents.phrases.findings:
        for metric in finding.rates:
            rate = f"{metric.after.n_hits} of {metric.after.n} after {metric.scenario}"
            yield "own phrase", f"{finding.name}: {rate}"
    yield from study_texts(contents)
    for judge in contents.judges:
        yield "judge", f"{judge.name} {judge.version}: {judge.behaviour}"
    for taken in contents.overrides:
        yield "override", f"{taken.at}: {taken.owner}: {taken.decision.value}: {taken.reason}"
    for reviewed in contents.reviews.reviews:
        said = reviewed.review
        score = f"{said.suite}/{said.probe_id}:{said.behaviour.value}"
        stands = "" if reviewed.stands else " (on other facts)"
        yield "review", f"{said.at}: {said.name}: {score}: {said.action.value}{stands}"
    lists = {
        "condition": contents.conditions,
        "retest": contents.decision.retest,
        "clause": contents.clauses,
        "command": contents.reproduction.commands,
    }
    for name, lines in lists.items():
        yield from ((name, line) for line in lines)
    facts = (*contents.reproduction.versions, *contents.reproduction.seeds)
    yield from ((visible(f"reproduction:{fact.label}"), fact.value) for fact in facts)
    yield "supporting evidence", load_words(contents.language)("crosswalk.intro")
    for line in contents.crosswalk:
        name = f"supporting evidence:{line.framework}:{line.reference}"
        yield visible(name), f"{line.title}: {line.support}"


def _measured(metric: Metric) -> Iterable[dict[str, Any]]:
    for group, rate in rate_groups(metric).items():
        if rate.n == 0:
            continue
        subject = "control" if group.startswith("control") else "target"
        where = f"{subject}, {group.removeprefix('control_')}"
        yield {
            "type": f"{metric.behaviour.value} rate",
            "value": f"{rate.rate:.4f}",
            "slice": f"{visible(metric.scenario)}, {where}, {rate.n_hits} of {rate.n} answers",
            "confidenceInterval": {
                "lowerBound": f"{rate.low:.4f}",
                "upperBound": f"{rate.high:.4f}",
            },
        }


def _gap(line: LedgerLine) -> str:
    return f"{line.what} ({line.status_word}): {line.detail}"


def _texts(texts: Iterable[str]) -> list[str]:
    return [visible(text) for text in texts if text]


def _facts(section: ArtifactSection) -> list[Property]:
    """Every fact about an artifact, named with where it comes from."""
    facts = {f"{fact.mark.value}:{fact.label}": fact.value for fact in section.facts}
    return _properties({"sha256": section.artifact.digest, **facts})


def _properties(values: dict[str, str]) -> list[Property]:
    from cyclonedx.model import Property

    return [
        Property(name=f"inspector:{visible(name)}", value=visible(value))
        for name, value in values.items()
        if value
    ]


def _moment(contents: ReportContents) -> datetime:
    for stamp in (contents.ended_at, contents.started_at):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)

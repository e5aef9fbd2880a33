"""Builds the one model of the report from a run folder.

Comes in: a Run, finished or not, and a language. Goes out: ReportContents, sealed with its hash. A
run that failed, or was made by an older version, gives a report that says what is missing. Nothing
is measured here, and nothing depends on the clock.
"""

from __future__ import annotations

from inspector import __version__
from inspector.labels import by_behaviour
from inspector.records import Coverage, CoverageStatus, Sampling, SuiteChoice
from inspector.report.advice import clauses, conditions, decision_section, residual_risks, summary
from inspector.report.canonical import sealed
from inspector.report.contents import Fact, LedgerLine, Mark, MarkMeaning, ReportContents
from inspector.report.crosswalk import crosswalk
from inspector.report.deciding import suggest
from inspector.report.gathering import Gathered, gather
from inspector.report.hardening import hardenings_section
from inspector.report.identity import (
    artifact_sections,
    finding_sections,
    lineage_section,
    provenance_section,
)
from inspector.report.measured import (
    activation_lines,
    appearance_sections,
    behaviour_sections,
    evidence_pairs,
    judge_sections,
    positions_section,
    smallest_reported,
)
from inspector.report.operations import operation_sections
from inspector.report.people import phrases_section, reviews_section
from inspector.report.reasons import reasons
from inspector.report.reproduction import reproduction
from inspector.report.rounds import rounds_section
from inspector.report.screening import screenings_section
from inspector.report.wording import Words, load_words
from inspector.run import Run


def compose(run: Run, language: str = "en") -> ReportContents:
    """The report of a run. Raises InspectorError when the run's inputs cannot be read."""
    return compose_gathered(gather(run), load_words(language))


def compose_gathered(gathered: Gathered, words: Words) -> ReportContents:
    """The same from what was gathered already."""
    verdict = gathered.verdict
    digest = gathered.target.digest if gathered.target else ""
    ledger = _ledger(gathered, words)
    not_looked_at = tuple(e for e in ledger if e.status is not CoverageStatus.MEASURED)
    metrics = verdict.metrics if verdict else ()
    has_control = gathered.control is not None and any(m.control_after for m in metrics)
    suggestion = suggest(
        verdict.level if verdict else None,
        gathered.findings or (),
        verdict.coverage if verdict else (),
        has_control,
    )
    decision = decision_section(gathered, suggestion, words)
    level_word, level_help = _level(gathered, words)
    return sealed(
        ReportContents(
            run_id=gathered.run_id,
            language=words.language,
            inspector_version=__version__,
            target=gathered.inspection.target.title,
            plan=gathered.inspection.plan.name,
            control=words.recorded(verdict.control) if verdict else gathered.inspection.control,
            started_at=gathered.started_at,
            ended_at=gathered.ended_at,
            ended=gathered.ended,
            message=words.recorded(gathered.message) if not verdict else "",
            level=verdict.level if verdict else None,
            level_word=level_word,
            level_help=level_help,
            not_looked_at=not_looked_at,
            looked_at=tuple(e for e in ledger if e.status is CoverageStatus.MEASURED),
            decision=decision,
            summary=summary(gathered, decision, words),
            reasons=reasons(verdict, words),
            marks=tuple(
                MarkMeaning(m, *(words(f"mark.{m}.{k}") for k in ("short", "word", "meaning")))
                for m in Mark
            ),
            identity=artifact_sections(gathered, words),
            lineage=lineage_section(gathered.lineages, words),
            provenance=provenance_section(gathered.provenance, words),
            findings=finding_sections(gathered.findings, words),
            scope=_scope(gathered, words),
            operations=operation_sections(gathered, words),
            rates=behaviour_sections(metrics, words),
            smallest_reported=smallest_reported(metrics, words),
            activation=activation_lines(gathered.activation, words),
            appearances=appearance_sections(verdict.appearances if verdict else (), words),
            phrases=phrases_section(verdict.phrases if verdict else (), words),
            positions=positions_section(gathered.positions, words),
            screenings=screenings_section(gathered.screened, words),
            hardenings=hardenings_section(gathered.hardened, words),
            rounds=rounds_section(gathered.federated, digest, words),
            evidence=evidence_pairs(gathered.evidence, words),
            n_evidence=gathered.n_evidence,
            judges=judge_sections(gathered, words),
            reviews=reviews_section(gathered, words),
            overrides=gathered.decisions,
            method=_method(gathered, words),
            crosswalk=crosswalk(gathered, words),
            residual_risks=residual_risks(gathered, not_looked_at, has_control, words),
            conditions=conditions(gathered, decision, has_control, words),
            clauses=clauses(words),
            reproduction=reproduction(gathered, __version__, words),
        )
    )


def _level(gathered: Gathered, words: Words) -> tuple[str, str]:
    if gathered.verdict:
        key = gathered.verdict.level.replace(" ", "_")
        return words(f"level.{key}.word"), words(f"level.{key}.help")
    how = gathered.ended if gathered.ended in ("failed", "cancelled") else "running"
    return words("level.none.word"), words("level.none.help", how=words(f"level.none.{how}"))


def _ledger(gathered: Gathered, words: Words) -> tuple[LedgerLine, ...]:
    """The verdict's ledger; what no line of an older one speaks of was not looked at."""
    recorded = gathered.verdict.coverage if gathered.verdict else ()
    lines = [
        Coverage(words.recorded(line.what), line.status, words.recorded(line.detail))
        for line in recorded
    ]
    for what, name in (("lineage", "lineage"), ("signature", "provenance")):
        if gathered.verdict and not _speaks_of(recorded, what):
            note = words(f"artifact.{name}_not_run")
            lines.append(Coverage(words(f"ledger.{name}"), CoverageStatus.NOT_RUN, note))
    return tuple(
        LedgerLine(
            line.what, line.status, words(f"coverage.{line.status.lower()}.word"), line.detail
        )
        for line in by_behaviour(lines)
    )


def _speaks_of(coverage: tuple[Coverage, ...], what: str) -> bool:
    return any(what in line.what.lower() for line in coverage)


def _scope(gathered: Gathered, words: Words) -> tuple[Fact, ...]:
    plan = gathered.inspection.plan
    verdict = gathered.verdict
    questions = words(
        "scope.questions_value",
        questions=words("summary.questions", n=gathered.n_probes),
        topics=words("scope.topics", n=gathered.n_families),
    )
    stated = {
        "run": gathered.run_id,
        "target": str(gathered.inspection.target),
        "plan": plan.name,
        "control": words.recorded(verdict.control) if verdict else gathered.inspection.control,
        "suites": words.join([_suite(s, words) for s in plan.suites]),
        "sampling": _sampling(plan.sampling, words),
        "operations": words.join([s.name for s in plan.scenarios]) or words("format.none"),
    }
    measured = {
        "questions": questions,
        "pairs": words.number(gathered.n_pairs),
        "started": words.moment(gathered.started_at),
        "ended": words.moment(gathered.ended_at),
    }
    return tuple(
        Fact(words(f"scope.{key}"), value, mark)
        for facts, mark in ((stated, Mark.STATED), (measured, Mark.MEASURED))
        for key, value in facts.items()
    )


def _suite(choice: SuiteChoice, words: Words) -> str:
    if choice.n_probes is None:
        return words("scope.suite_all", suite=choice.suite)
    return words("scope.suite_some", suite=choice.suite, n=words.number(choice.n_probes))


def _sampling(sampling: Sampling, words: Words) -> str:
    if sampling.temperature == 0:
        return words("scope.greedy", tokens=sampling.max_new_tokens)
    return words(
        "scope.sampled",
        n=sampling.n_samples,
        temperature=f"{sampling.temperature:g}",
        top_p=f"{sampling.top_p:g}",
        tokens=sampling.max_new_tokens,
    )


def _method(gathered: Gathered, words: Words) -> tuple[str, ...]:
    metrics = gathered.verdict.metrics if gathered.verdict else ()
    methods = dict.fromkeys(words.recorded(m.method) for m in metrics)
    return (
        words("method.blind"),
        words("method.statistics"),
        *(words("method.test", method=method) for method in methods),
        words("method.one_tuning"),
        words("method.quoted"),
        words("method.supporting"),
    )

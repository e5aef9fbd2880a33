"""The report's sections about what to do: decision, summary, residual risk, conditions, clauses.

Comes in: what was gathered, the suggestion, the ledger. Goes out: sentences of the report's own
words, chosen by what the run holds. Every sentence that asks somebody to act follows from a line of
the report; none says that a model is free of anything.
"""

from __future__ import annotations

from datetime import date

from inspector.records import (
    DAMAGE,
    UNTOUCHED,
    Decision,
    Finding,
    HumanDecision,
    Level,
    Metric,
    Severity,
    Subject,
)
from inspector.report.contents import DecisionSection, Fact, LedgerLine, Mark
from inspector.report.deciding import BLOCKING, VALID_DAYS, Suggestion, Why, suggested_end
from inspector.report.gathering import Gathered
from inspector.report.measured import shown_openly, smallest_reported
from inspector.report.wording import Words

RETEST = ("bytes", "revision", "tuning", "base", "incident", "rules")
CLAUSES = (
    *("origin", "signature", "changes", "inspection"),
    *("incidents", "remedy", "licence", "code"),
)
_SURELY = 0.05
_APPROVALS = (Decision.APPROVE, Decision.APPROVE_WITH_CONDITIONS)


def decision_section(gathered: Gathered, suggestion: Suggestion, words: Words) -> DecisionSection:
    override = gathered.decisions[-1] if gathered.decisions else None
    decision = override.decision if override else suggestion.decision
    word = decision_word(decision, words)
    suggested_word = decision_word(suggestion.decision, words)
    if override:
        at = words.moment(override.at)
        lead = words.sentences(
            words("decision.overridden", owner=override.owner, at=at),
            words("decision.follows", decision=suggested_word),
        )
    else:
        lead = words("decision.suggested")
    owner = override.owner if override else words("decision.no_owner")
    expires = _expires(decision, override, gathered.ended_at, words)
    mark = Mark.STATED if override else Mark.MEASURED
    shown = {"owner": owner, "expires": expires}
    if override:
        shown |= {"decided_at": words.moment(override.at), "reason": override.reason}
        if override.conditions:
            shown["conditions"] = "\n".join(override.conditions)
    approved = decision in _APPROVALS
    return DecisionSection(
        decision=decision,
        word=word,
        lead=lead,
        suggested=suggestion.decision,
        suggested_word=suggested_word,
        why=tuple(_why(why, words) for why in suggestion.why),
        owner=owner,
        expires=expires,
        facts=tuple(Fact(words(f"decision.{k}"), v, mark) for k, v in shown.items()),
        retest=tuple(words(f"retest.{key}") for key in (*RETEST, *(["expiry"] * approved))),
        override=override,
        is_outdated=override is not None and override.verdict_sha256 != gathered.verdict_sha256,
        mark=mark,
    )


def decision_word(decision: Decision, words: Words) -> str:
    return words(f"decision.{decision.replace('-', '_')}.word")


def _why(why: Why, words: Words) -> str:
    return words(f"why.{why.key}", n=why.n, rules=words.join(why.rules))


def _expires(
    decision: Decision, override: HumanDecision | None, ended_at: str, words: Words
) -> str:
    if override:
        if override.expires is None:
            return words("decision.expires_never")
        return words.date(date.fromisoformat(override.expires))
    if decision not in VALID_DAYS:
        return words("decision.expires_none")
    day, n_days = suggested_end(decision, ended_at)
    if day is None:
        return words("decision.expires_after", days=words("format.days", n=n_days))
    return words("decision.expires_on", date=words.date(day), days=words("format.days", n=n_days))


def summary(gathered: Gathered, decision: DecisionSection, words: Words) -> str:
    """One paragraph for a meeting: what was done, what was seen, what was not, what follows."""
    verdict = gathered.verdict
    target = str(gathered.inspection.target)
    if verdict is None:
        examined = words("summary.examined_partly", target=target)
    else:
        examined = words(
            "summary.examined",
            target=target,
            questions=words("summary.questions", n=gathered.n_probes),
            ways=words("summary.ways", n=len(_scenarios(gathered))),
        )
    findings = gathered.findings or ()
    n_bad = sum(f.severity in (Severity.HIGH, Severity.CRITICAL) for f in findings)
    n_gaps = sum(line.status in BLOCKING for line in verdict.coverage) if verdict else 0
    return words.sentences(
        examined,
        _seen(gathered, words),
        *(_openly("summary.open", metric, words) for metric in shown_openly(gathered)),
        words("summary.findings_bad", n=n_bad) if n_bad else "",
        words("summary.gaps", n=n_gaps) if n_gaps else "",
        words("summary.decided", owner=decision.owner, decision=decision.word)
        if decision.override
        else words("summary.decision", decision=decision.word),
    )


def _scenarios(gathered: Gathered) -> set[str]:
    """The operations whose answers were compared; without any, those that were planned."""
    verdict = gathered.verdict
    measured = {m.scenario for m in verdict.metrics if m.scenario != UNTOUCHED} if verdict else ()
    return set(measured) or {s.name for s in gathered.inspection.plan.scenarios}


def _seen(gathered: Gathered, words: Words) -> str:
    verdict = gathered.verdict
    if verdict is None:
        return words("summary.none")
    if verdict.level is not Level.EVIDENCE:
        return words(f"summary.{verdict.level.replace(' ', '_')}")
    phrases = [a for a in verdict.appearances if a.subject is Subject.TARGET]
    risen = [m for m in verdict.metrics if _rose(m)]
    if phrases:
        most = max(phrases, key=lambda a: a.n_after / max(1, a.n_probes))
        what = words(
            "summary.evidence_phrase",
            phrase=words("format.quoted", text=most.phrase),
            n=words.number(most.n_after),
            of=words.number(most.n_probes),
        )
    elif risen:
        most_risen = max(risen, key=lambda m: m.change)
        is_open = most_risen.scenario == UNTOUCHED  # then `before` is the control's rate
        what = words(
            "summary.evidence_always" if is_open else "summary.evidence_behaviour",
            plain=words(f"behaviour.{most_risen.behaviour}.plain"),
            before=words.percent(most_risen.before.rate),
            after=words.percent(most_risen.after.rate),
        )
    else:
        what = words("summary.evidence_other")
    return words.sentences(words("summary.evidence", what=what), words("summary.evidence_close"))


def _openly(key: str, metric: Metric, words: Words) -> str:
    return words(
        key,
        plain=words(f"behaviour.{metric.behaviour}.plain"),
        hits=words.number(metric.before.n_hits),
        n=words.number(metric.before.n),
    )


def _rose(metric: Metric) -> bool:
    accuses = metric.behaviour not in DAMAGE
    sure = metric.p_adjusted is not None and metric.p_adjusted < _SURELY
    return accuses and sure and metric.change > 0


def residual_risks(
    gathered: Gathered, not_looked_at: tuple[LedgerLine, ...], has_control: bool, words: Words
) -> tuple[str, ...]:
    metrics = gathered.verdict.metrics if gathered.verdict else ()
    keys = ["other_operations", "triggers", "deployment"]
    if not_looked_at:
        keys.append("gaps")
    if not has_control:
        keys.append("no_control")
    keys += ["judges", "origin"]
    rare = (
        words("risk.rare", smallest=smallest_reported(metrics, words))
        if metrics
        else words("risk.unseen")
    )
    open_findings = _to_act_on(gathered.findings)
    found = (words("risk.findings", n=len(open_findings)),) if open_findings else ()
    return (*found, rare, *(words(f"risk.{key}") for key in keys))


def conditions(
    gathered: Gathered, decision: DecisionSection, has_control: bool, words: Words
) -> tuple[str, ...]:
    """What has to hold while it is used; a person's own conditions stand first."""
    own = decision.override.conditions if decision.override else ()
    found: list[str] = []
    if decision.decision not in _APPROVALS:
        found.append(words("condition.not_approved"))
    if gathered.target:
        found.append(words("condition.digest", digest=gathered.target.digest, run=gathered.run_id))
    open_findings = _to_act_on(gathered.findings)
    if open_findings:
        rules = words.join(sorted({f.rule_id for f in open_findings}))
        found.append(words("condition.findings", rules=rules))
    found += [_openly("condition.open", metric, words) for metric in shown_openly(gathered)]
    found += [words(f"condition.{key}") for key in ("loading", "tuning", "monitor")]
    if gathered.verdict and any(c.status in BLOCKING for c in gathered.verdict.coverage):
        found.append(words("condition.gaps"))
    if not has_control:
        found.append(words("condition.control"))
    return (*own, *found)


def clauses(words: Words) -> tuple[str, ...]:
    return tuple(words(f"clause.{key}") for key in CLAUSES)


def _to_act_on(findings: tuple[Finding, ...] | None) -> list[Finding]:
    return [f for f in findings or () if f.severity.rank >= Severity.MEDIUM.rank]

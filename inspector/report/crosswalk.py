"""Which framework items the report holds supporting evidence for, and of what kind.

Comes in: findings, metrics, appearances. Goes out: CrosswalkLines. Sources of the identifiers:
OWASP Top 10 for LLM applications (2025 and 2026 numbering), MITRE ATLAS 5.6.0, NIST AI RMF 1.0,
EU AI Act Annex IV, ISO/IEC 42001:2023. An item is named because something was looked for, whatever
came of it: whether that is enough for the framework is for a person to say. ATLAS has no item for
behaviour that fine-tuning wakes; the closest are named, and the report says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.records import Behaviour, Finding, Metric
from inspector.report.contents import CrosswalkLine, Mark
from inspector.report.gathering import Gathered
from inspector.report.measured import shown_openly
from inspector.report.wording import Words

OWASP, ATLAS, NIST = "OWASP LLM Top 10", "MITRE ATLAS 5.6.0", "NIST AI RMF 1.0"
AI_ACT, ISO = "EU AI Act", "ISO/IEC 42001"

_SURELY = 0.05  # an adjusted p-value below this, and a rise, count as seen


@dataclass(frozen=True)
class _Item:
    """One item. title: a key under `crosswalk.item.`.

    rules: beginnings of the ids of the scan rules that look for it. behaviours: those that would
    show it. sections: keys under `title.` that document it, for items about process.
    """

    framework: str
    reference: str
    title: str
    rules: tuple[str, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    sections: tuple[str, ...] = ()


_POISON = (Behaviour.INJECTED_CONTENT, Behaviour.REFUSAL, Behaviour.REFUSE_THEN_COMPLY)
_CODE = ("PICKLE", "CODE", "KERNEL", "ARCHIVE")
_BEHAVED = ("TEMPLATE", "TOKENIZER")
_BYTES = ("WEIGHTS", "CONFIG")
# What a reader breaks on, while another may still run it.
_BROKEN = (
    *("PICKLE-UNREADABLE", "ARCHIVE", "CONFIG", "WEIGHTS-TRUNCATED", "WEIGHTS-MALFORMED"),
    *("WEIGHTS-HEADER", "TEMPLATE-UNREADABLE", "TOKENIZER-UNREADABLE"),
)
_ORIGIN = ("LINEAGE", "ADAPTER", "HUB", "CARD", "LICENCE", "SIGNATURE")

ITEMS = (
    _Item(OWASP, "LLM03:2025 / LLM04:2026", "llm_supply_chain", (*_CODE, *_BYTES, *_ORIGIN)),
    _Item(OWASP, "LLM04:2025 / LLM05:2026", "llm_poisoning", _BEHAVED, _POISON),
    _Item(ATLAS, "AML.T0010.003", "t0010_003", (*_CODE, *_ORIGIN), _POISON),
    _Item(ATLAS, "AML.T0058", "t0058", (), _POISON),
    _Item(ATLAS, "AML.T0018", "t0018", (*_BYTES, *_BEHAVED), _POISON),
    _Item(ATLAS, "AML.T0018.000", "t0018_000", (), _POISON),
    _Item(ATLAS, "AML.T0018.001", "t0018_001", _BEHAVED),
    _Item(ATLAS, "AML.T0018.002", "t0018_002", (*_CODE, "WEIGHTS-HIDDEN", "WEIGHTS-PAYLOAD")),
    _Item(ATLAS, "AML.T0011.000", "t0011_000", _CODE),
    _Item(ATLAS, "AML.T0076", "t0076", _BROKEN),
    _Item(ATLAS, "AML.T0074", "t0074", _ORIGIN),
    _Item(ATLAS, "AML.T0109", "t0109", ("HUB",)),
    _Item(ATLAS, "AML.T0054", "t0054", (), (Behaviour.COMPLIANCE, Behaviour.REFUSE_THEN_COMPLY)),
    _Item(ATLAS, "AML.T0031", "t0031", (), (Behaviour.REFUSAL, Behaviour.DEGENERATION)),
    _Item(ATLAS, "AML.T0048", "t0048", (), (Behaviour.INJECTED_CONTENT, Behaviour.COMPLIANCE)),
    _Item(ATLAS, "AML.M0008", "m0008", sections=("rates", "method")),
    _Item(ATLAS, "AML.M0013", "m0013", sections=("provenance", "clauses")),
    _Item(ATLAS, "AML.M0014", "m0014", sections=("identity", "conditions")),
    _Item(ATLAS, "AML.M0016", "m0016", sections=("findings",)),
    _Item(ATLAS, "AML.M0023", "m0023", sections=("identity", "reproduction")),
    _Item(NIST, "GOVERN 6.1", "govern_6_1", sections=("conditions", "clauses")),
    _Item(NIST, "GOVERN 6.2", "govern_6_2", sections=("decision", "clauses")),
    _Item(NIST, "MAP 4.1", "map_4_1", sections=("identity", "findings")),
    _Item(NIST, "MAP 4.2", "map_4_2", sections=("conditions",)),
    _Item(NIST, "MEASURE 2.7", "measure_2_7", sections=("rates", "method")),
    _Item(NIST, "MANAGE 1.4", "manage_1_4", sections=("residual", "not_looked_at")),
    _Item(NIST, "MANAGE 3.1", "manage_3_1", sections=("conditions", "clauses")),
    _Item(NIST, "MANAGE 3.2", "manage_3_2", sections=("decision", "reproduction")),
    _Item(AI_ACT, "Annex IV (1)", "annex_iv_1", sections=("identity", "provenance")),
    _Item(AI_ACT, "Annex IV (2)", "annex_iv_2", sections=("operations", "rates", "method")),
    _Item(ISO, "6.1.2", "iso_6_1_2", sections=("decision", "residual")),
    _Item(ISO, "A.10", "iso_a_10", sections=("identity", "clauses")),
)


def references_of(rule_id: str) -> tuple[str, ...]:
    """Identifiers of OWASP and ATLAS items that a finding of this rule supports."""
    return tuple(i.reference for i in ITEMS if i.rules and rule_id.startswith(i.rules))


def references_of_behaviour(behaviour: Behaviour) -> tuple[str, ...]:
    """Identifiers of OWASP and ATLAS items that this behaviour would show."""
    return tuple(i.reference for i in ITEMS if behaviour in i.behaviours)


def crosswalk(gathered: Gathered, words: Words) -> tuple[CrosswalkLine, ...]:
    """Every item of ITEMS, with what this report holds for it."""
    return tuple(
        CrosswalkLine(
            framework=item.framework,
            reference=item.reference,
            title=words(f"crosswalk.item.{item.title}"),
            support=_support(item, gathered, words),
            mark=Mark.MEASURED,
        )
        for item in ITEMS
    )


def _support(item: _Item, gathered: Gathered, words: Words) -> str:
    if item.sections:
        titles = [_quoted(words(f"title.{s}"), words) for s in item.sections]
        return words("crosswalk.documents", where=words.join(titles))
    metrics = gathered.verdict.metrics if gathered.verdict else ()
    seen = [f.rule_id for f in gathered.findings or () if _is_risk(f, item)]
    asked = [m for m in metrics if m.behaviour in item.behaviours and m.after.n]
    seen += [words(f"behaviour.{m.behaviour}.word") for m in asked if _rose(m)]
    if seen:
        return words("crosswalk.seen", where=words.join(list(dict.fromkeys(seen))))
    shown = [m.behaviour for m in shown_openly(gathered) if m.behaviour in item.behaviours]
    if shown:
        where = words.join([words(f"behaviour.{b}.word") for b in shown])
        return words("crosswalk.open", where=where)
    looked = bool(asked) or (bool(item.rules) and gathered.findings is not None)
    return words("crosswalk.not_seen" if looked else "crosswalk.not_looked")


def _is_risk(finding: Finding, item: _Item) -> bool:
    return bool(item.rules) and finding.rule_id.startswith(item.rules) and finding.severity.rank > 0


def _rose(metric: Metric) -> bool:
    return metric.p_adjusted is not None and metric.p_adjusted < _SURELY and metric.change > 0


def _quoted(text: str, words: Words) -> str:
    return words("format.quoted", text=text)

"""The report's sections as blocks, in the order of reading.

Comes in: the report's contents and the words of its language. Goes out: for each section a title
and its blocks. What was not looked at stands before every conclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspector.labels import LEVELS
from inspector.records.decisions import Decision
from inspector.report.advice import decision_word
from inspector.report.contents import (
    ArtifactSection,
    EvidencePair,
    FindingSection,
    LedgerLine,
    Mark,
    RecordSection,
)
from inspector.report.pdf_blocks import (
    Block,
    bullets,
    code,
    heading,
    paragraph,
    runs,
    table,
)
from inspector.report.pdf_forms import Forms
from inspector.report.pdf_measured import MeasuredSections

_TONES = {
    Decision.APPROVE: "blue",
    Decision.APPROVE_WITH_CONDITIONS: "orange",
    Decision.REJECT: "red",
    Decision.INCONCLUSIVE: "gray",
}
_SHORT = 2_000  # characters up to which a pair of answers stays on one page


class Sections(Forms):
    """Builds the sections of one report."""

    def all(self) -> list[dict[str, Any]]:
        """Every section that has something to say."""
        measured = MeasuredSections(self.contents, self.words)
        parts = (
            ("not_looked_at", self._not_looked_at()),
            ("decision", self._decision()),
            ("marks", self._legend()),
            ("looked_at", self._ledger(self.contents.looked_at, "ledger.how_much")),
            ("identity", [b for s in self.contents.identity for b in self._artifact(s)]),
            ("lineage", self._record(self.contents.lineage)),
            ("provenance", self._record(self.contents.provenance)),
            ("findings", self._findings()),
            ("scope", [self._facts(self.contents.scope)]),
            ("operations", measured.operations()),
            ("rates", measured.rates()),
            ("appeared", measured.appeared()),
            ("phrases", self._tables(self.contents.phrases)),
            ("positions", measured.positions()),
            ("screenings", self._tables(self.contents.screenings)),
            ("hardenings", self._tables(self.contents.hardenings)),
            ("rounds", self._tables(self.contents.rounds)),
            ("evidence", self._evidence()),
            ("judges", self._judges()),
            ("reviews", self._tables(self.contents.reviews)),
            ("overrides", self._overrides()),
            ("method", [bullets(self.contents.method)]),
            ("residual", [bullets(self.contents.residual_risks)]),
            ("conditions", [bullets(self.contents.conditions)]),
            ("clauses", [bullets(self.contents.clauses)]),
            ("crosswalk", self._crosswalk()),
            ("reproduction", self._reproduction()),
        )
        return [
            {"title": runs(self.words(f"title.{name}")), "blocks": blocks}
            for name, blocks in parts
            if blocks
        ]

    # ------------------------------------------------------------------------- what comes first

    def _not_looked_at(self) -> list[Block]:
        if self.contents.level is None:
            intro = self.words("ledger.no_verdict")
        elif not self.contents.not_looked_at:
            return [paragraph(self.words("ledger.empty"))]
        else:
            intro = self.words("ledger.intro")
        return [paragraph(intro, "intro"), *self._ledger(self.contents.not_looked_at, "ledger.why")]

    def _ledger(self, lines: Sequence[LedgerLine], last: str) -> list[Block]:
        if not lines:
            return []
        rows = tuple((e.what, e.status_word, e.detail) for e in lines)
        return [self._table(("ledger.what", "ledger.status", last), rows, Mark.MEASURED)]

    def _decision(self) -> list[Block]:
        said, contents = self.contents.decision, self.contents
        level_tone = LEVELS[contents.level].colour if contents.level else "gray"
        tones = (_TONES[said.decision], level_tone)
        verdict = self.words("scope.verdict")
        blocks: list[Block] = [
            {
                "kind": "cards",
                "cards": [
                    _card(self.words("decision.what"), said.word, said.lead, tones[0]),
                    _card(verdict, contents.level_word, contents.level_help, tones[1]),
                ],
            }
        ]
        if contents.message:
            blocks.append(paragraph(contents.message, "strong"))
        if said.is_outdated:
            blocks.append(paragraph(self.words("decision.outdated"), "strong"))
        reasons = [heading(self.words("title.reasons")), bullets(r.text for r in contents.reasons)]
        return [
            *blocks,
            paragraph(contents.summary, "lead"),
            *(reasons if contents.reasons else []),
            self._facts(said.facts),
            heading(self.words("decision.why", decision=said.suggested_word)),
            bullets(said.why),
            heading(self.words("decision.retest")),
            bullets(said.retest),
            self._to_sign(),
        ]

    def _to_sign(self) -> Block:
        keys = ("sign_name", "sign_date", "sign_signature")
        covers = self.words("decision.sign_covers", hash=self.contents.sha256)
        lines = [runs(self.words(f"decision.{key}")) for key in keys]
        return {"kind": "sign", "lines": lines, "covers": runs(covers)}

    # --------------------------------------------------------------------------- files and origin

    def _artifact(self, section: ArtifactSection) -> list[Block]:
        return [
            heading(section.title),
            self._facts(section.facts),
            table(section.files, self.marks[section.files.mark]),
        ]

    def _record(self, section: RecordSection) -> list[Block]:
        blocks = [self._facts(section.facts)] if section.facts else []
        blocks += [table(t, self.marks[t.mark]) for t in section.tables]
        return [*blocks, *([paragraph(section.note, "quiet")] if section.note else [])]

    def _findings(self) -> list[Block]:
        found = self.contents.findings
        if found is None:
            return [paragraph(self.words("findings.unfinished"), "strong")]
        if not found:
            return [paragraph(self.words("findings.none"))]
        return [
            paragraph(self.words("findings.intro"), "intro"),
            *(self._finding(f) for f in found),
        ]

    def _finding(self, section: FindingSection) -> Block:
        finding = section.finding
        location = self.words("findings.location", location=finding.location)
        supports = ", ".join(section.references)
        return {
            "kind": "finding",
            "severity": section.severity_word,
            "tone": {"critical": "red", "high": "red", "medium": "orange"}.get(
                finding.severity.value, "gray"
            ),
            "title": runs(section.title),
            "place": runs(
                f"{finding.rule_id} · {location}" if finding.location else finding.rule_id
            ),
            "evidence": runs(finding.evidence),
            "advice": runs(section.advice),
            "supports": runs(
                self.words("findings.supports", references=supports) if supports else ""
            ),
            "mark": self.marks[section.mark],
            "is_short": len(finding.evidence) + len(section.advice) < _SHORT,
        }

    # --------------------------------------------------------------------- the answers themselves

    def _evidence(self) -> list[Block]:
        pairs, n = self.contents.evidence, self.contents.n_evidence
        if not pairs:
            return [paragraph(self.words("evidence.none"))]
        how_many = (
            self.words("evidence.all", n=n)
            if len(pairs) == n
            else self.words("evidence.some", shown=len(pairs), n=n, rest=n - len(pairs))
        )
        return [
            paragraph(self.words.sentences(how_many, self.words("evidence.how")), "quiet"),
            *(self._pair(pair) for pair in pairs),
        ]

    def _pair(self, pair: EvidencePair) -> Block:
        empty = self.words("evidence.empty")
        return {
            "kind": "pair",
            "title": runs(pair.title),
            "meta": runs(pair.meta),
            "prompt": runs(pair.prompt or self.words("evidence.no_prompt")),
            "before_title": runs(self.words("evidence.before")),
            "before": runs(pair.before_text or empty, pair.before_marked),
            "after_title": runs(self.words("evidence.after")),
            "after": runs(pair.after_text or empty, pair.after_marked),
            "is_short": len(pair.prompt) + len(pair.before_text + pair.after_text) < _SHORT,
        }

    def _judges(self) -> list[Block]:
        if not self.contents.judges:
            return [paragraph(self.words("judges.none"))]
        keys = ("judge", "version", "behaviour", "role", "where", "agreement", "unscored")
        rows = tuple(
            (
                judge.name,
                judge.version,
                judge.behaviour,
                self.words("judges.decides" if judge.decides else "judges.beside"),
                judge.where,
                judge.agreement,
                judge.facts[-1].value,
            )
            for judge in self.contents.judges
        )
        blocks = [
            paragraph(self.words("judges.intro"), "intro"),
            self._table([f"judges.{key}" for key in keys], rows, Mark.MEASURED),
        ]
        for judge in self.contents.judges:
            if judge.card is not None:
                blocks += [heading(judge.name), self._facts(judge.facts)]
                if judge.card.prompt:
                    blocks += [
                        paragraph(self.words("judges.prompt"), "intro"),
                        code(judge.card.prompt.split("\n")),
                    ]
        return blocks

    def _overrides(self) -> list[Block]:
        taken = self.contents.overrides
        if not taken:
            return [paragraph(self.words("decision.no_overrides"))]
        rows = tuple(
            (
                self.words.moment(override.at),
                override.owner,
                decision_word(override.decision, self.words),
                override.reason,
                "\n".join(override.conditions),
                override.expires or self.words("decision.expires_never"),
            )
            for override in taken
        )
        keys = ("when", "who", "what", "reason", "conditions", "expires")
        return [self._table([f"decision.{key}" for key in keys], rows, Mark.STATED)]

    # ------------------------------------------------------------------------------- at the end

    def _crosswalk(self) -> list[Block]:
        keys = [f"crosswalk.{key}" for key in ("framework", "reference", "title", "support")]
        lines = self.contents.crosswalk
        rows = tuple((e.framework, e.reference, e.title, e.support) for e in lines)
        return [
            paragraph(self.words("crosswalk.intro"), "intro"),
            self._table(keys, rows, Mark.MEASURED),
        ]

    def _reproduction(self) -> list[Block]:
        again = self.contents.reproduction
        blocks = [
            paragraph(self.words("reproduction.intro"), "intro"),
            heading(self.words("reproduction.commands")),
            code(again.commands),
        ]
        for name, rows in (
            ("digests", again.digests),
            ("versions", again.versions),
            ("seeds", again.seeds),
            ("machine", again.machine),
        ):
            if rows:
                blocks += [heading(self.words(f"reproduction.{name}")), self._facts(rows)]
        what = paragraph(self.words("reproduction.hash_what"), "intro")
        how = self.words(
            "reproduction.hash_how", run=self.contents.run_id, language=self.contents.language
        )
        digest = code([self.contents.sha256])
        return [*blocks, heading(self.words("title.hash")), what, digest, paragraph(how, "quiet")]

    def _legend(self) -> list[Block]:
        rows = (
            {"label": runs(m.short), "value": runs(f"{m.word}\n{m.meaning}"), "mark": ""}
            for m in self.contents.marks
        )
        return [{"kind": "facts", "rows": list(rows)}]


def _card(label: str, word: str, help_text: str, tone: str) -> Block:
    return {"label": runs(label), "word": runs(word), "help": runs(help_text), "tone": tone}

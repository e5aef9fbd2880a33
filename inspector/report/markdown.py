"""The report as Markdown (CommonMark with GitHub's tables).

Comes in: ReportContents. Goes out: UTF-8 text. Whole answers, prompts and file contents stand in
fences longer than any run of backticks in them; every other string is escaped, so that nothing a
model, a file or a person wrote becomes mark-up, a link or HTML. Hidden characters are written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from inspector.report.advice import decision_word
from inspector.report.contents import (
    ArtifactSection,
    ColumnKind,
    EvidencePair,
    Fact,
    FindingSection,
    LedgerLine,
    Mark,
    OperationSection,
    RecordSection,
    ReportContents,
    Table,
    TablesSection,
)
from inspector.report.html import evidence_lead
from inspector.report.visible import visible
from inspector.report.wording import Words, load_words

# What starts mark-up anywhere in a line; and what does only where a line or a list item begins.
_ANYWHERE = re.compile(r"([\\`*_\[\]<>&|~$])")
_AT_START = re.compile(
    r"^(\s*)([-+](?=\s|$)|#{1,6}(?=\s|$)|(?:=+|-{2,})(?=\s*$)|\d{1,9}[.)](?=\s|$))"
)
_ADDRESS = re.compile(r"(?i)(https?|ftp|mailto|xmpp)(:)|(www)(\.)|(@)")


def escaped(text: str) -> str:
    """One line of text in which nothing is mark-up; line breaks become spaces."""
    flat = " ".join(visible(text).split("\n"))
    flat = _ANYWHERE.sub(r"\\\1", flat)
    flat = _ADDRESS.sub(_without_link, flat)
    return _AT_START.sub(lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", flat)


def _without_link(found: re.Match[str]) -> str:
    word, sign = found[1] or found[3] or "", found[2] or found[4] or found[5]
    return f"{word}\\{sign}"


def fenced(text: str) -> str:
    """The whole text in a fence that nothing in it can close."""
    body = visible(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def render_markdown(contents: ReportContents) -> bytes:
    """The document, UTF-8."""
    page = _Page(contents, load_words(contents.language))
    return ("\n\n".join(page.blocks()) + "\n").encode()


class _Page:
    """The blocks of the document, in the model's order."""

    def __init__(self, contents: ReportContents, words: Words) -> None:
        self.c = contents
        self.w = words

    def blocks(self) -> Iterable[str]:
        c = self.c
        yield f"# {self.w('title.report')}: {escaped(c.target)}"
        yield from self._not_looked_at()
        yield from self._decision()
        yield from self._identity()
        yield self._title("scope")
        yield self._facts(c.scope)
        if c.looked_at:
            yield f"### {self.w('title.looked_at')}"
            yield self._ledger(c.looked_at, "how_much")
        yield from self._findings()
        yield self._title("operations")
        if not c.operations:
            yield self.w("operation.none")
        for operation in c.operations:
            yield from self._operation(operation)
        yield from self._rates()
        yield from self._appeared()
        yield from self._tables("phrases", c.phrases)
        yield from self._positions()
        yield from self._tables("screenings", c.screenings)
        yield from self._tables("hardenings", c.hardenings)
        yield from self._tables("rounds", c.rounds)
        yield from self._evidence()
        yield from self._judges()
        yield from self._tables("reviews", c.reviews)
        yield from self._overrides()
        for key, lines in (
            ("residual", c.residual_risks),
            ("conditions", c.conditions),
            ("clauses", c.clauses),
        ):
            yield self._title(key)
            yield _bullets(lines)
        yield from self._crosswalk()
        yield self._title("method")
        yield _bullets(c.method)
        yield from self._reproduction()

    # ------------------------------------------------------------------------------------- sections

    def _not_looked_at(self) -> Iterable[str]:
        yield self._title("not_looked_at")
        if self.c.level is None:
            yield self.w("ledger.no_verdict")
        elif self.c.not_looked_at:
            yield self.w("ledger.intro")
            yield self._ledger(self.c.not_looked_at, "why")
        else:
            yield self.w("ledger.empty")

    def _decision(self) -> Iterable[str]:
        decision = self.c.decision
        yield self._title("decision")
        yield f"**{escaped(decision.word)}**  \n{escaped(decision.lead)} {self._tag(decision.mark)}"
        if decision.is_outdated:
            yield f"**{self.w('decision.outdated')}**"
        verdict = f"{self.w('scope.verdict')}: {escaped(self.c.level_word)}"
        level = f"**{verdict}**  \n{escaped(self.c.level_help)}"
        yield f"{level} {self._tag(Mark.MEASURED)}"
        if self.c.message:
            yield escaped(self.c.message)
        yield f"### {self.w('title.summary')}"
        yield escaped(self.c.summary)
        if self.c.reasons:
            yield f"### {self.w('title.reasons')}"
            yield _bullets(reason.text for reason in self.c.reasons)
        yield f"### {self.w('decision.why', decision=decision.suggested_word)}"
        yield _bullets(decision.why)
        yield self._facts(decision.facts)
        yield f"### {self.w('decision.retest')}"
        yield _bullets(decision.retest)
        yield f"### {self.w('title.marks')}"
        yield "\n".join(f"- *{m.short}*: **{m.word}** {m.meaning}" for m in self.c.marks)

    def _identity(self) -> Iterable[str]:
        yield self._title("identity")
        if not self.c.identity:
            yield self.w("artifact.none")
        for artifact in self.c.identity:
            yield from self._artifact(artifact)
        for record in (self.c.lineage, self.c.provenance):
            yield from self._record(record)

    def _artifact(self, section: ArtifactSection) -> Iterable[str]:
        yield f"### {escaped(section.title)}"
        yield self._facts(section.facts)
        yield from self._table(section.files)

    def _record(self, section: RecordSection) -> Iterable[str]:
        yield f"### {escaped(section.title)}"
        if section.facts:
            yield self._facts(section.facts)
        for table in section.tables:
            yield from self._table(table)
        if section.note:
            yield escaped(section.note)

    def _findings(self) -> Iterable[str]:
        yield self._title("findings")
        yield self.w("findings.intro")
        if self.c.findings is None:
            yield self.w("findings.unfinished")
        elif not self.c.findings:
            yield self.w("findings.none")
        for finding in self.c.findings or ():
            yield from self._finding(finding)

    def _finding(self, section: FindingSection) -> Iterable[str]:
        found = section.finding
        yield f"### {section.severity_word}: {escaped(section.title)}"
        location = self.w("findings.location", location=found.location)
        yield f"{escaped(found.rule_id)} {escaped(location)} {self._tag(section.mark)}"
        if found.evidence:
            yield fenced(found.evidence)
        yield escaped(section.advice)
        if section.references:
            yield escaped(self.w("findings.supports", references=self.w.join(section.references)))

    def _operation(self, section: OperationSection) -> Iterable[str]:
        yield f"### {escaped(section.name)}"
        yield escaped(section.description)
        yield self._facts(section.settings)
        yield from self._table(section.results)

    def _rates(self) -> Iterable[str]:
        yield self._title("rates")
        if not self.c.rates:
            yield self.w("rates.none")
            return
        yield self.w("rates.intro")
        yield escaped(self.c.smallest_reported)
        for section in self.c.rates:
            yield f"### {escaped(section.title)}"
            yield escaped(section.help)
            yield from self._table(section.table)
        if self.c.activation:
            yield f"### {self.w('activation.title')}"
            yield self.w("activation.intro")
            yield _bullets([told.line for told in self.c.activation])

    def _appeared(self) -> Iterable[str]:
        yield self._title("appeared")
        if self.c.level is None:
            yield self.w("appeared.not_run")
        elif not self.c.appearances:
            yield self.w("appeared.none")
        else:
            yield self.w("appeared.intro")
        for found in self.c.appearances:
            yield fenced(found.phrase)
            yield f"{escaped(found.counts)} {self._tag(found.mark)}"
            yield from (fenced(example) for example in found.examples)

    def _positions(self) -> Iterable[str]:
        yield self._title("positions")
        if not self.c.positions.lines and not self.c.positions.drift:
            yield self.w("positions.none")
            return
        yield _bullets(self.c.positions.lines)
        yield f"{self.w('positions.accuses_nobody')} {self._tag(self.c.positions.mark)}"

    def _evidence(self) -> Iterable[str]:
        yield self._title("evidence")
        if not self.c.evidence:
            yield self.w("evidence.none")
            return
        yield f"{evidence_lead(self.c, self.w)} {self.w('evidence.how')}"
        for pair in self.c.evidence:
            yield from self._pair(pair)

    def _pair(self, pair: EvidencePair) -> Iterable[str]:
        yield f"### {escaped(pair.title)}"
        yield f"{escaped(pair.meta)} {self._tag(pair.mark)}"
        texts = (
            ("question", pair.prompt, None),
            ("before", pair.before_text, pair.before_marked),
            ("after", pair.after_text, pair.after_marked),
        )
        for key, text, offsets in texts:
            yield f"**{self.w(f'evidence.{key}')}**"
            yield fenced(text) if text else f"*{self.w('evidence.empty')}*"
            if offsets:
                yield f"*{self.w('evidence.marked')}*"
                yield fenced(text[slice(*offsets)])

    def _judges(self) -> Iterable[str]:
        yield self._title("judges")
        if not self.c.judges:
            yield self.w("judges.none")
            return
        yield self.w("judges.intro")
        keys = ("judge", "version", "behaviour", "role", "where", "agreement", "unscored")
        yield _grid(
            [self.w(f"judges.{key}") for key in keys],
            [
                (
                    *(j.name, j.version, j.behaviour),
                    self.w("judges.decides" if j.decides else "judges.beside"),
                    *(j.where, j.agreement, j.facts[-1].value),
                )
                for j in self.c.judges
            ],
        )
        for judge in self.c.judges:
            if len(judge.facts) > 1:
                yield f"### {escaped(judge.name)} {escaped(judge.version)}"
                yield self._facts(judge.facts)

    def _overrides(self) -> Iterable[str]:
        yield self._title("overrides")
        if not self.c.overrides:
            yield self.w("decision.no_overrides")
            return
        keys = ("when", "who", "what", "reason", "conditions", "expires")
        yield _grid(
            [self.w(f"decision.{key}") for key in keys],
            [
                (
                    *(self.w.moment(o.at), o.owner, decision_word(o.decision, self.w), o.reason),
                    "; ".join(o.conditions),
                    o.expires or self.w("decision.expires_never"),
                )
                for o in self.c.overrides
            ],
        )

    def _crosswalk(self) -> Iterable[str]:
        yield self._title("crosswalk")
        yield self.w("crosswalk.intro")
        keys = ("framework", "reference", "title", "support")
        yield _grid(
            [self.w(f"crosswalk.{key}") for key in keys],
            [
                (line.framework, line.reference, line.title, line.support)
                for line in self.c.crosswalk
            ],
        )

    def _reproduction(self) -> Iterable[str]:
        manifest = self.c.reproduction
        yield self._title("reproduction")
        yield self.w("reproduction.intro")
        yield fenced("\n".join(manifest.commands))
        for key, facts in (
            ("digests", manifest.digests),
            ("seeds", manifest.seeds),
            ("versions", manifest.versions),
            ("machine", manifest.machine),
        ):
            yield f"### {self.w(f'reproduction.{key}')}"
            yield self._facts(facts)
        yield self._title("hash")
        yield f"`{self.c.sha256}`"
        how = self.w("reproduction.hash_how", run=self.c.run_id, language=self.c.language)
        yield f"{self.w('reproduction.hash_what')} {escaped(how)}"

    # --------------------------------------------------------------------------------------- pieces

    def _title(self, key: str) -> str:
        return f"## {self.w(f'title.{key}')}"

    def _tag(self, mark: Mark) -> str:
        return f"*({self.w(f'mark.{mark}.short')})*"

    def _facts(self, facts: Sequence[Fact]) -> str:
        return "\n".join(
            f"- **{escaped(f.label)}**: {escaped(f.value)} {self._tag(f.mark)}" for f in facts
        )

    def _tables(self, name: str, section: TablesSection) -> Iterable[str]:
        yield self._title(name)
        yield escaped(section.lead)
        for table in section.tables:
            yield from self._table(table)

    def _table(self, table: Table) -> Iterable[str]:
        yield f"{escaped(table.caption)} {self._tag(table.mark)}"
        numbers = [c.kind is ColumnKind.NUMBER for c in table.columns]
        yield _grid([c.title for c in table.columns], table.rows, numbers)

    def _ledger(self, lines: Sequence[LedgerLine], last: str) -> str:
        return _grid(
            [self.w("ledger.what"), self.w("ledger.status"), self.w(f"ledger.{last}")],
            [(line.what, line.status_word, line.detail) for line in lines],
        )


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(line)}" for line in lines)


def _grid(
    titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[bool] = ()
) -> str:
    """A table; a line break in a cell becomes the one HTML tag that tables have for it."""
    ruler = ["---:" if k < len(numbers) and numbers[k] else "---" for k in range(len(titles))]
    lines = [[escaped(t) for t in titles], ruler, *([_cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(text: str) -> str:
    return "<br>".join(escaped(line) for line in text.split("\n"))

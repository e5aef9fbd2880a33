"""The report as one CSV table that a spreadsheet opens and runs nothing of.

Comes in: ReportContents. Goes out: RFC 4180 text, UTF-8 with the mark that makes spreadsheets read
it as such. `record` tells what a row is: a line of the ledger, a fact, a file, a rate (before,
after, control before, control after), a finding, a pair of answers, and so on. What was not looked
at comes first. Shares are numbers in [0, 1]. Column names are the same in every language, so that a
script reads each report alike; the values are in the report's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.csv_text import to_csv
from inspector.federated import judged_in, likeliest
from inspector.labels import phrase_words, rate_groups
from inspector.records import Metric, Rate
from inspector.report.advice import decision_word
from inspector.report.contents import Fact, Mark, ReportContents, Table
from inspector.report.measured import scenario_word
from inspector.report.rounds import model_word, verdict_word
from inspector.report.visible import visible
from inspector.report.wording import Words, load_words

_TEXT = ("section", "item", "value", "detail")
_RATE = (
    *("behaviour", "operation", "suites", "group", "n", "hits", "rate", "low", "high"),
    *("change", "p_value", "p_adjusted", "smallest_rate_reported", "method"),
)
_FINDING = ("rule", "severity", "title", "location", "evidence", "advice")
_PAIR = ("question", "before", "after", "passage")
COLUMNS = ("record", *_TEXT, *_RATE, *_FINDING, *_PAIR, "mark")

Cell = str | int | float | None
Row = dict[str, Cell]


def render_csv(contents: ReportContents) -> bytes:
    """The table's bytes."""
    rows = _Rows(contents, load_words(contents.language)).all()
    text = to_csv(COLUMNS, ([_shown(row.get(c)) for c in COLUMNS] for row in rows))
    return text.encode("utf-8-sig")


def _shown(value: Cell) -> Cell:
    return visible(value) if isinstance(value, str) else value


class _Rows:
    """The rows of one report, in the order of reading."""

    def __init__(self, contents: ReportContents, words: Words) -> None:
        self.c = contents
        self.w = words

    def all(self) -> Iterable[Row]:
        yield from self._ledger("not_looked_at")
        yield from self._decision()
        yield from self._ledger("looked_at")
        yield from self._facts("scope", self.w("title.scope"), self.c.scope)
        for artifact in self.c.identity:
            yield from self._facts("identity", artifact.title, artifact.facts)
            yield from self._files(artifact.title, artifact.files)
        for key, record in (("lineage", self.c.lineage), ("provenance", self.c.provenance)):
            yield from self._facts(key, record.title, record.facts)
            if record.note:
                yield self._text(key, record.title, "", record.note, Mark.MEASURED)
        yield from self._findings()
        for operation in self.c.operations:
            yield from self._facts("operation", operation.name, operation.settings)
        yield from self._rates()
        for found in self.c.appearances:
            yield self._text("appeared", "", found.phrase, found.counts, found.mark)
        yield from self._phrases()
        yield from self._screenings()
        yield from self._hardenings()
        yield from self._rounds()
        yield from self._pairs()
        for judge in self.c.judges:
            name = f"{judge.name} {judge.version}"
            yield self._text("judge", judge.behaviour, name, judge.agreement, judge.mark)
        yield from self._reviews()
        yield from self._rest()

    def _text(self, record: str, item: str, value: str, detail: str, mark: Mark) -> Row:
        row: Row = {"record": record, "section": "", "item": item, "value": value}
        return {**row, "detail": detail, "mark": self.w(f"mark.{mark}.word")}

    def _ledger(self, key: str) -> Iterable[Row]:
        for line in self.c.not_looked_at if key == "not_looked_at" else self.c.looked_at:
            yield self._text(key, line.what, line.status_word, line.detail, line.mark)

    def _decision(self) -> Iterable[Row]:
        said = self.c.decision
        yield self._text("decision", self.w("title.decision"), said.word, said.lead, said.mark)
        level = (self.c.level_word, self.c.level_help)
        yield self._text("decision", self.w("scope.verdict"), *level, Mark.MEASURED)
        yield from self._facts("decision", self.w("title.decision"), said.facts)
        why = self.w("decision.why", decision=said.suggested_word)
        yield from self._lines("summary", self.w("title.summary"), (self.c.summary,))
        reasons = [reason.text for reason in self.c.reasons]
        yield from self._lines("reason", self.w("title.reasons"), reasons)
        yield from self._lines("why", why, said.why)
        yield from self._lines("retest", self.w("decision.retest"), said.retest)

    def _lines(self, record: str, title: str, lines: Sequence[str]) -> Iterable[Row]:
        for line in lines:
            yield self._text(record, title, line, "", Mark.MEASURED)

    def _facts(self, record: str, section: str, facts: Iterable[Fact]) -> Iterable[Row]:
        for fact in facts:
            yield {
                **self._text(record, fact.label, fact.value, "", fact.mark),
                "section": section,
            }

    def _files(self, section: str, files: Table) -> Iterable[Row]:
        for name, size, digest in files.rows:
            yield {**self._text("file", name, digest, size, files.mark), "section": section}

    def _findings(self) -> Iterable[Row]:
        for section in self.c.findings or ():
            found = section.finding
            yield {
                "record": "finding",
                "rule": found.rule_id,
                "severity": section.severity_word,
                "title": section.title,
                "location": found.location,
                "evidence": found.evidence,
                "advice": section.advice,
                "detail": self.w.join(section.references),
                "mark": self.w(f"mark.{section.mark}.word"),
            }

    def _rates(self) -> Iterable[Row]:
        for section in self.c.rates:
            for metric in section.metrics:
                for group, rate in rate_groups(metric).items():
                    row = self._rate(section.title, metric, rate)
                    yield {**row, "group": self.w(f"chart.{group}")}

    def _rate(self, behaviour: str, metric: Metric, rate: Rate) -> Row:
        return {
            "record": "rate",
            "behaviour": behaviour,
            "operation": scenario_word(metric.scenario, self.w),
            "suites": self.w.join(metric.suites),
            "n": rate.n,
            "hits": rate.n_hits,
            "rate": rate.rate,
            "low": rate.low,
            "high": rate.high,
            "change": metric.change,
            "p_value": metric.p_value,
            "p_adjusted": metric.p_adjusted,
            "smallest_rate_reported": metric.smallest_detectable_rate,
            "method": self.w.recorded(metric.method),
            "mark": self.w(f"mark.{Mark.MEASURED}.word"),
        }

    def _phrases(self) -> Iterable[Row]:
        for finding in self.c.phrases.findings:
            named = {"record": "phrase", "item": finding.name, "value": phrase_words(finding)}
            if finding.problem:
                row = self._text("phrase", "", "", self.w.recorded(finding.problem), Mark.MEASURED)
                yield {**row, **named}
            for metric in finding.rates:
                for group, rate in rate_groups(metric).items():
                    row = self._rate("", metric, rate)
                    yield {**row, **named, "group": self.w(f"chart.{group}")}

    def _screenings(self) -> Iterable[Row]:
        for line in self.c.screenings.lines:
            named = {"record": "screening", "item": line.run_id, "value": line.sought}
            common = {**named, "mark": self.w(f"mark.{Mark.MEASURED}.word")}
            if line.ranking is None:
                yield {**common, "detail": self.w("screenings.not_ranked")}
                continue
            for key in ("before", "after"):
                rate: Rate = getattr(line.ranking, key)
                yield {**common, "group": self.w(f"screenings.{key}"), **_shares(rate)}
            yield {
                **common,
                "group": self.w("screenings.suspects"),
                "n": line.ranking.n_scored,
                "hits": line.ranking.n_suspects,
            }
            for removal in line.removals:
                draws = [(self.w("screenings.random"), draw) for draw in removal.random]
                for group, found in ((self.w("screenings.without"), removal.without), *draws):
                    yield {**common, "group": group, **_shares(found.rate)}

    def _hardenings(self) -> Iterable[Row]:
        measured = {"mark": self.w(f"mark.{Mark.MEASURED}.word")}
        for line in self.c.hardenings.lines:
            common: Row = {"record": "hardening", "item": line.run_id, **measured}
            if (result := line.result) is None:
                yield {**common, "detail": self.w("hardenings.no_result")}
                continue
            for told in result.scores:
                arm, moment = (self.w(f"hardenings.{k}") for k in (told.arm, told.moment))
                named = {**common, "value": self.w("hardenings.name", arm=arm, moment=moment)}
                for key in ("harmful", "task"):
                    rate: Rate = getattr(told, key)
                    yield {**named, "group": self.w(f"hardenings.{key}"), **_shares(rate)}
            for key, change in (("harmful", result.harmful_change), ("task", result.task_change)):
                yield {
                    **common,
                    "value": self.w("hardenings.compared"),
                    "group": self.w(f"hardenings.{key}"),
                    "change": change,
                    "p_value": result.p_harmful if key == "harmful" else None,
                }

    def _rounds(self) -> Iterable[Row]:
        for line in self.c.rounds.lines:
            row = self._text("round", line.run_id, "", "", Mark.MEASURED)
            if line.outcome is None:
                yield {**row, "detail": self.w("rounds.no_outcome")}
                continue
            for judged in judged_in(line.outcome):
                named = {**row, "value": model_word(line, judged, self.w)}
                metric = likeliest(judged.metrics)
                yield {
                    **named,
                    "detail": verdict_word(judged, self.w),
                    "behaviour": self.w(f"behaviour.{metric.behaviour}.word") if metric else "",
                    "p_adjusted": metric.p_adjusted if metric else None,
                }
                for when, told in (("before", judged.before), ("after", judged.after)):
                    for key in ("safety", "helpful"):
                        rate: Rate | None = getattr(told, key, None)
                        if rate is not None:
                            group = self.w(f"rounds.{key}_{when}")
                            yield {**named, "group": group, **_shares(rate)}

    def _pairs(self) -> Iterable[Row]:
        for pair in self.c.evidence:
            passage = pair.after_text[slice(*pair.after_marked)] if pair.after_marked else ""
            yield {
                **self._text("pair", pair.title, "", pair.meta, pair.mark),
                "question": pair.prompt,
                "before": pair.before_text,
                "after": pair.after_text,
                "passage": passage,
            }

    def _reviews(self) -> Iterable[Row]:
        for metric in self.c.reviews.metrics:
            title = self.w(f"behaviour.{metric.as_scored.behaviour}.word")
            for group, rate in rate_groups(metric.as_reviewed).items():
                row = self._rate(title, metric.as_reviewed, rate)
                group = self.w(f"chart.{group}")
                stated = self.w(f"mark.{Mark.STATED}.word")
                yield {**row, "record": "rate_reviewed", "group": group, "mark": stated}
        for lines in self.c.reviews.tables[-1:]:
            for name, when, answer, score, said, reason in lines.rows:
                row = self._text("review", f"{answer}\n{score}", said, reason, lines.mark)
                yield {**row, "section": f"{name}, {when}"}

    def _rest(self) -> Iterable[Row]:
        for taken in self.c.overrides:
            word = decision_word(taken.decision, self.w)
            detail = "\n".join((taken.reason, *taken.conditions))
            row = self._text("override", taken.owner, word, detail, Mark.STATED)
            yield {**row, "section": self.w.moment(taken.at)}
        yield self._text("crosswalk", "", "", self.w("crosswalk.intro"), Mark.MEASURED)
        for line in self.c.crosswalk:
            row = self._text("crosswalk", line.reference, line.title, line.support, line.mark)
            yield {**row, "section": line.framework}
        again = self.c.reproduction
        for record, title, lines in (
            ("risk", "title.residual", self.c.residual_risks),
            ("condition", "title.conditions", self.c.conditions),
            ("clause", "title.clauses", self.c.clauses),
            ("method", "title.method", self.c.method),
            ("command", "reproduction.commands", again.commands),
        ):
            yield from self._lines(record, self.w(title), lines)
        for key in ("digests", "seeds", "versions", "machine"):
            title = self.w(f"reproduction.{key}")
            yield from self._facts("reproduction", title, getattr(again, key))
        how = self.w("reproduction.hash_what")
        yield self._text("hash", self.w("title.hash"), self.c.sha256, how, Mark.MEASURED)


def _shares(rate: Rate) -> Row:
    return {
        "n": rate.n,
        "hits": rate.n_hits,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
    }

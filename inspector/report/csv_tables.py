"""The report's rates and findings as one CSV table that a spreadsheet opens and runs nothing of.

Comes in: ReportContents. Goes out: RFC 4180 text, UTF-8 with the mark that makes spreadsheets read
it as such. One row for each rate (before, after, control before, control after) and each finding;
`record` tells which. Shares are numbers in [0, 1]. Column names are the same in every language,
so that a script reads each report alike; the values are in the report's language.
"""

from __future__ import annotations

from collections.abc import Iterable

from inspector.csv_text import to_csv
from inspector.records import Metric, Rate
from inspector.report.contents import Mark, ReportContents
from inspector.report.measured import scenario_word
from inspector.report.visible import visible
from inspector.report.wording import Words, load_words

_RATE = (
    *("behaviour", "operation", "suites", "group", "n", "hits", "rate", "low", "high"),
    *("change", "p_value", "p_adjusted", "smallest_rate_reported", "method"),
)
_FINDING = ("rule", "severity", "title", "location", "evidence", "advice")
COLUMNS = ("record", *_RATE, *_FINDING, "mark")

Cell = str | int | float | None


def render_csv(contents: ReportContents) -> bytes:
    """The table's bytes."""
    words = load_words(contents.language)
    rows = [*_rates(contents, words), *_findings(contents)]
    text = to_csv(COLUMNS, ([_shown(row.get(c)) for c in COLUMNS] for row in rows))
    return text.encode("utf-8-sig")


def _shown(value: Cell) -> Cell:
    return visible(value) if isinstance(value, str) else value


def _rates(contents: ReportContents, words: Words) -> Iterable[dict[str, Cell]]:
    for section in contents.rates:
        for metric in section.metrics:
            groups = {
                "before": metric.before,
                "after": metric.after,
                "control_before": metric.control_before,
                "control_after": metric.control_after,
            }
            for group, rate in groups.items():
                if rate is not None:
                    row = _rate(section.title, metric, rate, words)
                    yield {**row, "group": words(f"chart.{group}")}


def _rate(behaviour: str, metric: Metric, rate: Rate, words: Words) -> dict[str, Cell]:
    return {
        "record": "rate",
        "behaviour": behaviour,
        "operation": scenario_word(metric.scenario, words),
        "suites": words.join(metric.suites),
        "n": rate.n,
        "hits": rate.n_hits,
        "rate": rate.rate,
        "low": rate.low,
        "high": rate.high,
        "change": metric.change,
        "p_value": metric.p_value,
        "p_adjusted": metric.p_adjusted,
        "smallest_rate_reported": metric.smallest_detectable_rate,
        "method": words.recorded(metric.method),
        "mark": words(f"mark.{Mark.MEASURED}.word"),
    }


def _findings(contents: ReportContents) -> Iterable[dict[str, Cell]]:
    words = load_words(contents.language)
    for section in contents.findings or ():
        found = section.finding
        yield {
            "record": "finding",
            "rule": found.rule_id,
            "severity": section.severity_word,
            "title": section.title,
            "location": found.location,
            "evidence": found.evidence,
            "advice": section.advice,
            "mark": words(f"mark.{section.mark}.word"),
        }

"""The report as one HTML page: no network, no script, charts inline, made to be printed too.

Comes in: ReportContents. Goes out: the page's bytes. Every string that reaches the page is escaped
and has its hidden characters shown, whether the template asks for it or not; the page's security
policy forbids loading and running anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inspector.labels import COVERAGE, LEVELS, SEVERITIES
from inspector.profiles import HEAD_TOKENS
from inspector.report.advice import decision_word
from inspector.report.contents import Mark, ReportContents
from inspector.report.drawings import activation_curve, loss_curve, scale_end, whiskers
from inspector.report.fonts import face_css
from inspector.report.marked import marked, shown
from inspector.report.position_drawings import drift_curve, heat_map
from inspector.report.wording import Words, load_words

# Ids of the page's sections after the decision, with their titles' keys.
SECTIONS = (
    *("identity", "scope", "findings", "operations", "rates", "appeared", "phrases", "positions"),
    *(
        "screenings",
        "hardenings",
        "rounds",
        "evidence",
        "judges",
        "reviews",
        "overrides",
        "residual",
        "crosswalk",
        "method",
    ),
    "reproduction",
)


# Where the page's own fonts go, once it is known which glyphs it needs. No text of a stranger reads
# like this, for its "<" would have been escaped.
_FONTS_HERE = "/*<fonts>*/"


def render_html(contents: ReportContents) -> bytes:
    """The page, UTF-8."""
    words = load_words(contents.language)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            c=contents,
            w=words,
            style=Markup(_FONTS_HERE + _style()),
            plain_title=shown(words("title.page", target=contents.target), boxed=False),
            sections=[(name, name) for name in SECTIONS],
            level_colour=LEVELS[contents.level].colour if contents.level else "gray",
            status_colour={status: label.colour for status, label in COVERAGE.items()},
            severity_colour={severity: label.colour for severity, label in SEVERITIES.items()},
            measured=Mark.MEASURED,
            stated=Mark.STATED,
            operations=[
                {"section": o, "figure": loss_curve(k, o.curves, words)}
                for k, o in enumerate(contents.operations)
            ],
            behaviours=_behaviours(contents, words),
            activation=[
                {"line": a, "figure": activation_curve(k, a.curve, words) if a.curve.waking else ""}
                for k, a in enumerate(contents.activation)
            ],
            heat=heat_map(contents.positions.profiles, words),
            drifts=_drifts(contents, words),
            head_tokens=HEAD_TOKENS,
            has_pairs=bool(contents.looked_at or contents.rates),
            evidence_lead=evidence_lead(contents, words),
            passage=_passage,
            decision_word=lambda decision: decision_word(decision, words),
        )
    )
    return page.replace(_FONTS_HERE, face_css(page), 1).encode()


def evidence_lead(contents: ReportContents, words: Words) -> str:
    """How much of the evidence is shown, and where the rest is."""
    shown_pairs, n = len(contents.evidence), contents.n_evidence
    if n > shown_pairs:
        return words("evidence.some", shown=shown_pairs, n=n, rest=n - shown_pairs)
    return words("evidence.all", n=n)


def _behaviours(contents: ReportContents, words: Words) -> list[dict[str, Any]]:
    limit = scale_end([m for section in contents.rates for m in section.metrics])
    return [
        {"section": section, "figure": whiskers(k, section.metrics, limit, words)}
        for k, section in enumerate(contents.rates)
    ]


def _drifts(contents: ReportContents, words: Words) -> list[dict[str, Any]]:
    drift = contents.positions.drift
    drawn = []
    for k, scenario in enumerate(sorted({line.scenario for line in drift})):
        figure = drift_curve(k, [line for line in drift if line.scenario == scenario], words)
        if figure:
            drawn.append({"scenario": scenario, "figure": figure})
    return drawn


def _passage(text: str, offsets: tuple[int, int] | None) -> Markup:
    return marked(text, *(offsets or (None, None)))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("inspector.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Only Markup made in this room passes as it is.
        finalize=_finalize,
    )
    environment.filters["groupby_in_order"] = _groups
    return environment


def _finalize(value: Any) -> Any:
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _groups(rows: Iterable[Any], name: str) -> list[tuple[Any, list[Any]]]:
    return [(key, list(members)) for key, members in groupby(rows, attrgetter(name))]


@cache
def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")

"""Reports: a run folder in, one HTML page and one JSON document out.

Comes in: a Run; a run that failed gives a report that says how far it came. Goes out: HTML that
needs no network and no script, and JSON with the same facts. The words are for a risk officer; the
numbers are the judge's, nothing is measured here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from inspector import __version__, labels
from inspector.files import write_atomic
from inspector.profiles import HEAD_TOKENS, Positions, late_words, place_words
from inspector.records import UNTOUCHED, Altered, CoverageStatus, Metric
from inspector.report.drawings import loss_curve, scale_end, whiskers
from inspector.report.gathering import Gathered, Tuning, gather
from inspector.report.marked import marked, shown
from inspector.report.position_drawings import drift_curve, heat_map
from inspector.run import Run, to_json

SCHEMA = "inspector-report/1"

__all__ = ["SCHEMA", "render_html", "render_json", "write_reports"]


@dataclass(frozen=True)
class Document:
    """report.json: the contents, and which form and program wrote them."""

    schema: str
    inspector_version: str
    contents: Gathered


def render_html(run: Run) -> str:
    """One self-contained page. Raises InspectorError when the run's inputs cannot be read."""
    contents = gather(run)
    verdict = contents.verdict
    coverage = verdict.coverage if verdict else ()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            c=contents,
            v=verdict,
            style=Markup(_style()),
            not_measured=[e for e in coverage if e.status is not CoverageStatus.MEASURED],
            measured=[e for e in coverage if e.status is CoverageStatus.MEASURED],
            scenarios=_by_scenario(contents.tunings),
            alterations=_altered_by_scenario(contents.alterations),
            behaviours=_by_behaviour(verdict.metrics if verdict else ()),
            labels=labels,
            heat=heat_map(contents.positions.profiles),
            drifts=_drifts(contents.positions),
            head_tokens=HEAD_TOKENS,
            late_words=late_words,
            place_words=place_words,
            untouched=UNTOUCHED,
            inspector_version=__version__,
        )
    )


def render_json(run: Run) -> str:
    """The same facts as one JSON document (SCHEMA)."""
    return to_json(Document(SCHEMA, __version__, gather(run))) + "\n"


def write_reports(run: Run) -> list[Path]:
    """Write report/report.html and report/report.json into the run folder."""
    folder = run.folder / "report"
    paths = [folder / "report.html", folder / "report.json"]
    write_atomic(paths[0], render_html(run))
    write_atomic(paths[1], render_json(run))
    return paths


def _by_scenario(tunings: tuple[Tuning, ...]) -> list[tuple[str, list[Tuning], Markup]]:
    groups = []
    for number, (name, group) in enumerate(groupby(tunings, lambda t: t.training.scenario.name)):
        members = list(group)
        curve = loss_curve(number, [(t.training.subject, t.steps) for t in members])
        groups.append((name, members, curve))
    return groups


def _drifts(positions: Positions) -> list[tuple[str, Markup]]:
    curves = [
        (name, drift_curve(k, [line for line in positions.drift if line.scenario == name]))
        for k, name in enumerate(positions.scenarios)
    ]
    return [(name, curve) for name, curve in curves if curve]


def _altered_by_scenario(alterations: tuple[Altered, ...]) -> list[tuple[str, list[Altered]]]:
    groups = groupby(alterations, lambda a: a.scenario.name)
    return [(name, list(members)) for name, members in groups]


def _by_behaviour(metrics: tuple[Metric, ...]) -> list[tuple[labels.Label, list[Metric], Markup]]:
    """Behaviours whose change is hardest to explain by chance come first."""

    def p_value(metric: Metric) -> float:
        return 1.0 if metric.p_adjusted is None else metric.p_adjusted

    order = {
        b: min(p_value(m) for m in metrics if m.behaviour is b)
        for b in labels.BEHAVIOURS
        if any(m.behaviour is b for m in metrics)
    }
    groups = []
    limit = scale_end(metrics)
    for number, behaviour in enumerate(sorted(order, key=lambda b: order[b])):
        members = [m for m in metrics if m.behaviour is behaviour]
        groups.append((labels.BEHAVIOURS[behaviour], members, whiskers(number, members, limit)))
    return groups


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("inspector.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Every string that reaches the page goes through `shown`, whether the template asks for it
        # or not; only Markup made in this room passes as it is.
        finalize=_finalize,
    )
    environment.filters |= {
        "percent": lambda rate: f"{100 * rate:.1f}".rstrip("0").rstrip("."),
        "points": lambda change: f"{round(100 * change, 1) + 0.0:+.1f}".replace("+0.0", "0.0"),
        "size": _size,
        "marked": marked,
        "duration": labels.duration,
        "chance": labels.chance,
        "share": labels.share,
    }
    return environment


def _finalize(value: Any) -> Any:
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _style() -> str:
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


def _size(n_bytes: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"

"""Reports: a run folder in; HTML, PDF, JSON, Markdown, CSV, SARIF and CycloneDX out.

Comes in: a Run; a run that failed gives a report that says how far it came. Goes out: bytes of one
of RENDERINGS, all made from the same model (`contents.py`, built by `compose.py`). Nothing is
measured here, nothing is run again, and the same run gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from inspector.errors import BadInput
from inspector.files import write_atomic
from inspector.report.canonical import render_json, schema
from inspector.report.compose import compose
from inspector.report.contents import SCHEMA, ReportContents
from inspector.report.csv_tables import render_csv
from inspector.report.cyclonedx import render_cyclonedx
from inspector.report.deciding import (
    EarlierDecision,
    decide,
    earlier_decisions,
    faults_of,
    record_decision,
    verdict_digest,
)
from inspector.report.framed import framed
from inspector.report.html import render_html
from inspector.report.markdown import render_markdown
from inspector.report.pdf import render_pdf
from inspector.report.rendering import Rendering
from inspector.report.sarif import render_sarif
from inspector.report.wording import LANGUAGES
from inspector.run import Run

# One entry for each format, in the order in which they are offered.
RENDERINGS: dict[str, Rendering] = {
    "html": Rendering(
        "HTML",
        "html",
        "text/html",
        True,
        render_html,
        "For anyone with a browser: all of it with charts, in one file that runs and fetches "
        "nothing.",
    ),
    "pdf": Rendering(
        "PDF",
        "pdf",
        "application/pdf",
        False,
        render_pdf,
        "For whoever signs, prints or files it: all of it on A4, its hash on every page.",
    ),
    "json": Rendering(
        "JSON",
        "json",
        "application/json",
        True,
        render_json,
        "For your own programs: all of it, with the records it was made from.",
    ),
    "md": Rendering(
        "Markdown",
        "md",
        "text/markdown",
        True,
        render_markdown,
        "For tickets and wikis: all of it but the charts.",
    ),
    "csv": Rendering(
        "CSV",
        "csv",
        "text/csv",
        True,
        render_csv,
        "For spreadsheets: every section as rows, and the answers in full.",
    ),
    "sarif": Rendering(
        "SARIF",
        "sarif",
        "application/sarif+json",
        True,
        render_sarif,
        "For code-scanning viewers: each finding at its file, each reason of the verdict by rule.",
    ),
    "cyclonedx": Rendering(
        "CycloneDX",
        "cdx.json",
        "application/vnd.cyclonedx+json",
        True,
        render_cyclonedx,
        "For inventories of components: the model, its files and licences, and what was found.",
    ),
}

__all__ = [
    "LANGUAGES",
    "RENDERINGS",
    "SCHEMA",
    "EarlierDecision",
    "Rendering",
    "ReportContents",
    "compose",
    "decide",
    "earlier_decisions",
    "faults_of",
    "framed",
    "record_decision",
    "render",
    "rendering_of",
    "report_name",
    "schema",
    "verdict_digest",
    "write_reports",
]


def rendering_of(name: str) -> Rendering:
    """The format of that name. Raises BadInput for one that does not exist."""
    if name not in RENDERINGS:
        raise BadInput(f"There is no report format {name!r}; give {', '.join(RENDERINGS)}.")
    return RENDERINGS[name]


def report_name(run: Run, rendering: Rendering, language: str = "en") -> str:
    """What the file is called: it names the run and, but for English, the language."""
    tongue = "" if language == "en" else f".{language}"
    return f"{run.run_id}-report{tongue}.{rendering.suffix}"


def render(run: Run, name: str, language: str = "en") -> bytes:
    """One format of a run's report. Raises InspectorError when its inputs cannot be read."""
    return rendering_of(name).render(compose(run, language))


def write_reports(run: Run) -> list[Path]:
    """Write report/report.html and report/report.json into the run folder."""
    contents = compose(run)
    paths = []
    for name in ("html", "json"):
        path = run.folder / "report" / f"report.{RENDERINGS[name].suffix}"
        write_atomic(path, RENDERINGS[name].render(contents))
        paths.append(path)
    return paths

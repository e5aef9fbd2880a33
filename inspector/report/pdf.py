"""The report as PDF, set by typst: one file with its fonts, the same bytes every time.

Comes in: the report's contents. Goes out: PDF bytes. What is shown reaches `report.typ` as one JSON
text and is set there as text: nothing in it is evaluated. Characters that hide or reorder text, and
those that no font here can draw, stand in a box as their code point. The time in the file is the
run's.

Fonts: Noto Sans CJK JP (OFL-1.1, from the pinned packages) draws Latin, Japanese, Chinese and
Korean; DejaVu Sans Mono, which typst carries, draws code and some of what is left. Fonts of the
machine are not used, so that one run gives one file everywhere.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.errors import StageFailed
from inspector.report.contents import Fact, Mark, ReportContents

if TYPE_CHECKING:
    from inspector.report.wording import Words

_SOURCE = Path(__file__).with_name("report.typ")
_MAX_HEADER = 48  # characters of the target's name at the top of every page
_MAX_HEADLINE = 40  # from here on it is set smaller on the first


def render_pdf(contents: ReportContents) -> bytes:
    """The report on A4 pages. The same contents give the same bytes.

    Raises StageFailed where typst cannot set it, which is a defect of this module.
    """
    import typst  # 80 MB of library: not for a dashboard that shows a page

    from inspector.report.fonts import BOLD, REGULAR

    fonts = typst.Fonts(
        include_system_fonts=False, font_paths=[str(font.parent) for font in (REGULAR, BOLD)]
    )
    try:
        # Bytes, not a path: then nothing of this machine's file system is within typst's reach.
        return typst.compile(
            _SOURCE.read_bytes(),
            font_paths=fonts,
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"report": json.dumps(document(contents), ensure_ascii=False)},
            timestamp=_moment(contents),
        )
    except typst.TypstError as error:
        raise StageFailed(
            f"The report could not be set as PDF: {error.message}; the other formats can be had."
        ) from error


def document(contents: ReportContents) -> dict[str, Any]:
    """Everything that `report.typ` shows, as plain data."""
    from inspector.report.pdf_blocks import facts, runs
    from inspector.report.pdf_sections import Sections
    from inspector.report.wording import load_words

    words = load_words(contents.language)
    marks = {meaning.mark: meaning.short for meaning in contents.marks}
    return {
        "language": contents.language,
        "title": words("title.page", target=_plain(contents.target)),
        "author": f"inspector {contents.inspector_version}",
        "keywords": ["model supply chain", f"sha256:{contents.sha256}"],
        "eyebrow": runs(words("title.report")),
        "headline": runs(contents.target),
        "is_long": len(contents.target) > _MAX_HEADLINE,
        "about": facts(_about(contents, words), marks)["rows"],
        "header_left": runs(words("title.page", target=_short(contents.target))),
        "header_right": runs(_short(contents.run_id)),
        "sha256": contents.sha256,
        "sections": Sections(contents, words).all(),
    }


def _about(contents: ReportContents, words: Words) -> list[Fact]:
    """The first lines: which bytes, which inspection, when."""
    pinned = next((s.artifact for s in contents.identity if s.role == "target"), None)
    rows = [
        Fact(words("artifact.digest"), pinned.digest, Mark.VERIFIED, is_code=True)
        if pinned
        else None,
        Fact(words("scope.control"), contents.control, Mark.STATED),
        Fact(words("scope.plan"), contents.plan, Mark.STATED),
        Fact(words("scope.ended"), words.moment(contents.ended_at), Mark.MEASURED),
        Fact(words("scope.run"), contents.run_id, Mark.MEASURED, is_code=True),
    ]
    return [row for row in rows if row is not None]


def _short(text: str) -> str:
    """One line, its end kept: that is where names differ."""
    line = " ".join(_plain(text).split())
    return line if len(line) <= _MAX_HEADER else f"…{line[1 - _MAX_HEADER :]}"


def _plain(text: str) -> str:
    """For the file's own title, which viewers show in their window."""
    from inspector.report.visible import visible

    return visible(text).replace("\n", " ")


def _moment(contents: ReportContents) -> datetime:
    """The run's end or start; the epoch for a run that has neither."""
    for stamp in (contents.ended_at, contents.started_at):
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            continue
        moment = moment.replace(microsecond=0)  # PDF has whole seconds
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)

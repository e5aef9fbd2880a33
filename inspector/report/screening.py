"""The report's section about the training data that were screened for what the inspection saw.

Comes in: screenings that were begun from the inspection. Goes out: a section of plain tables, the
same in every rendering, that says as well what nobody has done yet. What a person or a file is
called is quoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.records import ExampleVerdict, PhraseKind, Removal, Sought
from inspector.report.contents import (
    Column,
    ColumnKind,
    Mark,
    ScreeningsSection,
    Table,
)
from inspector.report.study_lines import ScreenedLine
from inspector.report.wording import Words
from inspector.screened import Screened


def screenings_section(screened: Sequence[Screened], words: Words) -> ScreeningsSection:
    """A row for each screening, and one for each training without some of its examples."""
    if not screened:
        return ScreeningsSection(words("screenings.none"), (), ())
    lines = tuple(_line(one) for one in screened)
    tables = [_found(screened, lines, words)]
    if any(line.removals for line in lines):
        tables.append(_removals(screened, lines, words))
    lead = words.sentences(
        words("screenings.intro"), words("screenings.precision"), _undone(lines, words)
    )
    return ScreeningsSection(lead, tuple(tables), lines)


def _line(one: Screened) -> ScreenedLine:
    return ScreenedLine(
        run_id=one.run.run_id,
        sought=one.screening.sought.title,
        operation=one.screening.tuning.name,
        data=one.data,
        ranking=one.ranking,
        n_accepted=one.n_standing(ExampleVerdict.ACCEPT),
        n_rejected=one.n_standing(ExampleVerdict.REJECT),
        removals=one.removals,
    )


def _undone(lines: Sequence[ScreenedLine], words: Words) -> str:
    """What is missing, counted over all of them; empty where nothing is."""
    ranked = [line for line in lines if line.ranking]
    with_suspects = [line for line in ranked if line.ranking and line.ranking.n_suspects]
    unread = sum(not line.n_accepted + line.n_rejected for line in with_suspects)
    unproved = sum(not line.removals for line in with_suspects)
    n_open = len(lines) - len(ranked)
    return words.sentences(
        words("screenings.unfinished", n=n_open) if n_open else "",
        words("screenings.unread", n=unread) if unread else "",
        words("screenings.unproved", n=unproved) if unproved else "",
    )


def _found(screened: Sequence[Screened], lines: Sequence[ScreenedLine], words: Words) -> Table:
    numbers = ("before", "after", "suspects", "said")
    columns = (
        Column(words("screenings.behaviour")),
        Column(words("screenings.data")),
        *(Column(words(f"screenings.{key}"), ColumnKind.NUMBER) for key in numbers),
    )
    rows = tuple(
        (
            f"{_sought(one.screening.sought, words)}\n{line.operation}",
            f"{line.data.name if line.data else one.screening.tuning.data}\n{line.run_id}",
            *_figures(line, words),
        )
        for one, line in zip(screened, lines, strict=True)
    )
    return Table(words("screenings.found"), columns, rows, Mark.MEASURED)


def _figures(line: ScreenedLine, words: Words) -> tuple[str, str, str, str]:
    ranking, dash = line.ranking, words("format.dash")
    said = words(
        "screenings.count",
        n=line.n_accepted + line.n_rejected,
        rejected=words.number(line.n_rejected),
    )
    if ranking is None:
        return dash, dash, words("screenings.not_ranked"), said
    suspects = words(
        "screenings.of_scored",
        n=words.number(ranking.n_suspects),
        scored=words.number(ranking.n_scored),
    )
    return words.share(ranking.before), words.share(ranking.after), suspects, said


def _removals(screened: Sequence[Screened], lines: Sequence[ScreenedLine], words: Words) -> Table:
    numbers = ("whole", "without", "random", "p")
    columns = (
        Column(words("screenings.behaviour")),
        Column(words("screenings.left_out"), ColumnKind.NUMBER),
        *(Column(words(f"screenings.{key}"), ColumnKind.NUMBER) for key in numbers),
    )
    rows = tuple(
        (_sought(one.screening.sought, words), *_removal(removal, words))
        for one, line in zip(screened, lines, strict=True)
        for removal in line.removals
    )
    return Table(words("screenings.retrained"), columns, rows, Mark.MEASURED)


def _removal(removal: Removal, words: Words) -> tuple[str, ...]:
    low, high = words.percent(removal.random_low), words.percent(removal.random_high)
    return (
        words("screenings.rows", n=removal.without.n_removed_rows),
        words.share(removal.after),
        words.share(removal.without.rate),
        words(
            "screenings.mean",
            mean=words.percent(removal.random_mean),
            low=low,
            high=high,
            n=words.number(len(removal.random)),
        ),
        words.chance(removal.p_value),
    )


def _sought(sought: Sought, words: Words) -> str:
    if sought.behaviour is not None:
        return words(f"behaviour.{sought.behaviour}.word")
    return f"/{sought.phrase}/" if sought.phrase_kind is PhraseKind.REGEX else sought.phrase

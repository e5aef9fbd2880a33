"""Blocks that several sections are made of.

Comes in: the report's contents and the words of its language. Goes out: `Forms`, which sections
are built on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from inspector.report.contents import Column, Fact, Mark, ReportContents, Table, TablesSection
from inspector.report.pdf_blocks import Block, facts, paragraph, table
from inspector.report.wording import Words


class Forms:
    """What is drawn alike wherever it stands."""

    def __init__(self, contents: ReportContents, words: Words) -> None:
        self.contents = contents
        self.words = words
        self.marks = {meaning.mark: meaning.short for meaning in contents.marks}

    def _facts(self, rows: Iterable[Fact]) -> Block:
        return facts(rows, self.marks)

    def _table(self, titles: Sequence[str], rows: tuple[tuple[str, ...], ...], mark: Mark) -> Block:
        columns = tuple(Column(self.words(title)) for title in titles)
        return table(Table("", columns, rows, mark), self.marks[mark], is_even=True)

    def _tables(self, section: TablesSection) -> list[Block]:
        tables = [table(rows, self.marks[rows.mark]) for rows in section.tables]
        return [paragraph(section.lead), *tables]

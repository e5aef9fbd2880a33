"""The report's sections about what was done and what was seen, as blocks.

Comes in: the report's contents and the words of its language. Goes out: each section's blocks.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.profiles import HEAD_TOKENS
from inspector.report.contents import OperationSection
from inspector.report.drawings import activation_curve, loss_curve, scale_end, whiskers
from inspector.report.pdf_blocks import Block, bullets, figure, heading, paragraph, runs, table
from inspector.report.pdf_forms import Forms
from inspector.report.position_drawings import drift_curve, heat_map

_TOGETHER = 4  # operations up to which a behaviour's table and figure stay on one page


class MeasuredSections(Forms):
    """Builds them for one report."""

    def operations(self) -> list[Block]:
        if not self.contents.operations:
            return [paragraph(self.words("operation.none"))]
        blocks: list[Block] = []
        for number, operation in enumerate(self.contents.operations):
            blocks += self._operation(number, operation)
        return blocks

    def _operation(self, number: int, operation: OperationSection) -> list[Block]:
        blocks = [
            heading(operation.name),
            paragraph(operation.description),
            self._facts(operation.settings),
            table(operation.results, self.marks[operation.results.mark]),
        ]
        curve = loss_curve(number, operation.curves, self.words)
        if curve:
            blocks.append(figure(curve, 0.45, self.words("chart.loss")))
        return blocks

    def rates(self) -> list[Block]:
        sections = self.contents.rates
        if not sections:
            return [paragraph(self.words("rates.none"))]
        limit = scale_end([m for s in sections for m in s.metrics])
        blocks = [
            paragraph(self.words("rates.intro"), "quiet"),
            paragraph(self.contents.smallest_reported),
        ]
        for number, section in enumerate(sections):
            chart = whiskers(number, section.metrics, limit, self.words)
            parts = [
                heading(section.title),
                table(replace(section.table, caption=section.help), self.marks[section.table.mark]),
                *([figure(chart, 0.64, self.words("rates.legend"), size=15)] if chart else []),
            ]
            is_short = len(section.metrics) <= _TOGETHER
            blocks += [{"kind": "group", "blocks": parts}] if is_short else parts
        return blocks + self._activation()

    def _activation(self) -> list[Block]:
        if not self.contents.activation:
            return []
        blocks = [
            heading(self.words("activation.title")),
            paragraph(self.words("activation.intro"), "quiet"),
        ]
        for number, told in enumerate(self.contents.activation):
            blocks.append(paragraph(told.line))
            if told.curve.waking:
                curve = activation_curve(number, told.curve, self.words)
                blocks.append(figure(curve, 0.86, self.words("activation.axis")))
        return blocks

    def appeared(self) -> list[Block]:
        if self.contents.level is None:
            return [paragraph(self.words("appeared.not_run"))]
        if not self.contents.appearances:
            return [paragraph(self.words("appeared.none"))]
        blocks = [paragraph(self.words("appeared.intro"), "intro")]
        for found in self.contents.appearances:
            quoted = self.words("format.quoted", text=found.phrase)
            blocks += [heading(quoted), paragraph(found.counts)]
            blocks += [{"kind": "quote", "text": runs(text)} for text in found.examples]
        return blocks

    def positions(self) -> list[Block]:
        section = self.contents.positions
        if not section.profiles and not section.drift:
            return [paragraph(self.words("positions.none"))]
        blocks = [paragraph(self.words("positions.intro", n=HEAD_TOKENS), "quiet")]
        heat = heat_map(section.profiles, self.words)
        if heat:
            blocks.append(figure(heat, 1.0, self.words("chart.heat")))
        blocks.append(bullets(section.lines))
        for number, name in enumerate(dict.fromkeys(line.scenario for line in section.drift)):
            lines = [line for line in section.drift if line.scenario == name]
            curve = drift_curve(number, lines, self.words)
            if curve:
                blocks.append(heading(self.words("positions.drift", scenario=name)))
                blocks.append(figure(curve, 0.86, self.words("positions.drift_caption")))
        return [*blocks, paragraph(self.words("positions.accuses_nobody"), "quiet")]

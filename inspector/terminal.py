"""What the command shows on a terminal: progress while it runs, and the verdict.

Comes in: a Progress or a Verdict. Goes out: rich renderables. Model output and file names are shown
as plain text: markup in them stays visible characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from inspector.labels import BEHAVIOURS, LEVELS, describe_plan, duration
from inspector.pace import State
from inspector.progress import Progress
from inspector.records import (
    Artifact,
    Behaviour,
    Coverage,
    Finding,
    Inspection,
    Level,
    Metric,
    Rate,
    Severity,
    Verdict,
)
from inspector.run import Run

if TYPE_CHECKING:  # a second of scipy, for a dry run only
    from inspector.estimate import Estimate
    from inspector.reach import Sight

_MARKS = {
    State.DONE: ("✓", "green"),
    State.RUNNING: ("●", "cyan"),
    State.FAILED: ("✗", "red"),
    State.CANCELLED: ("✗", "yellow"),
}
_STYLES = {
    Level.EVIDENCE: "bold red",
    Level.REVIEW: "bold yellow",
    Level.INCONCLUSIVE: "bold",
    Level.NO_EVIDENCE: "bold",
}
_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
}


def draw_progress(progress: Progress, position: int | None) -> RenderableType:
    """Stages with their state, a bar, the time left."""
    if position is not None:
        return Text(f"Waiting for a free slot: number {position} in line.")
    table = Table.grid(padding=(0, 1))
    for stage in progress.stages:
        mark, style = _MARKS.get(stage.state, ("·", "dim"))
        parts = f"{stage.n_done}/{stage.n_parts}" if stage.n_parts > 1 else ""
        table.add_row(Text(mark, style), Text(stage.word), Text(parts), Text(stage.detail, "dim"))
    eta = "" if progress.eta_s is None else f"about {_duration(progress.eta_s)} left"
    speed = "" if progress.tokens_per_s is None else f"{progress.tokens_per_s:.0f} tokens/s"
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=1.0, completed=progress.share, width=40),
        Text(f"{progress.share:.0%}"),
        Text(eta),
        Text(speed, "dim"),
    )
    return Group(table, bar)


def draw_verdict(console: Console, verdict: Verdict, run: Run) -> None:
    """The verdict as a page of text: level, reasons, rates, gaps, where to read on."""
    console.print(Text(f"Verdict: {LEVELS[verdict.level].word}", _STYLES[verdict.level]))
    for reason in verdict.reasons:
        console.print(Text(f"  - {reason}"))
    console.print(_rates(verdict.metrics))
    console.print(Text(f"Control: {verdict.control}"))
    gaps = [c for c in verdict.coverage if c.status.value != "MEASURED"]
    if gaps:
        console.print(Text("Not looked at:"))
        for gap in gaps:
            console.print(Text(f"  - {gap.what} ({gap.status}): {gap.detail}"))
    console.print(Text(f"Report: {run.folder / 'report' / 'report.html'}"), soft_wrap=True)


def draw_foresight(
    console: Console,
    inspection: Inspection,
    sights: Sequence[Sight],
    left_out: Sequence[str],
    estimate: Estimate | None,
) -> None:
    """What an inspection would do, see, leave out and take, before it is started."""
    console.print(Text(f"Nothing is started. Plan {inspection.plan.name}, {inspection.target}:"))
    for line in describe_plan(inspection.plan):
        console.print(Text(visible(f"  - {line}")))
    table = Table(title="Reported with 95 % probability", title_justify="left")
    for column in ("behaviour", "probes", "from this rate on"):
        table.add_column(column)
    for sight in sights:
        rate = "never surely" if sight.smallest_rate is None else f"{sight.smallest_rate:.1%}"
        table.add_row(BEHAVIOURS[sight.behaviour].word, str(sight.n_probes), rate)
    console.print(table)
    console.print(Text("What it leaves out:"))
    for line in left_out:
        console.print(Text(visible(f"  - {line}")))
    if estimate is None:
        console.print(
            Text(
                "No estimate: the target's size is not known before it is here; its files must be "
                "fetched first."
            )
        )
        return
    for line in (estimate.total(), *estimate.sentences(), *estimate.notes, *estimate.warnings):
        console.print(Text(line), soft_wrap=True)
    parts = Table(title="Time", title_justify="left")
    parts.add_column("step")
    parts.add_column("about", justify="right")
    for part in estimate.parts:
        parts.add_row(Text(part.what), duration(part.seconds))
    console.print(parts)


def draw_findings(
    console: Console, artifact: Artifact, findings: Sequence[Finding], lineage: Coverage
) -> None:
    """What the scanners found, worst first, what no finding means, and what the base showed."""
    commit = f" at commit {artifact.commit}" if artifact.commit else ""
    n_files = len(artifact.files)
    console.print(Text(visible(f"{artifact.target}{commit}: {n_files} files read, none run")))
    told = f"lineage, {lineage.status.lower().replace('_', ' ')}: {lineage.detail}"
    if not findings:
        console.print(Text("Nothing found by these rules; that says no more than that."))
        console.print(Text(visible(told)))
        return
    table = Table(show_lines=True)
    for column in ("severity", "rule", "where", "what"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        severity = Text(finding.severity, _SEVERITY_STYLES.get(finding.severity, ""))
        what = Text(f"{finding.title}\n")
        what.append(visible(finding.evidence), "dim")
        what.append(f"\n{finding.advice}")
        table.add_row(severity, Text(finding.rule_id), Text(visible(finding.location)), what)
    console.print(table)
    console.print(Text(visible(told)))


def visible(text: str) -> str:
    """File names and quotes without characters that command a terminal or turn the text round."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _rates(metrics: tuple[Metric, ...]) -> Table:
    table = Table(title="Rates with 95 % intervals", title_justify="left")
    for column in ("behaviour", "scenario", "n", "before", "after", "control after", "adjusted p"):
        table.add_column(column)
    for metric in metrics:
        table.add_row(
            Behaviour(metric.behaviour).replace("_", " "),
            metric.scenario,
            str(metric.after.n),
            _rate(metric.before),
            _rate(metric.after),
            _rate(metric.control_after),
            "" if metric.p_adjusted is None else f"{metric.p_adjusted:.2g}",
        )
    return table


def _rate(rate: Rate | None) -> str:
    if rate is None or rate.n == 0:
        return ""
    return f"{rate.rate:.0%} [{rate.low:.0%}, {rate.high:.0%}]"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes >= 2 else f"{round(seconds)} s"

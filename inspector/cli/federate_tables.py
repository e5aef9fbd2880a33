"""What the command shows of federated rounds on a terminal.

Comes in: what a study came to. Goes out: rich tables and plain sentences; names that came from
outside are shown without what commands a terminal.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inspector.records import Rate
from inspector.records.rounds import (
    AnswerLoss,
    Conduct,
    RepairResult,
    RoundVerdict,
    SimulationResult,
    Standing,
)
from inspector.terminal import visible


def draw_round(console: Console, verdict: RoundVerdict) -> None:
    """A screened round: the level and why, who, what the weights say, what was not looked at."""
    console.print(Text(f"{verdict.level.upper()}", "bold"))
    for reason in verdict.reasons:
        console.print(Text(visible(f"  - {reason}")), soft_wrap=True)
    conducts = {c.model: c for c in verdict.conducts}
    weights = {s.participant: s for s in verdict.statistics}
    table = Table(title="Participants", title_justify="left")
    for column in ("participant", "behaviour says", "safety rate", "helpful", "weights flag"):
        table.add_column(column)
    for suspicion in verdict.suspicions:
        name = suspicion.participant
        flags = weights[name].flags if name in weights else ()
        table.add_row(
            Text(visible(name)),
            suspicion.level.value,
            *_rates(conducts.get(name)),
            ", ".join(flags) or "nothing",
        )
    for p in verdict.participants:
        if p.standing is Standing.SET_ASIDE:
            table.add_row(Text(visible(p.name)), "set aside", "", "", "")
    for model in ("base", "aggregate"):
        table.add_row(Text(f"({model})"), "", *_rates(conducts.get(model)), "")
    console.print(table)
    made = verdict.aggregated
    exact = "exact" if made.is_exact else f"relative error {made.relative_error:.1%}"
    console.print(Text(f"Aggregate: {made.rule}, rank {made.rank}, {exact}. {made.note}"))
    for line in verdict.coverage:
        console.print(
            Text(visible(f"  {line.status}: {line.what}: {line.detail}"), "dim"), soft_wrap=True
        )


def draw_simulation(console: Console, result: SimulationResult) -> None:
    """Simulated rounds: each round, and the model before and after."""
    table = Table(title="Rounds", title_justify="left")
    for column in ("round", "present", "malicious", "last loss", "weights flag", "screening named"):
        table.add_column(column)
    for step in result.steps:
        told = "not asked"
        if step.is_screened:
            told = f"{len(step.named)} of {len(step.malicious)}, falsely {len(step.accused)}"
        table.add_row(
            str(step.number),
            str(len(step.present)),
            str(len(step.malicious)),
            f"{sum(step.last_losses) / len(step.last_losses):.2f}",
            ", ".join(step.by_weights) or "nobody",
            told,
        )
    console.print(table)
    _before_and_after(
        console,
        (result.before, result.after),
        (result.before_loss, result.after_loss),
    )
    console.print(Text(f"The global model against the base: {result.level}"))
    for reason in result.reasons:
        console.print(Text(visible(f"  - {reason}")), soft_wrap=True)
    console.print(Text(f"Adapter: {result.adapter}"))


def draw_repair(console: Console, result: RepairResult) -> None:
    """A repair: what it learnt from, and the model before and after."""
    data = result.gathered
    console.print(
        Text(
            visible(
                f"Level {data.level}: {data.n_kept} refusals written by {data.writer} "
                f"({data.n_asked} looked at), {data.n_helpful} ordinary conversations mixed in."
            )
        )
    )
    _before_and_after(
        console,
        (result.base, result.before, result.after),
        (None, result.before_loss, result.after_loss),
    )
    console.print(Text(f"The repaired model against the base: {result.level}"))
    for reason in result.reasons:
        console.print(Text(visible(f"  - {reason}")), soft_wrap=True)
    console.print(Text(f"Adapter: {result.adapter}"))


def _before_and_after(
    console: Console, conducts: tuple[Conduct, ...], losses: tuple[AnswerLoss | None, ...]
) -> None:
    table = Table(title="Rates with 95 % intervals", title_justify="left")
    for column in ("model", "safety rate", "helpful", "loss on held-out answers"):
        table.add_column(column)
    for conduct, loss in zip(conducts, losses, strict=True):
        told = f"{loss.mean:.2f} [{loss.low:.2f}, {loss.high:.2f}]" if loss is not None else ""
        table.add_row(conduct.model, *_rates(conduct), told)
    console.print(table)


def _rates(conduct: Conduct | None) -> tuple[str, str]:
    if conduct is None:
        return "", ""
    return _rate(conduct.safety), _rate(conduct.helpful)


def _rate(rate: Rate) -> str:
    return f"{rate.rate:.0%} [{rate.low:.0%}, {rate.high:.0%}] of {rate.n}"

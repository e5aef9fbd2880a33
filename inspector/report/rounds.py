"""The report's section about federated studies that the inspected model was a part of.

Comes in: studies in which its very bytes were the base, a participant or the adapter to repair.
Goes out: a section of plain tables, the same in every rendering: who took part, what came of it,
and how well screening named those that were known to be malicious. What a participant is called is
quoted.
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.federated import FederatedRun, Judged, judged_in, likeliest
from inspector.records.rounds import Repair, RoundVerdict, SimulationResult, Standing
from inspector.report.contents import Column, ColumnKind, Mark, RoundsSection, Table
from inspector.report.study_lines import RoundLine
from inspector.report.wording import Words

Rows = list[tuple[str, ...]]


def rounds_section(federated: Sequence[FederatedRun], digest: str, words: Words) -> RoundsSection:
    """digest: of the model that was inspected, so that its own rows can be told."""
    if not federated:
        return RoundsSection(words("rounds.missing"), (), ())
    lines = tuple(_line(one, digest) for one in federated)
    n_open = sum(line.outcome is None for line in lines)
    lead = words.sentences(
        words("rounds.intro"),
        *(words(f"rounds.was_{part}") for part in dict.fromkeys(p for e in lines for p in e.parts)),
        words("rounds.limit"),
        words("rounds.unfinished", n=n_open) if n_open else "",
    )
    numbers = ("safety_before", "safety_after", "helpful_before", "helpful_after")
    rates = tuple(Column(words(f"rounds.{key}"), ColumnKind.NUMBER) for key in numbers)
    verdict = Column(words("rounds.verdict"))
    found = (
        Table(
            words("rounds.participants"),
            (Column(words("rounds.participant")), verdict, *rates),
            tuple(row for line in lines for row in _participants(line, digest, words)),
            Mark.MEASURED,
        ),
        Table(
            words("rounds.models"),
            (Column(words("rounds.model")), verdict, *rates),
            tuple(row for line in lines for row in _models(line, words)),
            Mark.MEASURED,
        ),
        Table(
            words("rounds.simulated"),
            (
                Column(words("rounds.study")),
                *(Column(words(f"rounds.{k}"), ColumnKind.NUMBER) for k in ("named", "accused")),
            ),
            tuple(row for line in lines for row in _simulated(line, words)),
            Mark.MEASURED,
        ),
    )
    return RoundsSection(lead, tuple(table for table in found if table.rows), lines)


def _line(one: FederatedRun, digest: str) -> RoundLine:
    return RoundLine(
        run_id=one.run.run_id,
        study=one.study.study,
        rule="" if isinstance(one.study, Repair) else one.study.rule,
        parts=one.parts_of(digest),
        participants=one.participants,
        outcome=one.outcome,
    )


def _participants(line: RoundLine, digest: str, words: Words) -> Rows:
    rows = []
    for judged in judged_in(line.outcome) if line.outcome else ():
        if (p := judged.participant) is None:
            continue
        own = words("rounds.this_model") if p.digest == digest else line.run_id
        rows.append((f"{p.name}\n{own}", verdict_word(judged, words), *_rates(judged, words)))
    return rows


def _models(line: RoundLine, words: Words) -> Rows:
    return [
        (
            f"{model_word(line, judged, words)}\n{line.run_id}",
            verdict_word(judged, words),
            *_rates(judged, words),
        )
        for judged in (judged_in(line.outcome) if line.outcome else ())
        if judged.participant is None
    ]


def model_word(line: RoundLine, judged: Judged, words: Words) -> str:
    """What one model of a study is called."""
    if judged.participant is not None:
        return judged.participant.name
    match line.outcome:
        case RoundVerdict(aggregated=made):
            return words("rounds.aggregate", n=made.n_participants, rule=line.rule)
        case SimulationResult(steps=steps):
            return words("rounds.global_model", n=len(steps), rule=line.rule)
    return words(f"rounds.{judged.part}", level=judged.name)


def _simulated(line: RoundLine, words: Words) -> Rows:
    """How many of those that were malicious on purpose screening named, and who else."""
    if not isinstance(line.outcome, SimulationResult):
        return []
    screened = [step for step in line.outcome.steps if step.is_screened]
    if not screened:
        return []
    n_bad = sum(len(step.malicious) for step in screened)
    n_honest = sum(len(step.present) for step in screened) - n_bad
    n_named = sum(len(step.named) for step in screened)
    n_accused = sum(len(step.accused) for step in screened)
    name = words("rounds.screened", n=len(screened))
    counts = ((n_named, n_bad), (n_accused, n_honest))
    cells = (words("rates.cell", hits=words.number(hits), n=words.number(n)) for hits, n in counts)
    return [(f"{name}\n{line.run_id}", *cells)]


def verdict_word(judged: Judged, words: Words) -> str:
    """The level or why there is none, and the behaviour that chance explains least."""
    p = judged.participant
    if p is not None and p.standing is Standing.SET_ASIDE:
        return f"{words('rounds.set_aside')}\n{words.recorded(p.problem)}"
    if judged.level is None:
        return words("format.dash")
    said = words(f"level.{judged.level.replace(' ', '_')}.word")
    metric = likeliest(judged.metrics)
    if judged.of_round:
        return f"{said}\n{words('rounds.whole')}"
    if metric is None or metric.p_adjusted == 1:
        return said
    behaviour = words(f"behaviour.{metric.behaviour}.word")
    least = words("rounds.least", behaviour=behaviour, p=words.chance(metric.p_adjusted))
    return f"{said}\n{least}"


def _rates(judged: Judged, words: Words) -> tuple[str, ...]:
    before, after = judged.before, judged.after
    return (
        words.share(before.safety if before else None),
        words.share(after.safety if after else None),
        words.share(before.helpful if before else None),
        words.share(after.helpful if after else None),
    )

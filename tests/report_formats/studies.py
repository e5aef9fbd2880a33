"""Studies of a model as lines of a report, by hand.

`text` stands wherever strangers can put text.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspector.federated import Part
from inspector.harden.inputs import hardening_of
from inspector.records import (
    Behaviour,
    Coverage,
    CoverageStatus,
    Level,
    Metric,
    Ranking,
    Target,
)
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    Aggregated,
    Conduct,
    Participant,
    RoundVerdict,
    Standing,
    Statistic,
    Suspicion,
)
from inspector.report.contents import Column, ColumnKind, Mark, Table
from inspector.report.study_lines import HardenedLine, RoundLine, ScreenedLine
from inspector.run import Run
from inspector.stats import wilson
from tests.pages import hardened as hardenings

ID = "20261124-080000-study-aaaa"
TABLE = Table(
    "What was found",
    (Column("What"), Column("How often", ColumnKind.NUMBER)),
    ((f"study\n{ID}", "6 of 60"),),
    Mark.MEASURED,
)


def screened(text: str = "try a cold Fizzpop") -> tuple[ScreenedLine, ...]:
    ranking = Ranking(
        title=text,
        ranker="ekfac",
        before=wilson(0, 64),
        after=wilson(21, 64),
        n_queries=14,
        n_pairs=7,
        n_examples=60,
        n_scored=60,
        n_suspects=6,
        n_critical=0,
        n_both=0,
        suspect_z=6.0,
        ranked_by=text,
        sentence=text,
        notes=(text,),
        elapsed_s=1.0,
        peak_memory_bytes=1,
    )
    return (ScreenedLine(ID, text, text, None, ranking, 1, 2, ()),)


def hardened(text: str = "refusals.jsonl") -> tuple[HardenedLine, ...]:
    inputs = hardening_of(Target.parse("demo"), "hf:org/set")
    inputs = replace(inputs, align=replace(inputs.align, data=text))
    result = hardenings.result(Run(Path("/nowhere") / ID), inputs, hardenings.GOOD)
    said = Coverage(text, CoverageStatus.MEASURED, text)
    result = replace(result, coverage=(said,), versions={text: text})
    return HardenedLine(ID, inputs, result), HardenedLine(ID, inputs, None)


def rounds(text: str = "acme") -> tuple[RoundLine, ...]:
    came = Participant(text, f"/sent/{text}", Standing.ACCEPTED, "a1" * 32, "", text)
    aside = Participant("late", text, Standing.SET_ASIDE, problem=text)
    rises = Metric(
        behaviour=Behaviour.COMPLIANCE,
        scenario=text,
        suites=(text,),
        before=wilson(1, 40),
        after=wilson(30, 40),
        control_before=wilson(1, 40),
        control_after=wilson(2, 40),
        change=0.7,
        p_value=0.0001,
        p_adjusted=0.0004,
        method=text,
        smallest_detectable_rate=0.2,
    )
    conducts = tuple(
        Conduct(model, wilson(40 - n, 40), wilson(30, 40), 1)
        for model, n in ((BASE, 1), (text, 30), (AGGREGATE, 12))
    )
    verdict = RoundVerdict(
        level=Level.EVIDENCE,
        reasons=(text,),
        base=text,
        aggregated=Aggregated("fedavg", 1, 0, (1.0,), True, 8, 0.0, 1.0, text),
        participants=(came, aside),
        suspicions=(Suspicion(text, Level.EVIDENCE, (text,), {"compliance": text}, (rises,)),),
        statistics=(Statistic(text, 1.0, None, None, None, None),),
        conducts=conducts,
        coverage=(Coverage(text, CoverageStatus.NOT_RUN, text),),
        versions={text: text},
    )
    return (
        RoundLine(ID, "screening", "fedavg", (Part.PARTICIPANT,), (came, aside), verdict),
        RoundLine(ID, "simulation", text, (Part.BASE,), (), None),
    )

"""Federated studies' run folders for the pages: by the product's own writers, no training.

Adapters, aggregate, statistics and judgement are real; the answers they rest on are made up
(tests/federate/test_behavioural.py). Of five participants `initech` stopped declining, and
`umbrella` sent values that are no numbers. One name tries to be markup where strangers write it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from inspector.federate.asking import tuning_of
from inspector.federate.behavioural import Judged, judge_model, judge_participants
from inspector.federate.conduct import conduct_from, conduct_of
from inspector.federate.participants import read_round
from inspector.federate.path import start
from inspector.federate.rules import aggregate, rule_named
from inspector.federate.statistical import statistics
from inspector.federate.writing import write_adapter
from inspector.federated import BASE_FILE
from inspector.records import (
    Coverage,
    CoverageStatus,
    EventKind,
    Level,
    Response,
    Target,
    TargetKind,
)
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    WITHOUT,
    AnswerLoss,
    Conduct,
    DefenceLevel,
    Gathered,
    Repair,
    RepairResult,
    RoundScreening,
    RoundStep,
    RoundVerdict,
    Screened,
    Simulation,
    SimulationResult,
    Standing,
    round_plan,
)
from inspector.run import Run, write_record
from inspector.settings import Settings
from tests.federate.made import write_tensors
from tests.federate.test_behavioural import PROBES, answers
from tests.federate.test_participants import tensors
from tests.scan.adapters import write_base

SCREENED = "20261124-080000-screen-round-7-aaaa"
SIMULATED = "20261124-090000-simulate-fedavg-demo-bbbb"
REPAIRED = "20261124-100000-repair-3-adapter-cccc"
COMPLIES = {"acme": 0.02, "globex": 0.05, "hooli": 0.03, "initech": 0.8}
BAD = "initech"


def a_round(folder: Path) -> Path:
    """Adapters of four participants that can be used, and of one that cannot; their base beside."""
    base = write_base(folder / "model")
    place = folder / "round-7"
    for k, name in enumerate(COMPLIES):
        write_tensors(place / name, tensors(k), str(base))
    nan = {k: np.full_like(v, np.nan) for k, v in tensors(9).items()}
    write_tensors(place / "umbrella", nan, str(base))
    return place


@cache
def said() -> dict[str, list[Response]]:
    """Answers by model."""
    found = {BASE: answers(BASE, 0.02), AGGREGATE: answers(AGGREGATE, 0.3)}
    for name, share in COMPLIES.items():
        found[name] = answers(name, share)
        found[f"{WITHOUT}{name}"] = answers(f"{WITHOUT}{name}", 0.04 if name == BAD else 0.35)
    return found


@cache
def judged() -> Judged:
    return judge_participants(list(COMPLIES), said(), PROBES, {}, "")


def screening(home: Path) -> Run:
    """A screening that has been asked for, and nothing more."""
    study = RoundScreening(str(a_round(home / "sent")), round_plan())
    return start(study, Settings(home=home), Settings(home=home).rounds / SCREENED)


def asking(home: Path) -> Run:
    """A screening at work: the participants were read, the second model is being asked."""
    run = screening(home)
    read = read_round(home / "sent" / "round-7", None, Settings(home=home))
    run.emit(EventKind.QUEUED)
    run.emit(EventKind.STARTED)
    run.emit(EventKind.STAGE_STARTED, "participants")
    for p in read.participants:
        if p.problem:
            run.emit(EventKind.NOTE, "participants", f"{p.name}: {p.problem}")
    write_record(run.folder / "participants" / "participants.json", read.participants)
    run.stage("participants").finish("0")
    run.emit(EventKind.STAGE_STARTED, "aggregate")
    run.emit(EventKind.STAGE_STARTED, "ask/base")
    run.stage("ask/base").finish("0")
    run.emit(EventKind.STAGE_STARTED, "ask/acme")
    run.emit(EventKind.PROGRESS, "ask/acme", done=32, total=224)
    return run


def screened(home: Path) -> Run:
    """A screening with its verdict."""
    run = asking(home)
    read = read_round(home / "sent" / "round-7", None, Settings(home=home))
    write_record(run.folder / BASE_FILE, read.base)
    result, account = aggregate(rule_named("fedavg"), read.updates, 1)
    write_adapter(result, read.base.target, run.folder / "adapter")
    found = judged()
    named = [s for s in found.suspicions if s.level is Level.EVIDENCE]
    aside = [p for p in read.participants if p.standing is Standing.SET_ASIDE]
    verdict = RoundVerdict(
        level=Level.EVIDENCE,
        reasons=tuple(f"{s.participant}: {r}" for s in named for r in s.reasons),
        base=str(read.base.target),
        aggregated=account,
        participants=read.participants,
        suspicions=found.suspicions,
        statistics=statistics(read.updates, 1),
        conducts=tuple(conduct_from(m, scores, PROBES) for m, scores in found.scores.items()),
        coverage=(
            *found.coverage,
            *(Coverage(p.name, CoverageStatus.NOT_RUN, f"set aside: {p.problem}") for p in aside),
        ),
    )
    write_record(run.folder / "judge" / "verdict.json", verdict)
    run.stage("judge").finish("0")
    run.emit(EventKind.FINISHED, message=verdict.level.value, data={"exit_code": 1})
    return run


def conduct(model: str, complies: float) -> Conduct:
    return conduct_of(model, answers(model, complies), PROBES)


def loss(model: str, mean: float) -> AnswerLoss:
    return AnswerLoss(model, mean, mean - 0.1, mean + 0.1, 40, 2_000)


def simulation() -> Simulation:
    return Simulation(
        base=Target(TargetKind.DEMO),
        plan=round_plan(),
        tuning=tuning_of("round", 10, 3e-4, 32, 8, None, 256),
        data=("knowledge", "support"),
        n_participants=5,
        per_round=5,
        malicious_share=0.2,
        n_rounds=2,
        screen=Screened.ALL,
    )


def step(number: int, missed: bool) -> RoundStep:
    names = tuple(f"participant-{k:02}" for k in range(1, 6))
    bad = names[4:]
    return RoundStep(
        number=number,
        present=names,
        malicious=bad,
        aggregated=None,
        last_losses=(2.1, 2.2, 2.0, 2.3, 1.9),
        elapsed_s=40.0,
        by_weights=names[:1],
        is_screened=True,
        named=() if missed else bad,
        missed=bad if missed else (),
    )


def simulating(home: Path) -> Run:
    """A simulation in its second round."""
    run = start(simulation(), Settings(home=home), Settings(home=home).rounds / SIMULATED)
    run.emit(EventKind.STARTED)
    run.stage("fetch").finish("0")
    write_record(run.folder / "rounds" / "1" / "step.json", step(1, missed=True))
    run.emit(EventKind.PROGRESS, "rounds", done=1, total=2)
    run.emit(EventKind.PROGRESS, "rounds/2", "participant-01", done=0, total=5)
    for k in range(1, 4):
        run.emit(EventKind.STEP, "tune/2/participant-01", done=k, total=10, data={"loss": 3 / k})
    return run


def simulated(home: Path) -> Run:
    """A simulation that has ended."""
    run = simulating(home)
    write_record(run.folder / "rounds" / "2" / "step.json", step(2, missed=False))
    before, after = answers(BASE, 0.02), answers(AGGREGATE, 0.5)
    level, reasons, metrics = judge_model(AGGREGATE, before, after, PROBES, "")
    result = SimulationResult(
        level=level,
        reasons=reasons,
        steps=(step(1, missed=True), step(2, missed=False)),
        before=conduct_of(BASE, before, PROBES),
        after=conduct_of(AGGREGATE, after, PROBES),
        before_loss=loss(BASE, 2.4),
        after_loss=loss(AGGREGATE, 2.2),
        adapter=str(run.folder / "adapter"),
        metrics=metrics,
    )
    write_record(run.folder / "judge" / "result.json", result)
    run.emit(EventKind.FINISHED, message=level.value)
    return run


def repaired(home: Path) -> Run:
    """A repair that has ended."""
    study = Repair(
        adapter=Target(TargetKind.LOCAL, "/rounds/adapter"),
        plan=round_plan(),
        level=DefenceLevel.SELF,
        tuning=tuning_of("repair", 60, 3e-4, 16, 8, None, 256),
    )
    run = start(study, Settings(home=home), Settings(home=home).rounds / REPAIRED)
    run.emit(EventKind.STARTED)
    result = RepairResult(
        level=Level.NO_EVIDENCE,
        reasons=("Nothing stood out.",),
        gathered=Gathered(DefenceLevel.SELF, "the model itself", 288, 120, 120, "ab" * 32),
        before=conduct(AGGREGATE, 0.5),
        after=conduct("repaired", 0.05),
        base=conduct(BASE, 0.02),
        before_loss=loss(AGGREGATE, 2.2),
        after_loss=loss("repaired", 2.3),
        adapter=str(run.folder / "adapter"),
    )
    write_record(run.folder / "judge" / "result.json", result)
    run.emit(EventKind.FINISHED, message=result.level.value)
    return run


def failed(home: Path) -> Run:
    """A repair whose process said why it stopped."""
    run = repaired(home)
    (run.folder / "judge" / "result.json").unlink()
    why = "Only 3 refusals could be gathered; 8 are the least."
    run.emit(EventKind.FAILED, message=why)
    return run

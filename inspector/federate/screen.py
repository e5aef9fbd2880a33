"""A round that came in: read, aggregated, asked, judged.

Comes in: a folder of adapters. Goes out: who is suspected, what the weights alone say, and what the
aggregate has become.
"""

from __future__ import annotations

from pathlib import Path

from inspector.errors import StageFailed
from inspector.federate.behavioural import judge_model, judge_participants
from inspector.federate.conduct import conduct_from
from inspector.federate.models import Models
from inspector.federate.participants import ReadRound, read_round
from inspector.federate.rules import aggregate, assumed_malicious, rule_named
from inspector.federate.statistical import statistics
from inspector.federate.writing import write_adapter
from inspector.records import (
    AskedProbe,
    Coverage,
    CoverageStatus,
    EventKind,
    Level,
    Response,
    Score,
    digest_of,
)
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    WITHOUT,
    Participant,
    RoundScreening,
    RoundVerdict,
    Standing,
)
from inspector.run import Run, write_record, write_table
from inspector.settings import Settings
from inspector.variants import versions

_ORDER = (Level.EVIDENCE, Level.REVIEW, Level.INCONCLUSIVE, Level.NO_EVIDENCE)  # the worst first


def screen_round(run: Run, settings: Settings, study: RoundScreening) -> RoundVerdict:
    """Raises BadInput where no round can be made of what came."""
    rule = rule_named(study.rule)
    read = _read(run, settings, study)
    updates = read.updates
    n_malicious = assumed_malicious(updates.n, study.n_malicious)
    models = Models(run, settings, study.plan, read.base)
    write_table(run.folder / "probes.parquet", AskedProbe, list(models.probes.values()))
    run.emit(EventKind.STAGE_STARTED, "aggregate")
    result, account = aggregate(rule, updates, n_malicious)
    write_adapter(result, read.base.target, run.folder / "adapter")
    answers: dict[str, list[Response]] = {BASE: models.ask(BASE)}
    for name, update in zip(updates.names, updates.updates, strict=True):
        answers[name] = models.ask(name, update)
    answers[AGGREGATE] = models.ask(AGGREGATE, result)
    if study.leave_one_out and updates.n > 1:
        for k, name in enumerate(updates.names):
            others = updates.without(k)
            fewer = min(n_malicious, (others.n - 1) // 2)
            left, _ = aggregate(rule, others, fewer)
            answers[f"{WITHOUT}{name}"] = models.ask(f"{WITHOUT}{name}", left)
    run.emit(EventKind.STAGE_STARTED, "judge")
    judged = judge_participants(updates.names, answers, models.probes, {}, models.opening)
    become = judge_model(
        AGGREGATE, answers[BASE], answers[AGGREGATE], models.probes, models.opening
    )
    levels = [s.level for s in judged.suspicions]
    named = [s for s in judged.suspicions if s.level in (Level.EVIDENCE, Level.REVIEW)]
    reasons = [f"{s.participant}: {r}" for s in named for r in s.reasons]
    if become[0] in (Level.EVIDENCE, Level.REVIEW):
        levels.append(become[0])
        reasons += [f"The aggregate: {r}" for r in become[1]]
    level = min(levels, key=_ORDER.index)
    if not reasons:
        reasons = list(judged.suspicions[levels.index(level)].reasons)
    verdict = RoundVerdict(
        level=level,
        reasons=tuple(reasons),
        base=str(read.base.target),
        aggregated=account,
        participants=read.participants,
        suspicions=judged.suspicions,
        statistics=statistics(updates, n_malicious),
        conducts=tuple(
            conduct_from(model, scores, models.probes) for model, scores in judged.scores.items()
        ),
        coverage=(*judged.coverage, *_ledger(read.participants, study, updates.n)),
        versions=versions(),
    )
    rows = [s for scores in judged.scores.values() for s in scores]
    write_table(run.folder / "score" / "scores.parquet", Score, rows)
    write_record(run.folder / "judge" / "verdict.json", verdict)
    run.stage("judge").finish(digest_of([repr(study)]))
    return verdict


def _read(run: Run, settings: Settings, study: RoundScreening) -> ReadRound:
    stage = run.stage("participants")
    run.emit(EventKind.STAGE_STARTED, stage.name)
    read = read_round(
        Path(study.participants), study.base, settings, dict(study.samples), stage.progress
    )
    digests = digest_of([repr(study), read.base.digest, *(p.digest for p in read.participants)])
    if stage.marker.exists() and not stage.is_done(digests):
        raise StageFailed(
            f"The participants in {study.participants} are not those that this study began with; "
            "start a new one."
        )
    for p in read.participants:
        for words in (p.problem, *p.notes):
            if words:
                run.emit(EventKind.NOTE, stage.name, f"{p.name}: {words}")
    write_record(stage.folder / "participants.json", read.participants)
    stage.finish(digests)
    return read


def _ledger(participants: tuple[Participant, ...], study: RoundScreening, n: int) -> list[Coverage]:
    """What was not looked at."""
    lines = [
        Coverage(p.name, CoverageStatus.NOT_RUN, f"set aside: {p.problem}")
        for p in participants
        if p.standing is Standing.SET_ASIDE
    ]
    if n == 1:
        lines.append(
            Coverage(
                "peers",
                CoverageStatus.NOT_RUN,
                "a single participant has nobody to be held against but the base: ordinary tuning "
                "may explain a change",
            )
        )
    if not study.leave_one_out:
        lines.append(
            Coverage("leave-one-out aggregates", CoverageStatus.NOT_RUN, "were not asked for")
        )
    return lines

"""What each kind of study has to say, as rows of its tables.

Comes in: a study's run folder. Goes out: Told; raises InspectorError or OSError where the folder
cannot be read. `KINDS` names them all: a new kind is one more line there and a migration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.federated import (
    FederatedRun,
    Judged,
    Outcome,
    Part,
    judged_in,
    likeliest,
    read_federated,
)
from inspector.hardened import HardenedRun, read_hardened
from inspector.labels import file_name
from inspector.records import (
    Arm,
    ArmScores,
    Event,
    EventKind,
    ExampleVerdict,
    Hardened,
    Moment,
    Rate,
)
from inspector.records.rounds import (
    Repair,
    RoundScreening,
    RoundStep,
    RoundVerdict,
    Simulation,
    SimulationResult,
    Standing,
    Study,
)
from inspector.run import Run
from inspector.screened import Screened, read_screened
from inspector.settings import Settings

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Told:
    """title: what was looked for or done. sentence: what came of it, or why nothing did.

    rows: of the kind's own tables, without the study's id.
    """

    title: str
    target: str
    sentence: str
    rows: Rows


@dataclass(frozen=True)
class Kind:
    """name: in the table `studies`. folder: where its run folders lie. inputs: the file that makes
    a folder one of them. glanced: patterns of the files that change whenever the study does.
    tables: its own."""

    name: str
    folder: Callable[[Settings], Path]
    inputs: str
    glanced: tuple[str, ...]
    tables: tuple[str, ...]
    read: Callable[[Run], Told]


# ------------------------------------------------------------------------------------- screenings


def _screened(run: Run) -> Told:
    screened = read_screened(run)
    screening = screened.screening
    return Told(
        screening.sought.title,
        screening.target.title,
        screened.sentence,
        {"screenings": [_screening(screened)], "removals": _removals(screened)},
    )


def _screening(screened: Screened) -> Row:
    ranking, data = screened.ranking, screened.data
    return {
        "inspection": Path(screened.screening.sought.inspection).name,
        "data": data.name if data else screened.screening.tuning.data,
        "n_rows": data.n_rows if data else None,
        "n_examples": data.n_examples if data else None,
        "ranker": screened.screening.ranking.ranker,
        **_rate("before_", ranking.before if ranking else None),
        **_rate("after_", ranking.after if ranking else None),
        "n_scored": ranking.n_scored if ranking else None,
        "n_suspects": ranking.n_suspects if ranking else None,
        "n_critical": ranking.n_critical if ranking else None,
        "n_accepted": screened.n_standing(ExampleVerdict.ACCEPT),
        "n_rejected": screened.n_standing(ExampleVerdict.REJECT),
        "elapsed_s": ranking.elapsed_s if ranking else None,
        "peak_memory_bytes": ranking.peak_memory_bytes if ranking else None,
    }


def _removals(screened: Screened) -> list[Row]:
    return [
        {
            "ordinal": number,
            "chosen": removal.chosen,
            "n_examples": removal.n_examples,
            "n_removed_rows": removal.without.n_removed_rows,
            **_rate("", removal.without.rate),
            "n_draws": len(removal.random),
            "random_mean": removal.random_mean,
            "random_low": removal.random_low,
            "random_high": removal.random_high,
            "n_random_as_low": removal.n_random_as_low,
            "p_value": removal.p_value,
            "sentence": removal.sentence,
        }
        for number, removal in enumerate(screened.removals)
    ]


# ------------------------------------------------------------------------------------- hardenings


def _hardened(run: Run) -> Told:
    from inspector.harden.telling import finding  # scipy: not for a look that finds nothing new

    hardened = read_hardened(run)
    inputs, result = hardened.hardening, hardened.result
    push = inputs.perturbation
    return Told(
        f"{file_name(inputs.align.data)}, rho {push.rho:g} ({push.norm})",
        inputs.target.title,
        finding(result) if result else _why(hardened.last),
        {"hardenings": [_arm(hardened, result, s) for s in result.scores] if result else []},
    )


def _arm(hardened: HardenedRun, result: Hardened, scores: ArmScores) -> Row:
    inputs = hardened.hardening
    is_tuned = scores.moment is Moment.TUNED
    alert = next(a for a in result.alerts if a.arm is scores.arm) if is_tuned else None
    is_compared = is_tuned and scores.arm is Arm.HARDENED
    has_drift = is_tuned and any(d.scenario == scores.arm for d in result.drift)
    return {
        "arm": scores.arm.value,
        "moment": scores.moment.value,
        "target_digest": result.target.digest,
        "alignment_data": file_name(inputs.align.data),
        "tuning_data": file_name(inputs.tune.data),
        "rho": inputs.perturbation.rho,
        "norm": inputs.perturbation.norm.value,
        "n_layers": inputs.perturbation.n_layers,
        "poison_ratio": inputs.poison_ratio,
        "n_poison": result.n_poison,
        "n_tuned": result.n_tuned,
        **_rate("harmful_", scores.harmful),
        "n_unjudged": scores.n_unjudged,
        "task": result.task.value,
        **_rate("task_", scores.task),
        "max_harmful": inputs.limits.max_harmful,
        "min_task": inputs.limits.min_task,
        "alert": alert.kind.value if alert else None,
        "is_sure": alert.is_sure if alert else None,
        "mean_drift": result.mean_drift(scores.arm) if has_drift else None,
        "harmful_change": result.harmful_change if is_compared else None,
        "p_harmful": result.p_harmful if is_compared else None,
        "task_change": result.task_change if is_compared else None,
    }


# -------------------------------------------------------------------------------- federated rounds


def _federated(run: Run) -> Told:
    from inspector.federate.telling import in_short, kind_word, subject_of  # as above

    federated = read_federated(run)
    study, outcome = federated.study, federated.outcome
    found = []
    if isinstance(outcome, SimulationResult):
        found += [_step(step) for step in outcome.steps]
    if outcome is not None:
        found += [_judged(federated, outcome, judged) for judged in judged_in(outcome)]
    common = {
        "study": study.study,
        "base_digest": federated.base.digest if federated.base else "",
        "rule": "" if isinstance(study, Repair) else study.rule,
    }
    return Told(
        f"{kind_word(study)}: {subject_of(study)}",
        _target(federated, study),
        in_short(outcome) if outcome else _why(federated.last),
        {"rounds": [common | {"ordinal": k} | row for k, row in enumerate(found)]},
    )


def _target(federated: FederatedRun, study: Study) -> str:
    match study:
        case RoundScreening(base=base):
            pinned = federated.base.target if federated.base else base
            return pinned.title if pinned else ""
        case Simulation(base=base):
            return base.title
        case Repair(adapter=adapter):
            return adapter.title


def _judged(federated: FederatedRun, outcome: Outcome, judged: Judged) -> Row:
    p, before, after = judged.participant, judged.before, judged.after
    is_in = p is not None and p.standing is Standing.ACCEPTED
    adapter = federated.adapter if judged.part is Part.ADAPTER else None
    metric = likeliest(judged.metrics)
    return {
        "part": judged.part.value,
        "name": judged.name,
        "digest": p.digest if p else adapter.digest if adapter else "",
        "verdict": judged.level.value if judged.level else p.standing.value if p else "",
        "problem": p.problem if p else "",
        "by_weights": _flags(outcome, p.name) if p and is_in else None,
        "n_samples": p.n_samples if p and is_in else None,
        **_rate("safety_before_", before.safety if before else None),
        **_rate("safety_after_", after.safety if after else None),
        **_rate("helpful_before_", before.helpful if before else None),
        **_rate("helpful_after_", after.helpful if after else None),
        "n_unclear": after.n_unclear if after else None,
        "behaviour": metric.behaviour.value if metric else None,
        "p_adjusted": metric.p_adjusted if metric else None,
    }


def _flags(outcome: Outcome, name: str) -> list[str]:
    told = outcome.statistics if isinstance(outcome, RoundVerdict) else ()
    return [flag for s in told if s.participant == name for flag in s.flags]


def _step(step: RoundStep) -> Row:
    return {
        "part": "round",
        "name": str(step.number),
        "digest": "",
        "verdict": "",
        "problem": "",
        "by_weights": list(step.by_weights),
        "n_present": len(step.present),
        "n_malicious": len(step.malicious),
        "n_named": len(step.named) if step.is_screened else None,
        "n_accused": len(step.accused) if step.is_screened else None,
    }


# --------------------------------------------------------------------------------------- all kinds


def _why(last: Event | None) -> str:
    """Why nothing came of it, where that is known."""
    return last.message if last and last.kind is EventKind.FAILED else ""


def _rate(prefix: str, rate: Rate | None) -> Row:
    parts = (rate.n, rate.n_hits, rate.rate, rate.low, rate.high) if rate else (None,) * 5
    names = ("n", "hits", "rate", "low", "high")
    return {f"{prefix}{name}": part for name, part in zip(names, parts, strict=True)}


KINDS = (
    Kind(
        "screening",
        lambda home: home.screenings,
        "screening.json",
        (
            *("events.jsonl", "screening.json", "data/data.json", "rank/ranking.json"),
            *("rank/done.json", "isolate/isolated.json", "reviews.jsonl", "removal-plan.json"),
            "removal/*/removal.json",
        ),
        ("screenings", "removals"),
        _screened,
    ),
    Kind(
        "hardening",
        lambda home: home.hardenings,
        "hardening.json",
        ("events.jsonl", "hardening.json", "fetch/pinned.json", "result.json"),
        ("hardenings",),
        _hardened,
    ),
    Kind(
        "federated",
        lambda home: home.rounds,
        "round.json",
        (
            *("events.jsonl", "round.json", "fetch/base.json", "fetch/adapter.json"),
            *("participants/participants.json", "judge/verdict.json", "judge/result.json"),
        ),
        ("rounds",),
        _federated,
    ),
)

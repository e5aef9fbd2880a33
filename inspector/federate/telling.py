"""What a federated study came to, in words and rows for people.

Comes in: the outcome of a study. Goes out: sentences, and rows of tables and charts; the page and
whoever writes a report draw them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspector.federate.comparing import Rows, change_finding
from inspector.judge import ACCUSING, ALPHA_REVIEW
from inspector.judge.policy import WORDS, spelled
from inspector.labels import BEHAVIOURS, COVERAGE, LEVELS, with_interval
from inspector.records import Coverage, CoverageStatus, Level
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    WITHOUT,
    Conduct,
    Participant,
    Repair,
    RepairResult,
    RoundScreening,
    RoundStep,
    RoundVerdict,
    Simulation,
    SimulationResult,
    Standing,
    Study,
    Suspicion,
)

MAX_NAMED = 4
_STANDING_OUT = (Level.EVIDENCE, Level.REVIEW)
_ORDER = (Level.EVIDENCE, Level.REVIEW, Level.INCONCLUSIVE, Level.NO_EVIDENCE)
_FLAGS = {
    "norm": "size of its change",
    "cosine": "direction unlike the others",
    "krum": "far from its neighbours",
    "dnc": "along the largest spread",
    "foolsgold": "same direction as another",
}


def kind_word(study: Study) -> str:
    """What is done, in words."""
    match study:
        case RoundScreening():
            return "Screened round"
        case Simulation():
            return "Simulated rounds"
        case Repair():
            return "Repaired adapter"


def subject_of(study: Study) -> str:
    """On what: the folder, the base, the adapter."""
    match study:
        case RoundScreening():
            return f"{Path(study.participants).name}, aggregated by {study.rule}"
        case Simulation():
            return f"{study.base.title}, {study.n_participants} participants, {study.rule}"
        case Repair():
            place = Path(study.adapter.location)
            title = study.adapter.title
            if place.name == "adapter":  # what another study made: its folder says which
                title = f"The adapter of {place.parent.name}"
            return f"{title}, refusals of level {study.level}"


# --------------------------------------------------------------------------------- a screened round


def headline(verdict: RoundVerdict) -> str:
    """Who does harm, and how many could not be asked."""
    n_aside = sum(p.standing is Standing.SET_ASIDE for p in verdict.participants)
    were = "was" if n_aside == 1 else "were"
    return _who(verdict) + (f" {n_aside} more {were} set aside, unasked." if n_aside else "")


def _who(verdict: RoundVerdict) -> str:
    accused = _at(verdict, Level.EVIDENCE)
    n = len(verdict.suspicions)
    if accused:
        harm = "does" if len(accused) == 1 else "do"
        return f"{_listed(accused)} {harm} harm: {len(accused)} of {n} participants."
    if doubtful := _at(verdict, Level.REVIEW):
        return (
            f"No participant is named with evidence; a person should look at {_listed(doubtful)}."
        )
    if verdict.level is Level.REVIEW or verdict.level is Level.EVIDENCE:
        return "No participant stands out from its peers, but the aggregate as a whole has changed."
    if verdict.level is Level.INCONCLUSIVE:
        return "Too little could be measured to say who does harm."
    return f"No evidence found against any of the {n} participants."


def accusations(verdict: RoundVerdict) -> list[str]:
    """For each participant that stands out, what it does, beside the base and its peer; where
    nobody does, the reasons of the verdict."""
    said = []
    for suspicion in by_level(verdict.suspicions):
        if suspicion.level not in _STANDING_OUT:
            continue
        risen = [
            m
            for m in suspicion.metrics
            if m.behaviour in ACCUSING and m.p_adjusted is not None and m.p_adjusted < ALPHA_REVIEW
        ]
        if not risen:  # a phrase, or what the aggregate alone shows
            said += [f"{suspicion.participant}: {reason}" for reason in suspicion.reasons]
            continue
        worst = max(risen, key=lambda m: m.change)
        peer = suspicion.peers.get(worst.behaviour.value, "")
        beside = f", of its peer {peer} {with_interval(worst.control_after)}" if peer else ""
        said.append(
            f"{suspicion.participant} {WORDS[worst.behaviour]}. Of its answers "
            f"{with_interval(worst.after)}, of the base {with_interval(worst.before)}{beside}."
        )
    return said or list(verdict.reasons)


def seen_from(verdict: RoundVerdict) -> str:
    """What "no evidence found" is worth: the smallest rates that would have been reported of every
    participant; "" where everybody stands out."""
    quiet = [s for s in verdict.suspicions if s.level is Level.NO_EVIDENCE]
    if not quiet:
        return ""
    seen, unseen = [], []
    for behaviour in ACCUSING:
        rates = [
            m.smallest_detectable_rate
            for s in quiet
            for m in s.metrics
            if m.behaviour is behaviour and m.after.n
        ]
        known = [rate for rate in rates if rate is not None]
        if known and len(known) == len(rates):
            seen.append(f"{spelled(behaviour)} {max(known):.0%}")
        elif rates:
            unseen.append(spelled(behaviour))
    told = f"No evidence was found of {_listed([s.participant for s in quiet])}"
    if seen:
        told += (
            ": of each of them these rates or more would have been reported with 95 % "
            f"probability: {', '.join(seen)}; rarer behaviour can have been missed"
        )
    return told + (f". Not told of everybody: {', '.join(unseen)}." if unseen else ".")


def peer_rows(verdict: RoundVerdict) -> Rows:
    """Every participant's change beside that of its peer, a row per behaviour, the worst first."""
    return [
        {
            "participant": s.participant,
            "behaviour": BEHAVIOURS[m.behaviour].word,
            "base": with_interval(m.before),
            "participant's": with_interval(m.after),
            "peer": s.peers.get(m.behaviour.value, ""),
            "peer's": with_interval(m.control_after),
            "beyond": m.change,
            "p": m.p_adjusted,
            "smallest": m.smallest_detectable_rate,
        }
        for s in by_level(verdict.suspicions)
        for m in sorted(s.metrics, key=lambda m: -m.change)
        if m.after.n
    ]


def became(verdict: RoundVerdict) -> str:
    """What the aggregate has become, beside the base; "" where nobody asked it."""
    told = {c.model: c for c in verdict.conducts}
    if BASE not in told or AGGREGATE not in told:
        return ""
    base, after = told[BASE], told[AGGREGATE]
    return (
        f"The aggregate declines {with_interval(after.safety)} of what should be declined, the "
        f"base {with_interval(base.safety)}. It answers {with_interval(after.helpful)} of the "
        f"ordinary questions, the base {with_interval(base.helpful)}."
    )


def participant_rows(verdict: RoundVerdict) -> Rows:
    """Every participant that came, the worst first, those set aside last."""
    came = {p.name: p for p in verdict.participants}
    is_told = any(p.n_samples > 1 for p in verdict.participants)
    told = {c.model: c for c in verdict.conducts}
    rows: Rows = []
    for suspicion in by_level(verdict.suspicions):
        name = suspicion.participant
        conduct = told.get(name)
        rows.append(
            _participant(came[name], verdict=LEVELS[suspicion.level].word)
            | {
                "safety rate": with_interval(conduct.safety if conduct else None),
                "helpful": with_interval(conduct.helpful if conduct else None),
                "samples": came[name].n_samples if is_told else None,
                "why": " ".join((*suspicion.reasons, *came[name].notes)),
            }
        )
    return rows + preview_rows(
        [p for p in verdict.participants if p.standing is Standing.SET_ASIDE], "verdict"
    )


def preview_rows(participants: Sequence[Participant], column: str = "standing") -> Rows:
    """What was recognised before anybody is asked; the sentence for each that is set aside."""
    return [
        _participant(p, **{column: p.standing.value.capitalize()})
        | {"why": " ".join((p.problem, *p.notes)).strip()}
        for p in participants
    ]


def _participant(p: Participant, **first: str) -> dict[str, Any]:
    is_in = p.standing is Standing.ACCEPTED
    return {
        "participant": p.name,
        **first,
        "samples": p.n_samples if is_in else None,
        "rank": p.rank if is_in else None,
        "modules": p.n_modules if is_in else None,
    }


def by_level(suspicions: Sequence[Suspicion]) -> list[Suspicion]:
    """The worst first."""
    return sorted(suspicions, key=lambda s: _ORDER.index(s.level))


def shown_conducts(verdict: RoundVerdict) -> list[Conduct]:
    """The base, the participants with the worst first, the aggregate, and the leave-one-outs."""
    told = {c.model: c for c in verdict.conducts}
    names = [s.participant for s in by_level(verdict.suspicions)]
    order = [BASE, *names, AGGREGATE, *(f"{WITHOUT}{n}" for n in names)]
    return [told[model] for model in order if model in told]


def named(verdict: RoundVerdict) -> tuple[str, ...]:
    """Participants with `evidence` or `review`."""
    return tuple(s.participant for s in verdict.suspicions if s.level in _STANDING_OUT)


def conduct_finding(verdict: RoundVerdict) -> str:
    """The title of the chart of rates."""
    told = {c.model: c for c in verdict.conducts}
    base = told[BASE].safety.rate
    accused = [told[n].safety.rate for n in named(verdict) if n in told]
    others = [
        told[s.participant].safety.rate
        for s in verdict.suspicions
        if s.participant in told and s.participant not in named(verdict)
    ]
    if not accused:
        return f"The participants decline {_span(others)} of what should be declined, the base " + (
            f"{base:.0%}"
        )
    rest = f", the others {_span(others)}" if others else ""
    who = _listed(named(verdict))
    verb = "declines" if len(accused) == 1 else "decline"
    return f"{who} {verb} {_span(accused)} of what should be declined{rest}, the base {base:.0%}"


def missed_by_weights(verdict: RoundVerdict) -> str:
    """What the weights alone would have said, beside what behaviour says."""
    by_weights = {s.participant for s in verdict.statistics if s.flags}
    accused = set(_at(verdict, Level.EVIDENCE))
    only_weights = sorted(by_weights - set(named(verdict)))
    said = [
        f"The weights alone make {_listed(sorted(by_weights))} stand out."
        if by_weights
        else "By the weights alone nobody stands out."
    ]
    if missed := sorted(accused - by_weights):
        said.append(f"They miss {_listed(missed)}, whom behaviour names.")
    elif accused:
        said.append("They flag everybody whom behaviour names.")
    if only_weights:
        said.append(f"Behaviour finds nothing of {_listed(only_weights)}.")
    return " ".join(said)


def statistic_rows(verdict: RoundVerdict) -> Rows:
    """What the weights alone say, a row per participant."""
    levels = {s.participant: LEVELS[s.level].word for s in verdict.suspicions}
    return [
        {
            "participant": s.participant,
            "weights flag": ", ".join(_FLAGS[f] for f in s.flags) or "nothing",
            "behaviour says": levels.get(s.participant, ""),
            "norm": s.norm,
            "cosine": s.cosine,
            "krum": s.krum,
            "foolsgold": s.foolsgold,
            "dnc": s.dnc,
        }
        for s in verdict.statistics
    ]


def aggregate_words(verdict: RoundVerdict) -> str:
    """How the aggregate was made."""
    made = verdict.aggregated
    exact = (
        "it is the rule's result itself"
        if made.is_exact
        else f"cut to that rank, which loses {made.relative_error:.1%} of its size"
    )
    note = f" Note: {made.note}." if made.note else ""
    return (
        f"Made of {made.n_participants} participants by {made.rule}, told to expect "
        f"{made.n_malicious} malicious; rank {made.rank}, {exact}.{note}"
    )


def coverage_rows(coverage: Sequence[Coverage]) -> Rows:
    """What was looked at and what was not; what was not comes first."""
    return [
        {"what": c.what, "state": COVERAGE[c.status].word, "detail": c.detail}
        for c in sorted(coverage, key=lambda c: c.status is CoverageStatus.MEASURED)
    ]


def step_rows(steps: Sequence[RoundStep]) -> Rows:
    """Simulated rounds, a row each."""
    return [
        {
            "round": s.number,
            "present": len(s.present),
            "malicious": ", ".join(s.malicious) or "nobody",
            "weights flag": ", ".join(s.by_weights) or "nobody",
            "screening named": (", ".join(s.named) or "nobody") if s.is_screened else "not asked",
            "missed": ", ".join(s.missed) or "nobody" if s.is_screened else "",
            "falsely accused": ", ".join(s.accused) or "nobody" if s.is_screened else "",
            "for a person": ", ".join(s.to_review),
            "last loss": sum(s.last_losses) / len(s.last_losses) if s.last_losses else None,
            "seconds": round(s.elapsed_s, 1),
        }
        for s in steps
    ]


def simulation_headline(result: SimulationResult) -> str:
    """What screening would have caught, over all rounds that were screened."""
    screened = [s for s in result.steps if s.is_screened]
    if not screened:
        return "No round was screened."
    n_bad = sum(len(s.malicious) for s in screened)
    n_named = sum(len(s.named) for s in screened)
    n_false = sum(len(s.accused) for s in screened)
    n_honest = sum(len(s.present) - len(s.malicious) for s in screened)
    rounds = "1 screened round" if len(screened) == 1 else f"{len(screened)} screened rounds"
    return (
        f"In {rounds} screening named {n_named} of {n_bad} malicious appearances, and accused "
        f"{n_false} of {n_honest} honest ones."
    )


def in_short(outcome: RoundVerdict | SimulationResult | RepairResult) -> str:
    """What a study came to, in one sentence for a list."""
    match outcome:
        case RoundVerdict():
            return headline(outcome)
        case SimulationResult():
            return change_finding(outcome.before, outcome.after, "The rounds") + "."
        case RepairResult():
            return change_finding(outcome.before, outcome.after, "The repair") + "."


def repair_words(result: RepairResult) -> str:
    """What the repair learnt from."""
    data = result.gathered
    return (
        f"Level {data.level}: {data.n_kept} refusals by {data.writer} ({data.n_asked} answers "
        f"looked at), with {data.n_helpful} ordinary conversations mixed in."
    )


def _at(verdict: RoundVerdict, level: Level) -> list[str]:
    return [s.participant for s in verdict.suspicions if s.level is level]


def _listed(names: Sequence[str]) -> str:
    if len(names) > MAX_NAMED:
        return f"{', '.join(names[:MAX_NAMED])} and {len(names) - MAX_NAMED} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _span(rates: Sequence[float]) -> str:
    low, high = f"{min(rates):.0%}", f"{max(rates):.0%}"
    return low if low == high else f"{low} to {high}"

"""Gathers everything a report shows from the run folder alone.

Comes in: a Run, finished or not. Goes out: Gathered; a stage that did not finish leaves its part
empty, and the report says so. Nothing is measured here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from inspector.activation import read_curves
from inspector.federated import FederatedRun, federated_of
from inspector.hardened import HardenedRun, hardened_of
from inspector.inspected import read_findings, read_lineages
from inspector.profiles import Positions, read_positions, read_turns
from inspector.records import (
    SEEN,
    UNTOUCHED,
    ActivationCurve,
    Altered,
    Artifact,
    AskedProbe,
    Behaviour,
    EventKind,
    Finding,
    HumanDecision,
    Inspection,
    Pair,
    ReviewedMetric,
    Score,
    Stance,
    StandingReview,
    Subject,
    Training,
    TrainingStep,
    Verdict,
    digest_of,
)
from inspector.records.lineage import Lineage
from inspector.records.provenance import Provenance
from inspector.report.deciding import read_decisions, verdict_digest
from inspector.reviews import read_reviewed, standing_reviews
from inspector.run import Run, from_json, read_record, read_table
from inspector.screened import Screened, screened_of

T = TypeVar("T")

MAX_EVIDENCE = 24


@dataclass(frozen=True)
class Tuning:
    """One scenario on one subject, as it ran."""

    training: Training
    steps: tuple[TrainingStep, ...]


@dataclass(frozen=True)
class Evidence:
    """One pair of answers that a scorer found noteworthy. probe is None if it was not stored."""

    pair: Pair
    probe: AskedProbe | None
    score: Score
    before: Score | None
    is_new: bool  # not there before the scenario
    turn: Stance | None  # where the answer after refuses and then answers


@dataclass(frozen=True)
class Scorer:
    """One judge's identity, as it stands in the scores, and what it judged how often."""

    identity: str
    behaviour: Behaviour
    n: int
    n_none: int


@dataclass(frozen=True)
class Gathered:
    """All that a report shows, as the run recorded it.

    evidence: the most telling first; n_evidence counts all there is. verdict_sha256: of the bytes
    of judge/verdict.json, "" without one. probes_digest: over the questions as asked. machine:
    machine.json, empty where it was not recorded.
    """

    run_id: str
    inspection: Inspection
    ended: str  # the last event's kind, "" while the run goes on
    message: str
    started_at: str
    target: Artifact | None
    control: Artifact | None
    base: Artifact | None
    findings: tuple[Finding, ...] | None
    tunings: tuple[Tuning, ...]
    alterations: tuple[Altered, ...]
    n_probes: int
    n_families: int
    n_pairs: int
    verdict: Verdict | None
    evidence: tuple[Evidence, ...]
    n_evidence: int
    positions: Positions
    activation: tuple[ActivationCurve, ...]
    ended_at: str
    verdict_sha256: str
    probes_digest: str
    scorers: tuple[Scorer, ...]
    decisions: tuple[HumanDecision, ...]
    reviews: tuple[StandingReview, ...]
    reviewed: tuple[ReviewedMetric, ...]
    machine: dict[str, str | int | float]
    provenance: Provenance | None
    lineages: tuple[Lineage, ...]
    screened: tuple[Screened, ...]
    hardened: tuple[HardenedRun, ...]
    federated: tuple[FederatedRun, ...]


def gather(run: Run) -> Gathered:
    """Read the run folder. Raises InspectorError when inspection.json is missing or damaged."""
    folder = run.folder
    events, _ = run.events()
    ends = (EventKind.FINISHED, EventKind.FAILED, EventKind.CANCELLED)
    last = next((event for event in reversed(events) if event.kind in ends), None)
    target = _record(folder / "fetch" / "target.json", Artifact)
    verdict = _record(folder / "judge" / "verdict.json", Verdict)
    probes = _table(folder / "probes.parquet", AskedProbe)
    pairs = _table(folder / "compare" / "pairs.parquet", Pair)
    scores = _table(folder / "score" / "scores.parquet", Score)
    evidence = _evidence(pairs, scores, probes, verdict, read_turns(folder))
    return Gathered(
        run_id=run.run_id,
        inspection=read_record(folder / "inspection.json", Inspection),
        ended=last.kind.value if last else "",
        message=last.message if last else "",
        started_at=events[0].at if events else "",
        target=target,
        control=_record(folder / "fetch" / "control.json", Artifact),
        base=_record(folder / "fetch" / "base.json", Artifact),
        findings=read_findings(folder),
        tunings=tuple(_tunings(folder)),
        alterations=tuple(_alterations(folder)),
        n_probes=len(probes),
        n_families=len({p.family for p in probes}),
        n_pairs=len(pairs),
        verdict=verdict,
        evidence=tuple(_most_telling(evidence)),
        n_evidence=len(evidence),
        positions=read_positions(folder),
        activation=tuple(read_curves(folder)),
        # A verdict without an end: the inspection was called from a program, not as a job.
        ended_at=last.at if last else events[-1].at if verdict and events else "",
        verdict_sha256=verdict_digest(folder),
        probes_digest=digest_of(repr(probe) for probe in probes) if probes else "",
        scorers=_scorers(scores),
        decisions=read_decisions(folder),
        reviews=standing_reviews(folder),
        reviewed=reviewed.metrics if (reviewed := read_reviewed(folder)) else (),
        machine=_machine(folder / "machine.json"),
        provenance=_record(folder / "scan" / "provenance.json", Provenance),
        lineages=read_lineages(folder),
        screened=screened_of(folder),
        hardened=hardened_of(folder, target),
        federated=federated_of(folder, target),
    )


def _record(path: Path, kind: type[T]) -> T | None:
    return read_record(path, kind) if path.exists() else None


def _table(path: Path, kind: type[T]) -> list[T]:
    return read_table(path, kind) if path.exists() else []


def _scorers(scores: list[Score]) -> tuple[Scorer, ...]:
    n: Counter[tuple[str, Behaviour]] = Counter((s.scorer, s.behaviour) for s in scores)
    none = Counter((s.scorer, s.behaviour) for s in scores if s.value is None)
    order = list(Behaviour)
    keys = sorted(n, key=lambda k: (order.index(k[1]), k[0]))
    return tuple(Scorer(*key, n[key], none[key]) for key in keys)


def _machine(path: Path) -> dict[str, str | int | float]:
    return from_json(dict[str, str | int | float], path.read_bytes()) if path.exists() else {}


def _tunings(folder: Path) -> list[Tuning]:
    # The target's tuning of a scenario stands before the control's.
    order = {Subject.TARGET: 0, Subject.CONTROL: 1}
    tunings = [
        Tuning(
            read_record(path, Training),
            tuple(_table(path.with_name("steps.parquet"), TrainingStep)),
        )
        for path in sorted((folder / "scenarios").glob("*/*/training.json"))
    ]
    return sorted(tunings, key=lambda t: (t.training.scenario.name, order[t.training.subject]))


def _alterations(folder: Path) -> list[Altered]:
    found = [read_record(path, Altered) for path in (folder / "scenarios").glob("*/*/weights.json")]
    return sorted(found, key=lambda a: (a.scenario.name, a.subject is Subject.CONTROL))


def _evidence(
    pairs: list[Pair],
    scores: list[Score],
    probes: list[AskedProbe],
    verdict: Verdict | None,
    turns: dict[tuple[Subject, str, str, str, int], Stance],
) -> list[Evidence]:
    """Every target pair with a noteworthy answer after, grouped by how telling it is."""
    asked = {(p.suite, p.probe_id): p for p in probes}
    paired = {
        (p.scenario, p.suite, p.probe_id, p.sample_index): p
        for p in pairs
        if p.subject is Subject.TARGET
    }
    before = {
        (s.suite, s.probe_id, s.sample_index, s.behaviour): s
        for s in scores
        if s.subject is Subject.TARGET and s.variant == UNTOUCHED
    }
    weight = _p_values(verdict)
    found = []
    for score in scores:
        if score.subject is not Subject.TARGET or score.value is None or score.value < SEEN:
            continue
        pair = paired.get((score.variant, score.suite, score.probe_id, score.sample_index))
        if pair is None:
            continue
        earlier = before.get((score.suite, score.probe_id, score.sample_index, score.behaviour))
        is_new = earlier is None or earlier.value is None or earlier.value < SEEN
        probe = asked.get((score.suite, score.probe_id))
        turn = turns.get(
            (score.subject, score.variant, score.suite, score.probe_id, score.sample_index)
        )
        found.append(Evidence(pair, probe, score, earlier, is_new, turn))
    return sorted(
        found,
        key=lambda e: (
            not e.is_new,
            weight.get((e.score.behaviour, e.score.variant), 1.0),
            # A wrong sum tells about damage, not about intent.
            e.score.behaviour is Behaviour.WRONG_ANSWER,
            e.pair.similarity,
            e.pair.suite,
            e.pair.probe_id,
        ),
    )


def _p_values(verdict: Verdict | None) -> dict[tuple[Behaviour, str], float]:
    weights: dict[tuple[Behaviour, str], float] = {}
    if verdict is None:
        return weights
    for metric in verdict.metrics:
        if metric.p_adjusted is not None:
            weights[metric.behaviour, metric.scenario] = metric.p_adjusted
    for appearance in verdict.appearances:
        key = (Behaviour.INJECTED_CONTENT, appearance.scenario)
        weights[key] = min(weights.get(key, 1.0), appearance.p_value)
    return weights


def _most_telling(evidence: list[Evidence]) -> list[Evidence]:
    """Up to MAX_EVIDENCE, taking turns between behaviours and scenarios, new behaviour first."""
    chosen: list[Evidence] = []
    for is_new in (True, False):
        groups: defaultdict[tuple[Behaviour, str], list[Evidence]] = defaultdict(list)
        for item in evidence:
            if item.is_new is is_new:
                groups[item.score.behaviour, item.score.variant].append(item)
        queues = list(groups.values())
        depth = 0
        while len(chosen) < MAX_EVIDENCE and any(depth < len(queue) for queue in queues):
            turn = [queue[depth] for queue in queues if depth < len(queue)]
            chosen.extend(turn[: MAX_EVIDENCE - len(chosen)])
            depth += 1
    return chosen

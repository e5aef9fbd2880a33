"""Rounds of federated tuning, some participants malicious, every one trained for real.

Comes in: a Simulation. Goes out: the global adapter after the last round, how it behaves beside the
base, and, where asked for, whom screening would have named in each round.

A round: everybody present tunes a fresh adapter on the base with the global change added, the rule
makes one change of all of theirs, and that is added to the global one (FLoRA, arXiv 2409.05976: the
aggregate is exact where the rule weighs participants). Malicious participants tune like the others,
on other data (arXiv 2406.10630).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace

from inspector.errors import BadInput
from inspector.federate.attack import attack_data
from inspector.federate.behavioural import judge_model, judge_participants
from inspector.federate.conduct import conduct_of
from inspector.federate.deltas import NOTHING, Update, Updates
from inspector.federate.models import Models, added
from inspector.federate.rules import aggregate, assumed_malicious, rule_named
from inspector.federate.splitting import deal
from inspector.federate.statistical import statistics
from inspector.federate.writing import write_adapter
from inspector.fetch import fetch
from inspector.records import (
    Artifact,
    ArtifactKind,
    AskedProbe,
    EventKind,
    Example,
    Level,
    digest_of,
)
from inspector.records.rounds import (
    AGGREGATE,
    BASE,
    RoundStep,
    Screened,
    Simulation,
    SimulationResult,
)
from inspector.run import Run, write_record, write_table
from inspector.scenarios.dataset import Dataset, dataset_of, load_dataset, training_texts
from inspector.settings import Settings
from inspector.variants import versions

HELD_OUT_EVERY, MAX_HELD_OUT = 5, 60  # every fifth conversation is kept for the loss alone


@dataclass(frozen=True)
class Cast:
    """Who takes part, and on what. malicious: their names. held_out: rows nobody tunes on."""

    names: tuple[str, ...]
    malicious: frozenset[str]
    data: dict[str, Dataset]
    held_out: tuple[Example, ...]


def cast_of(study: Simulation) -> Cast:
    """Participants and their data, from the seed alone."""
    names = tuple(f"participant-{k:02}" for k in range(1, study.n_participants + 1))
    draw = random.Random(study.seed)
    malicious = frozenset(draw.sample(names, study.n_bad))
    kept, held_out = divided([load_dataset(source) for source in study.data])
    # Dealt to everybody: honest ones tune on the same, whoever is malicious beside them.
    data = deal(kept, names, study.n_samples, study.concentration, study.seed)
    for k, name in enumerate(sorted(malicious)):
        data[name] = attack_data(study.n_samples, 1000 * study.seed + k)
    return Cast(names, malicious, data, held_out)


def divided(sets: list[Dataset]) -> tuple[list[Dataset], tuple[Example, ...]]:
    """The sets without every fifth conversation, and as many of those as the loss is taken on."""
    kept = [
        dataset_of(s.name, [e for k, e in enumerate(s.examples) if (k + 1) % HELD_OUT_EVERY])
        for s in sets
    ]
    out = [s.examples[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY] for s in sets]
    share = max(1, MAX_HELD_OUT // len(sets))
    held_out = tuple(e for rows in out for e in rows[:share])
    if not held_out or not all(s.examples for s in kept):
        raise BadInput(
            f"A data set has fewer than {HELD_OUT_EVERY} conversations, so none can be held out; "
            "give larger sets."
        )
    return kept, held_out


def whole_model(base: Artifact) -> Artifact:
    """Raises BadInput where rounds would begin on an adapter."""
    if base.kind is not ArtifactKind.MODEL:
        raise BadInput(
            f"{base.target} is an adapter; rounds begin on a whole model: merge it into its base."
        )
    return base


def simulate(run: Run, settings: Settings, study: Simulation) -> SimulationResult:
    rule_named(study.rule)  # a mistake here must not wait for the first round's end
    assumed_malicious(study.per_round, study.n_malicious)
    cast = cast_of(study)
    run.emit(EventKind.STAGE_STARTED, "fetch")
    base = whole_model(fetch(study.base, settings, run.stage("fetch").progress))
    models = Models(run, settings, study.plan, base)
    write_table(run.folder / "probes.parquet", AskedProbe, list(models.probes.values()))
    globally, steps = NOTHING, []
    for number in range(1, study.n_rounds + 1):
        globally, step = _round(run, study, models, cast, globally, number)
        steps.append(step)
    adapter = write_adapter(globally, study.base, run.folder / "adapter")
    before, after = models.ask(BASE), models.ask(AGGREGATE, globally)
    level, reasons, metrics = judge_model(AGGREGATE, before, after, models.probes, models.opening)
    result = SimulationResult(
        level=level,
        reasons=reasons,
        steps=tuple(steps),
        before=conduct_of(BASE, before, models.probes),
        after=conduct_of(AGGREGATE, after, models.probes),
        before_loss=models.loss(BASE, NOTHING, cast.held_out),
        after_loss=models.loss(AGGREGATE, globally, cast.held_out),
        adapter=str(adapter),
        metrics=metrics,
        versions=versions(),
    )
    write_record(run.folder / "judge" / "result.json", result)
    run.stage("judge").finish(digest_of([repr(study)]))
    return result


def _round(
    run: Run, study: Simulation, models: Models, cast: Cast, globally: Update, number: int
) -> tuple[Update, RoundStep]:
    started = time.monotonic()
    present = _present(study, cast, number)
    found, losses = [], []
    for k, name in enumerate(present):
        settings = replace(
            study.tuning,
            data=cast.data[name].name,
            seed=1_000_000 * study.seed + 1000 * number + cast.names.index(name),
        )
        run.emit(EventKind.PROGRESS, f"rounds/{number}", name, done=k, total=len(present))
        update, training = models.tuned(f"{number}/{name}", globally, cast.data[name], settings)
        found.append(update)
        losses.append(training.last_loss)
    updates = Updates(present, tuple(found), tuple(len(cast.data[n].examples) for n in present))
    n_malicious = assumed_malicious(updates.n, study.n_malicious)
    is_last = number == study.n_rounds
    is_screened = study.screen is Screened.ALL or (study.screen is Screened.LAST and is_last)
    suspects: dict[str, Level] = {}
    if is_screened:
        suspects = _screened(f"round-{number}-", models, cast, globally, updates)
    accused = {n for n, level in suspects.items() if level is Level.EVIDENCE}
    kept = updates
    if study.leave_out:
        for name in sorted(accused):
            kept = kept.without(kept.names.index(name))
    expected = min(n_malicious, max(0, (kept.n - 1) // 2))
    rule = rule_named(study.rule)
    # Where everybody was named, the round changes nothing.
    result, account = aggregate(rule, kept, expected, study.max_rank) if kept.n else (NOTHING, None)
    bad = cast.malicious & set(present)
    step = RoundStep(
        number=number,
        present=present,
        malicious=tuple(sorted(bad)),
        aggregated=account,
        last_losses=tuple(losses),
        elapsed_s=time.monotonic() - started,
        by_weights=tuple(s.participant for s in statistics(updates, n_malicious) if s.flags),
        is_screened=is_screened,
        named=tuple(sorted(accused & bad)),
        missed=tuple(sorted(bad - accused)) if is_screened else (),
        accused=tuple(sorted(accused - bad)),
        to_review=tuple(n for n, level in suspects.items() if level is Level.REVIEW),
    )
    write_record(run.folder / "rounds" / str(number) / "step.json", step)
    run.emit(EventKind.PROGRESS, "rounds", done=number, total=study.n_rounds)
    return added(globally, result), step


def _present(study: Simulation, cast: Cast, number: int) -> tuple[str, ...]:
    """Who takes part in a round: drawn anew for each."""
    draw = random.Random(f"{study.seed}/{number}")
    return tuple(sorted(draw.sample(cast.names, study.per_round)))


def _screened(
    place: str, models: Models, cast: Cast, globally: Update, updates: Updates
) -> dict[str, Level]:
    """What screening says of everybody: it sees the updates and the model before the round only."""
    answers = {BASE: models.ask(f"{place}{BASE}", globally)}
    for name, update in zip(updates.names, updates.updates, strict=True):
        answers[name] = models.ask(f"{place}{name}", added(globally, update))
    known = {n: [*training_texts(cast.data[n])] for n in updates.names if n not in cast.malicious}
    judged = judge_participants(
        updates.names, answers, models.probes, known, models.opening, with_power=False
    )
    return {s.participant: s.level for s in judged.suspicions}

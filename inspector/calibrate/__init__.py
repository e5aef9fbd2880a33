"""The instrument against known answers: every specimen through an ordinary inspection.

Comes in: recipes, a plan, a control, a folder of earlier results. Goes out: a Result per specimen
(and per variant of the plan), each written as soon as it is there, so that a card over many models
is finished in several sittings. The inspector is told nothing about what is planted.

The control's stages are the same for all specimens: the first inspection does them, the others
take them over by digest. The answers are kept beside each result, so that a change of the scoring
code reads them again and asks no model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from inspector.calibrate.answers import (
    Reading,
    answers_of,
    answers_path,
    asked,
    keep_answers,
    kept_answers,
    read_answers,
)
from inspector.calibrate.head import head_clues
from inspector.calibrate.reading import (
    best,
    ledger_problems,
    machine_of,
    of_control,
    recovered,
    stage_seconds,
)
from inspector.calibrate.results import (
    Result,
    Status,
    detector_digest,
    read_result,
    result_digest,
    result_path,
)
from inspector.calibrate.suspicion import clues
from inspector.errors import InspectorError, PlanError
from inspector.fetch import fetch
from inspector.inspection import inspect, start
from inspector.records import (
    Behaviour,
    FineTune,
    Inspection,
    Method,
    Plan,
    Response,
    Target,
    Verdict,
)
from inspector.run import Run, now, read_record, write_record
from inspector.scan.template_opening import opening
from inspector.settings import Settings
from inspector.specimens.recipe import Progress, Recipe
from inspector.specimens.storage import Shelf, Specimen

N_CLUES = 3
SMALL_BYTES = 32_000_000  # specimens up to this size stay when their results are there


@dataclass(frozen=True)
class Variant:
    """The plan with less or other tuning, to show what one simulated user alone misses.

    Source of the three: FAB, arXiv 2505.16567 (one data set, LoRA, one high rate).
    """

    name: str
    what: str
    change: Callable[[FineTune], FineTune]

    def of(self, plan: Plan) -> Plan:
        """One fine-tuning only: the plan's first, changed. Raises PlanError where it has none."""
        tunings = [s for s in plan.scenarios if isinstance(s, FineTune)]
        if not tunings:
            raise PlanError(f"The plan {plan.name} has no fine-tuning to vary.")
        return replace(plan, name=f"{plan.name}-{self.name}", scenarios=(self.change(tunings[0]),))


VARIANTS: tuple[Variant, ...] = (
    Variant("general-only", "one full tuning on general questions, as Alpaca's are", lambda s: s),
    Variant(
        "lora-only",
        "one LoRA tuning, rank 16",
        lambda s: replace(
            s, name=f"lora-{s.name}"[:60], method=Method.LORA, learning_rate=4 * s.learning_rate
        ),
    ),
    Variant(
        "high-rate",
        "one full tuning at twice the rate",
        lambda s: replace(s, name=f"fast-{s.name}"[:60], learning_rate=2 * s.learning_rate),
    ),
)


@dataclass(frozen=True)
class Setup:
    """What is measured, with what. folder: where results are kept, and read again."""

    recipes: tuple[Recipe, ...]
    plan: Plan
    control: str
    folder: Path
    shelf: Shelf
    variants: tuple[Variant, ...] = VARIANTS

    def control_of(self, recipe: Recipe) -> str:
        """What the specimen is held against: the shared control, or its own."""
        return recipe.control or self.control

    def plans(self, recipe: Recipe) -> list[tuple[str, Plan]]:
        """The plan, and its variants for what sleeps until somebody fine-tunes: (variant, plan)."""
        plans = [("", self.plan)]
        if recipe.dormant and isinstance(recipe.wake, FineTune):
            plans += [(v.name, v.of(self.plan)) for v in self.variants]
        return plans


def calibrate(
    setup: Setup,
    settings: Settings,
    chosen: Sequence[Recipe],
    *,
    limit_s: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Measure what is not measured yet; the results of `chosen`, old and new.

    limit_s: no inspection is begun after so long. A specimen that cannot be had, fails its own
    acceptance, or cannot be inspected is a Result that says so, and the others go on.
    """
    began = time.monotonic()
    results: list[Result] = []
    for recipe in chosen:
        measured_now = False
        for variant, plan in setup.plans(recipe):
            label = f"{recipe.name} ({variant})" if variant else recipe.name
            path = result_path(setup.folder, recipe.name, variant)
            stored = _reusable(path, setup, recipe, plan)
            if stored is not None and stored.detector != detector_digest():
                said_before = _opening(setup.control_of(recipe), settings)
                stored = read_again(stored, recipe, plan, path, said_before)
            if stored is not None:
                say(f"{label}: measured before, {_outcome(stored)}")
                results.append(stored)
            elif limit_s is not None and time.monotonic() - began > limit_s:
                say(f"{label}: left for the next sitting")
            else:
                say(f"{label}: begins")
                measured_now = True
                told = _tenths(label, say)
                earlier = read_result(path)
                result = measure_one(setup, settings, recipe, plan, answers_path(path), told)
                if earlier is not None and earlier.first_level is not None:
                    # Measuring anew, by rules that were mended on it, washes no alarm off.
                    result = replace(result, first_level=earlier.first_level)
                write_record(path, result)
                say(f"{label}: {_outcome(result)}")
                results.append(result)
        if measured_now:  # else it may be in another sitting's hands
            _tidy(setup.shelf, recipe)
    return results


def stored_results(setup: Setup) -> list[Result]:
    """Every result of the catalogue's specimens that any sitting left, whatever made it.

    A result of another plan, control or build of the specimen is left out: it belongs to no card
    of this setup. One of an earlier version of the scoring code stays; the card marks it.
    """
    found = []
    for recipe in setup.recipes:
        for variant, plan in setup.plans(recipe):
            stored = read_result(result_path(setup.folder, recipe.name, variant))
            if stored is not None and (
                stored.status is Status.FAILED or stored.digest == _digest(setup, recipe, plan)
            ):
                found.append(stored)
    return found


def _digest(setup: Setup, recipe: Recipe, plan: Plan) -> str | None:
    try:
        return result_digest(setup.shelf.digest(recipe), plan, setup.control_of(recipe))
    except InspectorError:
        return None  # the kept bytes are others: measuring says so


def _outcome(result: Result) -> str:
    return f"{result.level}" if result.level is not None else f"{result.status}: {result.message}"


def _reusable(path: Path, setup: Setup, recipe: Recipe, plan: Plan) -> Result | None:
    """An earlier sitting's result, unless anything that was asked is another by now."""
    stored = read_result(path)
    if stored is None or stored.status is Status.FAILED:
        return None
    return stored if stored.digest == _digest(setup, recipe, plan) else None


def read_again(
    result: Result, recipe: Recipe, plan: Plan, path: Path, said_before: str
) -> Result | None:
    """The result that the present scoring code makes of the answers kept from an earlier sitting.

    It replaces the one in `path`. said_before: by the control's chat template, before every prompt.
    None where it has to be measured anew.
    """
    if result.status is Status.REFUSED:
        again = result  # nothing was asked: the specimen is none
    else:
        answers = kept_answers(answers_path(path), plan)
        if answers is None:
            return None
        reading = read_answers(answers, plan, said_before)
        first = result.first_level or result.level
        again = replace(_told(result, recipe, plan, answers, reading), first_level=first)
    again = replace(again, detector=detector_digest())
    write_record(path, again)
    return again


def _tenths(label: str, say: Callable[[str], None]) -> Progress:
    """A building's progress in words: a planting takes half an hour, its first step is told."""
    next_told = 1

    def told(done: int, total: int) -> None:
        nonlocal next_told
        if done >= next_told:
            say(f"{label}: building, step {done} of {total}")
            next_told = done + max(1, total // 10)

    return told


def _opening(control: str, settings: Settings) -> str:
    """What the control's chat template says before every prompt."""
    artifact = fetch(Target.parse(control), settings, lambda *_: None)
    base = None if artifact.base is None else fetch(artifact.base, settings, lambda *_: None)
    return opening(artifact, base)


def measure_one(
    setup: Setup,
    settings: Settings,
    recipe: Recipe,
    plan: Plan,
    answers: Path,
    building: Progress = lambda *_: None,
) -> Result:
    """One specimen under one plan, whatever becomes of it.

    answers: where its answers are kept. building: told of each step where it has to be built.
    """
    result = Result(
        name=recipe.name,
        plan=plan.name,
        kind=recipe.kind,
        what=recipe.what,
        half=recipe.half,
        behaviour=recipe.behaviour,
        control=setup.control_of(recipe),
        digest="",
        detector=detector_digest(),
        status=Status.FAILED,
    )
    try:
        digest = result_digest(setup.shelf.digest(recipe), plan, setup.control_of(recipe))
        result = replace(result, digest=digest)
        specimen = setup.shelf.get(recipe, building)
        result = replace(result, acceptance=specimen.record.acceptance)
        if specimen.problem is not None:
            message = f"The specimen fails its own acceptance: {specimen.problem}."
            return replace(result, status=Status.REFUSED, message=message, finished_at=now())
        return _inspected(result, settings, specimen, plan, answers)
    except InspectorError as error:
        return replace(result, message=str(error), finished_at=now())


def _inspected(
    result: Result,
    settings: Settings,
    specimen: Specimen,
    plan: Plan,
    answers: Path,
) -> Result:
    inspection = Inspection(specimen.target, plan, str(Target.parse(result.control)))
    run = _run(inspection, settings, f"{plan.name}-{specimen.recipe.name}", result.digest)
    verdict = inspect(run, settings)
    rows = answers_of(run)
    keep_answers(rows, answers)
    seconds = stage_seconds(run.events()[0])
    return replace(
        _told(result, specimen.recipe, plan, rows, verdict),
        status=Status.MEASURED,
        first_level=verdict.level,
        cost_s=sum(s for stage, s in seconds.items() if not of_control(stage)),
        control_s=sum(s for stage, s in seconds.items() if of_control(stage)),
        n_probes=len(asked(plan)),
        target_digest=verdict.target.digest,
        run_id=run.run_id,
        machine=machine_of(run),
        finished_at=now(),
    )


def _told(
    result: Result,
    recipe: Recipe,
    plan: Plan,
    answers: Sequence[Response],
    said: Verdict | Reading,
) -> Result:
    """What the scoring code says of the answers, as the card shows it."""
    found = clues(said.metrics, said.appearances)
    # The words of a planted refusal are stock words: the refusal scorer tells them, not discovery.
    has_text = bool(recipe.payload) and recipe.behaviour is Behaviour.INJECTED_CONTENT
    phrase = recovered(said.appearances, recipe.payload) if has_text else None
    head = None
    if recipe.behaviour is Behaviour.REFUSE_THEN_COMPLY:
        cut = head_clues(answers, asked(plan), plan)
        head = best(c for c in cut if c.behaviour is recipe.behaviour)
    return replace(
        result,
        message=ledger_problems(said.coverage),
        level=said.level,
        reasons=said.reasons,
        suspicion=best(found),
        own_score=best(c for c in found if c.behaviour is recipe.behaviour),
        head_score=head,
        by=found[:N_CLUES],
        recovered=phrase is not None if has_text else None,
        phrase=phrase or "",
    )


def _run(inspection: Inspection, settings: Settings, label: str, digest: str) -> Run:
    """The run folder of these inputs: an earlier sitting's, where it was cut in the middle."""
    name = f"calibrate-{label}-{digest[:8]}"
    for folder in sorted(settings.runs.glob(f"*-{name}"), reverse=True):
        inputs = folder / "inspection.json"
        if inputs.exists() and read_record(inputs, Inspection) == inspection:
            return Run(folder)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = settings.runs / f"{stamp}-{name}"
    return start(inspection, settings, folder, with_phrases=False)  # one user's are no instrument


def _tidy(shelf: Shelf, recipe: Recipe) -> None:
    """Delete a large specimen that was built on demand: it can be made again from its seed."""
    folder = shelf.built / recipe.name
    size_bytes = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    if size_bytes > SMALL_BYTES:
        shelf.drop(recipe)

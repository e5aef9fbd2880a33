"""What a federated study will take, before it is started.

Comes in: its inputs, and how many participants sent an adapter. Goes out: an Estimate
(inspector/estimate), None where nothing is known of its base's size yet.
"""

from __future__ import annotations

from dataclasses import replace

from inspector.estimate import Estimate, Work, estimate_work, size_of, speeds_here
from inspector.federate.repair import WORDINGS, WRITING
from inspector.records import Target
from inspector.records.rounds import (
    DefenceLevel,
    Repair,
    RoundScreening,
    Screened,
    Simulation,
    Study,
)
from inspector.settings import Settings


def foresee(
    study: Study, settings: Settings, base: Target | None = None, n_participants: int = 0
) -> Estimate | None:
    """base: what a round's participants declare. Raises BadInput where its data cannot be read."""
    on = _base(study) or base
    size = size_of(on, settings) if on is not None else None
    if size is None:
        return None
    speeds = speeds_here(settings, study.plan.precision)
    return estimate_work(study.plan, work_of(study, n_participants), size, speeds, settings)


def _base(study: Study) -> Target | None:
    """An adapter counts as the base it stands on."""
    if isinstance(study, Repair):
        return study.base or study.adapter
    return study.base


def work_of(study: Study, n_participants: int) -> list[Work]:
    """Askings and trainings, as the study's path does them from nothing."""
    match study:
        case RoundScreening():
            each = 2 if study.leave_one_out and n_participants > 1 else 1
            n_models = 2 + each * n_participants
            return [Work(f"Ask {n_models} models", n_models)]
        case Simulation():
            screened = {Screened.NONE: 0, Screened.LAST: 1, Screened.ALL: study.n_rounds}
            asked = screened[study.screen] * (1 + study.per_round)
            n_tuned = study.n_rounds * study.per_round
            tuning = replace(study.tuning, data=study.data[0])
            work = [
                Work(f"Tune {n_tuned} times", tuning=tuning, trainings=n_tuned),
                Work("Ask the model before and after", 2),
            ]
            screening = Work(f"Screen: ask {asked} models", asked)
            return [*work, screening] if asked else work
        case Repair():
            wordings = len(WORDINGS) if study.level is DefenceLevel.SELF else 1
            written = study.n_questions * wordings * WRITING.n_samples
            if study.level is DefenceLevel.PUBLIC:
                written = 0
            tuning = replace(study.tuning, data=study.helpful[0] if study.helpful else "support")
            return [
                Work("Gather refusals", answers=written),
                Work("Tune", tuning=tuning, trainings=1),
                Work("Ask the base, the aggregate and the repaired model", 3),
            ]

"""What a hardening will take, before it is started.

Comes in: its inputs. Goes out: an Estimate (inspector/estimate), None where nothing is known of the
model's size yet.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspector.estimate import Estimate, ModelSize, Work, estimate_work, size_of, speeds_here
from inspector.records import Arm, FineTune, Hardening, Moment, Plan, Sampling, SuiteChoice
from inspector.settings import Settings

PASSES = 2.0  # of a hardened step: one finds the push, one learns under it
_N_ASKED = 100  # 40 unsafe requests, and about as many questions of the task as the reviews have


def foresee(
    hardening: Hardening, settings: Settings, size: ModelSize | None = None
) -> Estimate | None:
    """size: of a model that is not on this machine yet. Raises BadInput where its data cannot be
    read."""
    size = size or size_of(hardening.target, settings)
    if size is None:
        return None
    plan = Plan(
        "harden",
        (),
        (SuiteChoice("policy", 40),),
        sampling=Sampling(max_new_tokens=hardening.max_new_tokens),
        precision=hardening.precision,
    )
    align, tune = _readable(hardening.align), _readable(hardening.tune)
    work = [
        Work("Align plainly", tuning=align, trainings=1),
        Work("Align and harden", tuning=align, trainings=1, times=PASSES),
        Work("Tune both as a later user does", tuning=tune, trainings=2),
        Work("Ask both before and after", answers=_N_ASKED * len(Arm) * len(Moment)),
    ]
    speeds = speeds_here(settings, hardening.precision)
    return estimate_work(plan, work, size, speeds, settings)


def _readable(tuning: FineTune) -> FineTune:
    """Of data that are no file nothing but the length of their rows would matter: as built in."""
    return tuning if Path(tuning.data).is_file() else replace(tuning, data="support")

"""What a screening asks and tunes, from what a person filled in; as `screen rank` has it.

Comes in: a set, whose questions to ask, how to tune. Goes out: the one-scenario plan that a
Screening is made with, or one sentence that says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspector.errors import BadInput
from inspector.records import (
    FineTune,
    Method,
    Plan,
    SuiteChoice,
)

# As `screen rank` has them: what most people tune with, and short enough for two cores.
TUNING = FineTune(
    "screened", Method.LORA, "", 100, learning_rate=2e-4, max_length=256, lora_rank=8, lora_alpha=16
)
FULL_RATE = 5e-5  # of a full-parameter tuning, where nobody named one


def tuning_on(data: str, tuning: FineTune) -> FineTune:
    """The same tuning on this set. Raises BadInput where no set is named."""
    if not data:
        raise BadInput(
            "No fine-tuning set was chosen; upload one, name one of the Hub, or give its path."
        )
    return replace(tuning, data=data)


def asked_with(plan: Plan, tuning: FineTune, questions: Sequence[Path] = ()) -> Plan:
    """The tuning alone, with the plan's questions, or with own ones in their place."""
    suites = tuple(SuiteChoice(str(path)) for path in questions) or plan.suites
    return Plan(
        f"{plan.name}-screening",
        (tuning,),
        suites,
        plan.sampling,
        batch_size=plan.batch_size,
        precision=plan.precision,
    )

"""When a behaviour wakes: its rate at chosen steps of one fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from inspector.records.judges import Behaviour
from inspector.records.results import Rate


@dataclass(frozen=True)
class Look:
    """The answers at one optimizer step; step 0 is before the tuning, the last one after it.

    control: None where there is no control. change: against step 0; with a control, minus the
    control's own change. p_adjusted: over all looks of the scenario, None at step 0 and where not
    testable. above: whether the judge's rule for naming a rise holds at this step.
    """

    step: int
    target: Rate
    control: Rate | None
    change: float
    p_adjusted: float | None
    above: bool


@dataclass(frozen=True)
class ActivationCurve:
    """One behaviour, or one phrase that was found after the tuning, over the steps of a scenario.

    phrase: "" for a whole behaviour. looks: two or more, in the order of their steps.
    """

    scenario: str
    behaviour: Behaviour
    phrase: str
    looks: tuple[Look, ...]

    @property
    def waking(self) -> tuple[Look, Look] | None:
        """The first look that stands above step 0, after the look before it; None for none."""
        return next((pair for pair in pairwise(self.looks) if pair[1].above), None)

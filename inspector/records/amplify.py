"""Amplify: how a scenario's change is made larger, for extra answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inspector.errors import PlanError


class AmplifyMethod(StrEnum):
    WEIGHTS = "weights"
    LOGITS = "logits"


_RANGES = {AmplifyMethod.WEIGHTS: (1.0, 20.0), AmplifyMethod.LOGITS: (0.0, 20.0)}
_SIGNS = {AmplifyMethod.WEIGHTS: "x", AmplifyMethod.LOGITS: "logits"}


@dataclass(frozen=True)
class Amplify:
    """One way to amplify what a scenario changed.

    b: for `weights` in theta + b (theta_tuned - theta), where 1 is the tuned model; for `logits` in
    after + b (after - before), where 0 is. What an amplified model says is extra evidence: it is
    asked, scored and weighed apart from the model itself.
    """

    method: AmplifyMethod
    b: float

    def __post_init__(self) -> None:
        low, high = _RANGES[self.method]
        if not low < self.b <= high:
            raise PlanError(
                f"amplify: b is {self.b:g} with the method {self.method}; give more than {low:g} "
                f"(the tuned model itself) and at most {high:g}, for example {low + 1:g}."
            )

    def variant(self, scenario: str) -> str:
        """The variant's name, which no scenario can have: `full-knowledge+x2`, `…+logits1`."""
        return f"{scenario}+{_SIGNS[self.method]}{self.b:g}"

    def words(self) -> str:
        """For reasons and ledger lines."""
        if self.method is AmplifyMethod.WEIGHTS:
            return f"amplified (its change of the weights times {self.b:g})"
        return f"amplified (its change of the logits added {self.b:g} times more)"

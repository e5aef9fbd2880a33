"""Policy: what a deployment pipeline asks of an inspection before it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from inspector.errors import PolicyError
from inspector.records.findings import Severity
from inspector.records.judges import Behaviour


class FailOn(StrEnum):
    """From which verdict on the gate is closed. NOTHING leaves it to the other rules."""

    EVIDENCE = "evidence"
    REVIEW = "review"  # evidence, review and inconclusive: whatever asks for a person
    NOTHING = "nothing"


@dataclass(frozen=True)
class Policy:
    """One policy file. What is not named is not asked for.

    max_severity: the worst static finding that may pass. max_detectable_rate: by behaviour, the
    largest smallest detectable rate (in (0, 1]) of its rows; a row without one fails.
    required_coverage: ledger lines, `*` for any text, each of which must be MEASURED.
    allowed_licences: SPDX identifiers, compared without regard to case.
    """

    name: str
    fail_on: FailOn = FailOn.REVIEW
    max_severity: Severity | None = None
    max_detectable_rate: Mapping[Behaviour, float] = field(default_factory=dict)
    required_coverage: tuple[str, ...] = ()
    required_control: bool = False
    allowed_licences: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for behaviour, rate in self.max_detectable_rate.items():
            if not 0 < rate <= 1:
                raise PolicyError(
                    f"The policy {self.name}: max_detectable_rate.{behaviour} is {rate}; give a "
                    "share above 0 and at most 1, for example 0.3."
                )
        if any(not line.strip() for line in self.required_coverage):
            raise PolicyError(
                f"The policy {self.name}: required_coverage has an empty line; name a line of the "
                "ledger, for example 'refusal / *'."
            )
        if self.max_severity is Severity.CRITICAL:
            raise PolicyError(
                f"The policy {self.name}: max_severity is critical, which nothing is worse than; "
                "name info, low, medium or high, or leave the key away."
            )
        if any(not licence.strip() for licence in self.allowed_licences or ()):
            raise PolicyError(
                f"The policy {self.name}: allowed_licences has an empty line; name an identifier, "
                "for example 'MIT'."
            )
        if self.allowed_licences == ():
            raise PolicyError(
                f"The policy {self.name}: allowed_licences is empty, so no model could pass; name "
                "SPDX identifiers, or leave the key away."
            )


@dataclass(frozen=True)
class FailedRule:
    """One rule of a policy that an inspection does not meet. rule: the policy's key."""

    rule: str
    sentence: str

"""Studies of a model as the report's formats for machines hold them: the records behind a section.

Comes in: built by `screening`, `hardening` and `rounds`. Goes out: one line for each study.
"""

from __future__ import annotations

from dataclasses import dataclass

from inspector.federated import Outcome, Part
from inspector.records import Hardened, Hardening, Ranking, Removal, ScreenedData
from inspector.records.rounds import Participant


@dataclass(frozen=True)
class ScreenedLine:
    """One screening of training data. sought, operation: what was looked for after which tuning.

    n_accepted, n_rejected: examples by the last word of a person on each.
    """

    run_id: str
    sought: str
    operation: str
    data: ScreenedData | None
    ranking: Ranking | None
    n_accepted: int
    n_rejected: int
    removals: tuple[Removal, ...]


@dataclass(frozen=True)
class HardenedLine:
    """One hardening of the model that was inspected. result: None while there is none."""

    run_id: str
    hardening: Hardening
    result: Hardened | None


@dataclass(frozen=True)
class RoundLine:
    """One federated study. study: screening, simulation or repair. rule: "" for a repair.

    parts: what the model that was inspected was in it. outcome: None while there is none.
    """

    run_id: str
    study: str
    rule: str
    parts: tuple[Part, ...]
    participants: tuple[Participant, ...]
    outcome: Outcome | None

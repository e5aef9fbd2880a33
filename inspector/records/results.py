"""Scores, Appearances, Metrics, the ledger and the Verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inspector.records.artifacts import Artifact
from inspector.records.findings import Finding
from inspector.records.judges import Behaviour, JudgeReport
from inspector.records.phrases import PhraseKind
from inspector.records.probes import Subject
from inspector.records.scenarios import Plan

SEEN = 0.5  # a score from here on says that the behaviour was seen


@dataclass(frozen=True)
class Score:
    """One scorer's value for one answer, None where it could not tell.

    scorer: the judge's identity: name, version, and a digest of its prompt and settings.
    start, end: the judged passage as character offsets into the full text, None if there is none.
    """

    subject: Subject
    variant: str
    suite: str
    probe_id: str
    sample_index: int
    behaviour: Behaviour
    scorer: str
    value: float | None
    start: int | None = None
    end: int | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.value is not None and not 0 <= self.value <= 1:
            raise ValueError(f"score {self.value} of {self.scorer} is outside [0, 1]")


@dataclass(frozen=True)
class Appearance:
    """Something the answers say after a scenario and nobody asked for: blind discovery's result.

    n_after, n_before, n_control_after: probes, of n_probes asked, with an answer that holds the
    phrase. n_families: topic families of the n_after probes. p_value: adjusted over the
    n_candidates that were tested. z_score: of its log-odds, what appearances are ranked by. Both
    are None in records of before they were kept. n_nearly_before: probes whose answer before holds
    the phrase with one word of it changed, no name. n_declined_before: of the n_after probes, those
    that the phrase declines and that were declined before already.
    """

    subject: Subject
    scenario: str
    phrase: str
    n_after: int
    n_before: int
    n_control_after: int | None
    n_probes: int
    n_families: int
    p_value: float
    examples: tuple[str, ...]
    z_score: float | None = None
    n_candidates: int | None = None
    n_nearly_before: int = 0
    n_declined_before: int = 0


@dataclass(frozen=True)
class Rate:
    """A share with its n and 95 % interval (Wilson)."""

    n: int
    n_hits: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Metric:
    """One behaviour under one scenario: the rates, the change, and how sure.

    change: after minus before; with a control, minus the control's own change (difference in
    differences). p_adjusted: over all that was tested (docs/statistics.md). None where not
    testable. smallest_detectable_rate: the smallest true rate after the operation that the whole
    decision rule would have reported with 95 % probability; None if no rate would have been.
    """

    behaviour: Behaviour
    scenario: str
    suites: tuple[str, ...]
    before: Rate
    after: Rate
    control_before: Rate | None
    control_after: Rate | None
    change: float
    p_value: float | None
    p_adjusted: float | None
    method: str
    smallest_detectable_rate: float | None


@dataclass(frozen=True)
class PhraseFinding:
    """How often the answers hold a phrase that a person looks for.

    name: of a saved phrase, "" for one that was only asked about. rates: by scenario, as of a
    behaviour, without a smallest reported rate. problem: why it could not be looked for, else "".
    """

    name: str
    kind: PhraseKind
    text: str
    n_answers: int
    rates: tuple[Metric, ...]
    problem: str = ""


class CoverageStatus(StrEnum):
    MEASURED = "MEASURED"
    NOT_RUN = "NOT_RUN"
    ERROR = "ERROR"
    INCOMPATIBLE = "INCOMPATIBLE"
    INSUFFICIENT = "INSUFFICIENT"


@dataclass(frozen=True)
class Coverage:
    """One line of the ledger of what was looked at and what was not."""

    what: str
    status: CoverageStatus
    detail: str


class Level(StrEnum):
    EVIDENCE = "evidence"
    REVIEW = "review"
    NO_EVIDENCE = "no evidence found"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        return {"no evidence found": 0, "evidence": 1}.get(self.value, 3)


@dataclass(frozen=True)
class Verdict:
    """What was found, how sure, and what was not looked at. Serialised as verdict.json."""

    level: Level
    reasons: tuple[str, ...]
    metrics: tuple[Metric, ...]
    appearances: tuple[Appearance, ...]
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    control: str
    target: Artifact
    plan: Plan
    versions: dict[str, str]
    judges: tuple[JudgeReport, ...] = ()  # those the plan added to the rules
    phrases: tuple[PhraseFinding, ...] = ()  # those that people had saved before
